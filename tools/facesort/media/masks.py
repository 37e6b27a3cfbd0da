"""Regions in whole pixels around a face, and the masks of face and head, aligned to the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import clip_xyxy, grow_xyxy
from facesort.models.segment.segmenter import Segment

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


WHITE = 255


@dataclass(frozen=True, eq=False)
class HeadAndFace:
    """``face_px`` and ``head_px`` in the image; the masks (h, w), 0 or 255, are as large."""

    face_px: Region
    head_px: Region
    face_mask: NDArray[np.uint8]
    head_mask: NDArray[np.uint8]

    @property
    def face_in_head_px(self) -> Region:
        return within(self.face_px, self.head_px)


def masks_of(
    rgb: NDArray[np.uint8],
    xyxy_px: ArrayLike,
    segment: Segment,
    head_scale: float = HEAD_SCALE,
) -> HeadAndFace:
    """Masks of one face of an image (h, w, 3).

    The face's mask is what the head's has inside the oval that fills the face's box: hair, ears
    and shoulders in the corners of the box are no face.
    """
    size_wh = rgb.shape[1], rgb.shape[0]
    face_px = whole_px(xyxy_px, size_wh)
    head_px = head_of(xyxy_px, size_wh, head_scale)
    inside = within(face_px, head_px)
    head_mask = np.where(segment(cut(rgb, head_px), inside), WHITE, 0).astype(np.uint8)
    face_mask = np.where(oval(xyxy_px, face_px), cut(head_mask, inside), 0).astype(np.uint8)
    return HeadAndFace(face_px, head_px, face_mask, head_mask)


def oval(xyxy_px: ArrayLike, region: Region) -> NDArray[np.bool_]:
    """True inside the oval that fills a box, as an array over ``region``. A face that the border
    cuts in half has half an oval only if its box goes on beyond; boxes usually end there."""
    x1, y1, x2, y2 = np.asarray(xyxy_px, dtype=np.float64)
    left, top, right, bottom = region
    x = (np.arange(left, right) + 0.5 - (x1 + x2) / 2) / max((x2 - x1) / 2, 0.5)
    y = (np.arange(top, bottom) + 0.5 - (y1 + y2) / 2) / max((y2 - y1) / 2, 0.5)
    inside: NDArray[np.bool_] = x[None, :] ** 2 + y[:, None] ** 2 <= 1
    return inside
