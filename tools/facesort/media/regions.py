"""Whole-pixel regions of an image around a face, cut so that everything stays aligned.

A head is the face's box grown to four times its width and height around its centre, as in the
RetinaFace system this follows; at the border both are cut, and what is asked of one in pixels of
the other is still true there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import clip_xyxy, grow_xyxy

HEAD_SCALE = 4.0
Region = tuple[int, int, int, int]  # left, top, right, bottom: edges, so width = right - left


def whole_px(xyxy_px: ArrayLike, size_wh: tuple[int, int]) -> Region:
    """The nearest region of whole pixels inside the image, at least one pixel large."""
    box = np.round(clip_xyxy(xyxy_px, size_wh)[0]).astype(int)
    left, top = np.minimum(box[:2], np.array(size_wh) - 1)
    right, bottom = np.maximum(box[2:], [left + 1, top + 1])
    return int(left), int(top), int(right), int(bottom)


def head_of(xyxy_px: ArrayLike, size_wh: tuple[int, int], head_scale: float = HEAD_SCALE) -> Region:
    """The head around a face's box, cut at the border of the image; it contains the face."""
    return whole_px(grow_xyxy(xyxy_px, head_scale), size_wh)


def within(region: Region, outer: Region) -> Region:
    """``region`` in the pixels of ``outer``."""
    dx, dy = outer[:2]
    return region[0] - dx, region[1] - dy, region[2] - dx, region[3] - dy


def cut(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """That part of an image (h, w) or (h, w, 3), without a copy."""
    left, top, right, bottom = region
    return image[top:bottom, left:right]
