"""Boxes as NumPy arrays: conversions between conventions, clipping, overlap.

The name says the convention: ``xyxy_px`` is left, top, right, bottom in pixels of the upright
image (edges, so width = x2 - x1); ``xywhn`` is YOLO's centre and size, divided by image width
and height. All arrays are float, of shape (n, 4), and n may be 0.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes: TypeAlias = NDArray[np.float64]
SizeWH: TypeAlias = tuple[int, int]


def as_boxes(values: ArrayLike) -> Boxes:
    """Return ``values`` as an (n, 4) array; an empty list is (0, 4)."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 4)


def xyxy_to_xywhn(xyxy_px: ArrayLike, size_wh: SizeWH) -> Boxes:
    x1, y1, x2, y2 = as_boxes(xyxy_px).T
    w, h = size_wh
    return np.stack([(x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / w, (y2 - y1) / h], axis=1)


def xywhn_to_xyxy(xywhn: ArrayLike, size_wh: SizeWH) -> Boxes:
    cx, cy, bw, bh = as_boxes(xywhn).T
    w, h = size_wh
    return np.stack(
        [(cx - bw / 2) * w, (cy - bh / 2) * h, (cx + bw / 2) * w, (cy + bh / 2) * h], axis=1
    )


def clip_xyxy(xyxy_px: ArrayLike, size_wh: SizeWH) -> Boxes:
    """Cut boxes at the image border; a box wholly outside ends up with no area."""
    w, h = size_wh
    clipped: Boxes = np.clip(as_boxes(xyxy_px), 0, [w, h, w, h])
    return clipped


def pixels_under(xyxy_px: ArrayLike, size_wh: SizeWH) -> tuple[int, int, int, int]:
    """The whole pixels that one box, cut at the image border, touches: at least one."""
    x1, y1, x2, y2 = np.asarray(xyxy_px, dtype=np.float64)
    left, top = min(math.floor(x1), size_wh[0] - 1), min(math.floor(y1), size_wh[1] - 1)
    return left, top, max(math.ceil(x2), left + 1), max(math.ceil(y2), top + 1)


def in_tenths(xyxy_px: ArrayLike) -> tuple[float, float, float, float]:
    """One box (4,), each edge to a tenth of a pixel: as journals and results keep it."""
    x1, y1, x2, y2 = (round(float(value), 1) for value in np.asarray(xyxy_px))
    return x1, y1, x2, y2


def min_side(xyxy_px: ArrayLike) -> NDArray[np.float64]:
    """The shorter side of each box, in pixels: what "a face of 32 px" means here."""
    x1, y1, x2, y2 = as_boxes(xyxy_px).T
    side: NDArray[np.float64] = np.minimum(x2 - x1, y2 - y1)
    return side


def area(xyxy_px: ArrayLike) -> NDArray[np.float64]:
    x1, y1, x2, y2 = as_boxes(xyxy_px).T
    area_px: NDArray[np.float64] = np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0)
    return area_px


def iou_matrix(a_xyxy: ArrayLike, b_xyxy: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every box of ``a`` with every box of ``b``: (len(a), len(b))."""
    a, b = as_boxes(a_xyxy), as_boxes(b_xyxy)
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod(np.clip(bottom_right - top_left, 0, None), axis=2)
    union = area(a)[:, None] + area(b)[None, :] - inter
    iou: NDArray[np.float64] = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
    return iou


def grow_xyxy(xyxy_px: ArrayLike, factor: float) -> Boxes:
    """Boxes grown around their centres to ``factor`` times their width and height."""
    x1, y1, x2, y2 = as_boxes(xyxy_px).T
    cx, cy, half_w, half_h = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2
    half_w, half_h = half_w * factor, half_h * factor
    return np.stack([cx - half_w, cy - half_h, cx + half_w, cy + half_h], axis=1)
