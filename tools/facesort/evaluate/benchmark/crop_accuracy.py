"""Crop mode: one face fills the image, as in checking an identity; is its class right?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import clip_xyxy, grow_xyxy, min_side
from facesort.detections import Detections
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import YoloDetector
from facesort.photos import open_photo

GROWN = 1.6  # a face with some hair and collar around it


@dataclass(frozen=True, eq=False)
class Crop:
    """A face cut out, (h, w, 3) RGB, its centre in pixels of the crop, and its true class."""

    rgb: NDArray[np.uint8]
    centre_px: tuple[float, float]
    class_id: int


@dataclass(frozen=True)
class CropFigures:
    """Shares of crops with the right class, over all crops and as the mean over classes."""

    accuracy: float
    macro_recall: float


def face_crops(truth: Iterable[ImageLabels], min_side_px: float = 32) -> Iterator[Crop]:
    """Every face of at least ``min_side_px``, cut out of its photo."""
    for item in truth:
        large = np.flatnonzero((min_side(item.xyxy_px) >= min_side_px) & (item.class_id >= 0))
        if not len(large):
            continue
        rgb = open_photo(item.path).rgb
        for i in large:
            box = clip_xyxy(grow_xyxy(item.xyxy_px[i], GROWN), item.size_wh)[0]
            x1, y1, x2, y2 = (round(float(v)) for v in box)
            middle = (item.xyxy_px[i, :2] + item.xyxy_px[i, 2:]) / 2
            centre = float(middle[0] - x1), float(middle[1] - y1)
            yield Crop(rgb[y1:y2, x1:x2].copy(), centre, int(item.class_id[i]))


def class_in(found: Detections, centre_px: tuple[float, float]) -> int:
    """Class of the surest face over ``centre_px``; -1 where there is none."""
    x, y = centre_px
    x1, y1, x2, y2 = found.xyxy_px.T
    over = np.flatnonzero((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2))
    return int(found.class_id[over[found.confidence[over].argmax()]]) if len(over) else -1


def crop_figures(detector: YoloDetector, crops: Iterable[Crop]) -> CropFigures:
    """How often the class of the face in the middle is right, at the detector's own threshold."""
    right: dict[int, list[bool]] = {}
    for crop in crops:
        said = class_in(detector.detect([crop.rgb])[0], crop.centre_px)
        right.setdefault(crop.class_id, []).append(said == crop.class_id)
    each = [hit for hits in right.values() for hit in hits]
    if not each:
        return CropFigures(float("nan"), float("nan"))
    return CropFigures(float(np.mean(each)), float(np.mean([np.mean(v) for v in right.values()])))
