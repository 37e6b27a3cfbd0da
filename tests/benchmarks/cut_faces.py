"""Crops and portraits cut from labelled images: what other tools save, and what phones take.

The same face is always cut in the same way: all choices are drawn from its image's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, area, clip_xyxy, min_side
from facesort.dataset.writer import number_of
from facesort.labels.image_labels import IGNORE, ImageLabels

LEAST_FACE_PX = {"crops": 45.0, "portraits": 120.0}
CROP_LONG_SIDE_PX = (55.0, 220.0)
PORTRAIT_LONG_SIDE_PX = (480.0, 1600.0)
_ALONE = 0.02  # of another face's box may be in the cut


@dataclass(frozen=True, eq=False)
class Cut:
    """One face: its image, class, and box (1, 4) there."""

    index: int
    rgb: NDArray[np.uint8]
    xyxy_px: Boxes
    class_id: int


def cut_faces(rgb: NDArray[np.uint8], labels: ImageLabels, view: str) -> Iterator[Cut]:
    """Each face that is large enough and can be had alone; ``view`` is crops or portraits."""
    height, width = rgb.shape[:2]
    usable = (labels.class_id != IGNORE) & (min_side(labels.xyxy_px) >= LEAST_FACE_PX[view])
    for i in np.flatnonzero(usable).tolist():
        rng = np.random.default_rng([number_of(labels.path), i])
        window = _window(labels.xyxy_px[i], view, rng)
        a, b, c, d = clip_xyxy([window], (width, height))[0].round().astype(int)
        inside = clip_xyxy(labels.xyxy_px - [a, b, a, b], (c - a, d - b))
        share = area(inside) / np.maximum(area(labels.xyxy_px), 1e-9)
        if (np.delete(share, i) > _ALONE).any():
            continue
        cut, factor = _resized(rgb[b:d, a:c], view, rng)
        yield Cut(i, cut, inside[i : i + 1] * factor, int(labels.class_id[i]))


def _window(box: NDArray[np.float64], view: str, rng: np.random.Generator) -> list[float]:
    """Crops have up to 60 % of the face around it, portraits up to 20 %; both also none."""
    most = 0.6 if view == "crops" else 0.2
    left, top, right, bottom = rng.uniform(0, most, size=4) * rng.uniform(0, 1)
    w, h = box[2] - box[0], box[3] - box[1]
    return [box[0] - left * w, box[1] - top * h, box[2] + right * w, box[3] + bottom * h]


def _resized(
    rgb: NDArray[np.uint8], view: str, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], float]:
    """Crops are shrunk to a size other tools save; portraits enlarged to what a phone takes."""
    import cv2

    longest = max(rgb.shape[:2])
    if view == "crops":
        factor = min(1.0, float(np.exp(rng.uniform(*np.log(CROP_LONG_SIDE_PX)))) / longest)
        how = cv2.INTER_AREA
    else:
        factor = max(1.0, float(rng.uniform(*PORTRAIT_LONG_SIDE_PX)) / longest)
        how = cv2.INTER_CUBIC
    size_wh = tuple(max(1, round(side * factor)) for side in rgb.shape[1::-1])
    return np.ascontiguousarray(cv2.resize(rgb, size_wh, interpolation=how)), factor
