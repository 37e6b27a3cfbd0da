"""Real masks and sunglasses, cut out of photos of people who wear them, to be put on other faces.

What is drawn does not stand for what is worn: an encoder that knew people in drawn masks as well as
any other was the worst of four in real ones. Aligned by the same five points, a worn mask fits
another face as it is. GrabCut (Rother et al. 2004, https://doi.org/10.1145/1015706.1015720) finds
its edge between what must be mask (over the mouth) and what cannot be (the eyes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facesort.classes import EYES, MOUTH
from facesort.models.people.align import SIDE_PX, TEMPLATE_PX

ZOOM, CROP_PX = 1.2, 160  # crops are a little larger and finer than what an encoder sees
CROP_TEMPLATE_PX = TEMPLATE_PX * ZOOM + (CROP_PX - SIDE_PX * ZOOM) / 2
ROUNDS = 3  # of GrabCut
SOFT_PX = 1.2  # of the edge

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Shape = list[tuple[float, float]]
Place = Callable[[Shape], NDArray[np.int32]]

# In distances between the eyes from their middle: x to the right eye, y to the mouth (at 1.15).
# What may be of it, what probably is, what surely is.
_OUTER_MASK: Shape = [
    *[(-1.15, 0.18), (-0.4, 0.22), (0, 0.1), (0.4, 0.22), (1.15, 0.18), (1.15, 1.0)],
    *[(0.8, 1.75), (0.3, 2.1), (-0.3, 2.1), (-0.8, 1.75), (-1.15, 1.0)],
]
_MASK: Shape = [
    *[(-0.85, 0.55), (-0.25, 0.4), (0, 0.3), (0.25, 0.4), (0.85, 0.55), (0.8, 1.1)],
    *[(0.5, 1.6), (0, 1.8), (-0.5, 1.6), (-0.8, 1.1)],
]
_INNER_MASK: Shape = [(-0.5, 0.8), (0, 0.62), (0.5, 0.8), (0.45, 1.25), (0, 1.4), (-0.45, 1.25)]
_OUTER_GLASSES: Shape = [
    *[(-1.25, -0.5), (1.25, -0.5), (1.25, 0.5), (0.5, 0.65), (0, 0.4)],
    *[(-0.5, 0.65), (-1.25, 0.5)],
]
_GLASSES: list[Shape] = [
    [(e - 0.42, -0.22), (e + 0.42, -0.22), (e + 0.38, 0.25), (e - 0.38, 0.25)] for e in (-0.5, 0.5)
]
_INNER_GLASSES: list[Shape] = [
    [(e - 0.22, -0.08), (e + 0.22, -0.08), (e + 0.2, 0.14), (e - 0.2, 0.14)] for e in (-0.5, 0.5)
]
_SHAPES: dict[int, tuple[list[Shape], list[Shape], list[Shape]]] = {
    MOUTH: ([_OUTER_MASK], [_MASK], [_INNER_MASK]),
    EYES: ([_OUTER_GLASSES], _GLASSES, _INNER_GLASSES),
}
_NEVER: dict[int, Shape] = {MOUTH: [(-1, -0.7), (1, -0.7), (1, 0.05), (-1, 0.05)]}
# spots that a good cut-out has and has not, its share of the crop, and its smallest part in pixels
_HAS: dict[int, Shape] = {
    MOUTH: [(0, 1.0), (-0.35, 0.95), (0.35, 0.95), (0, 1.35)],
    EYES: [(-0.5, 0.02), (0.5, 0.02)],
}
_LACKS: dict[int, Shape] = {MOUTH: [(-0.5, 0.02), (0.5, 0.02)], EYES: [(0, 1.0)]}
_SHARE = {MOUTH: (0.12, 0.42), EYES: (0.03, 0.2)}
_PART_PX = {MOUTH: 1500, EYES: 250}
_LOPSIDED = 2.0  # a mask has at most so many times the pixels on one half of the crop


def cut_out(crop_rgb: Pixels, points_px: Points, kind: int) -> Pixels | None:
    """How opaque each pixel of a worn mask (``kind`` `MOUTH`) or pair of sunglasses (`EYES`) is:
    (160, 160), 0 to 255, for a face (160, 160, 3) whose points (5, 2) lie near
    `CROP_TEMPLATE_PX`. `None` where no edge is found that looks like one."""
    import cv2

    place = _placed(points_px)
    labels = np.full(crop_rgb.shape[:2], cv2.GC_BGD, np.uint8)
    certainty = (cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD)
    for shapes, value in zip(_SHAPES[kind], certainty, strict=True):
        for shape in shapes:
            cv2.fillPoly(labels, [place(shape)], value)
    if kind in _NEVER:
        cv2.fillPoly(labels, [place(_NEVER[kind])], cv2.GC_BGD)
    back, front = np.zeros((1, 65)), np.zeros((1, 65))
    everywhere = (0, 0, *labels.shape)  # not used: the labels say where
    crop = np.ascontiguousarray(crop_rgb)
    try:
        cv2.grabCut(crop, labels, everywhere, back, front, ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # one colour all over
        return None
    found = _large_parts(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8), kind)
    if not _looks_right(found, crop, place, kind):
        return None
    grown = cv2.dilate(found, np.ones((3, 3), np.uint8)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), SOFT_PX) * 255, dtype=np.uint8)


def _placed(points_px: Points) -> Place:
    """From distances between the eyes to whole pixels (n, 2) of the crop."""
    middle, mouth = points_px[:2].mean(axis=0), points_px[3:].mean(axis=0)
    across = points_px[1] - points_px[0]
    down = np.array([-across[1], across[0]])
    if down @ (mouth - middle) < 0:
        down = -down

    def place(shape: Shape) -> NDArray[np.int32]:
        return np.array([middle + across * x + down * y for x, y in shape]).round().astype(np.int32)

    return place


def _large_parts(found: Pixels, kind: int) -> Pixels:
    import cv2

    for how in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        found = np.asarray(cv2.morphologyEx(found, how, np.ones((5, 5), np.uint8)), dtype=np.uint8)
    _, part, sizes, _ = cv2.connectedComponentsWithStats(found)
    large = [i for i in range(1, len(sizes)) if sizes[i, cv2.CC_STAT_AREA] >= _PART_PX[kind]]
    return np.isin(part, large).astype(np.uint8)


def _looks_right(found: Pixels, crop: Pixels, place: Place, kind: int) -> bool:
    def at(shape: Shape) -> NDArray[np.uint8]:
        x, y = np.clip(place(shape), 0, len(found) - 1).T
        return found[y, x]

    low, high = _SHARE[kind]
    if not low < found.mean() < high or not at(_HAS[kind]).all() or at(_LACKS[kind]).any():
        return False
    if kind == EYES:  # dark glass, not the skin between
        return bool(crop[found > 0].mean() < crop[40:130, 40:120].mean())
    left, right = found[:, : CROP_PX // 2].sum(), found[:, CROP_PX // 2 :].sum()
    return bool(max(left, right) < _LOPSIDED * max(min(left, right), 1))
