"""The reference: average precision by COCO's own evaluation code (pycocotools), per class.

T.-Y. Lin et al., Microsoft COCO, 2014; https://cocodataset.org/#detection-eval . 101-point
interpolation. "Small" here means the shorter side, so the area given to COCO is that side squared.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.detections import Detections
from facesort.labels.image_labels import ImageLabels


@dataclass(frozen=True)
class AveragePrecision:
    """Per class, NaN where a class has no face: AP at IoU 0.5, mean AP over 0.5 to 0.95, faces."""

    ap50: NDArray[np.float64]
    ap50_95: NDArray[np.float64]
    faces: NDArray[np.int64]

    @property
    def map50(self) -> float:
        return float(np.nanmean(self.ap50))

    @property
    def map50_95(self) -> float:
        return float(np.nanmean(self.ap50_95))


def average_precision(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    classes: int,
    min_side_px: float = 0.0,
) -> AveragePrecision:
    """AP over all images. Faces below ``min_side_px`` are ignored: neither missed nor wrong."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints what it does
        coco = COCO()
        coco.dataset = _ground_truth(truth, classes)
        coco.createIndex()
        rows = _results(found)
        predicted = coco.loadRes(rows) if rows else COCO()
        evaluation = COCOeval(coco, predicted, "bbox")
        if not rows:
            return _nothing_found(truth, classes, min_side_px)
        for annotation in predicted.anns.values():  # loadRes puts width * height there
            annotation["area"] = min(annotation["bbox"][2:]) ** 2
        evaluation.params.maxDets = [1000]
        evaluation.params.areaRng = [[min_side_px**2, 1e12]]
        evaluation.params.areaRngLbl = ["asked"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 0]  # IoU, recall, class
    known = np.where(precision < 0, np.nan, precision)
    faces = _count(truth, classes, min_side_px)
    known[:, :, faces == 0] = np.nan
    return AveragePrecision(known[0].mean(axis=0), known.mean(axis=(0, 1)), faces)


def _nothing_found(
    truth: Sequence[ImageLabels], classes: int, min_side_px: float
) -> AveragePrecision:
    faces = _count(truth, classes, min_side_px)
    zero = np.where(faces > 0, 0.0, np.nan)
    return AveragePrecision(zero, zero, faces)


def _count(truth: Sequence[ImageLabels], classes: int, min_side_px: float) -> NDArray[np.int64]:
    counts = np.zeros(classes, dtype=np.int64)
    for item in truth:
        large = min_side(item.xyxy_px) >= min_side_px
        counts += np.bincount(item.class_id[large], minlength=classes)
    return counts


def _ground_truth(truth: Sequence[ImageLabels], classes: int) -> dict[str, list[dict[str, object]]]:
    annotations: list[dict[str, object]] = []
    for image_id, item in enumerate(truth):
        sides = min_side(item.xyxy_px)
        for box, class_id, side in zip(item.xyxy_px, item.class_id, sides, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(class_id),
                    "bbox": _xywh(box),
                    "area": float(side) ** 2,
                    "iscrowd": 0,
                }
            )
    return {
        "info": [],
        "images": [{"id": i} for i in range(len(truth))],
        "categories": [{"id": c} for c in range(classes)],
        "annotations": annotations,
    }


def _results(found: Sequence[Detections]) -> list[dict[str, object]]:
    return [
        {
            "image_id": image_id,
            "category_id": int(class_id),
            "bbox": _xywh(box),
            "score": float(score),
        }
        for image_id, item in enumerate(found)
        for box, class_id, score in zip(item.xyxy_px, item.class_id, item.confidence, strict=True)
    ]


def _xywh(box: NDArray[np.float64]) -> list[float]:
    x1, y1, x2, y2 = (float(v) for v in box)
    return [x1, y1, x2 - x1, y2 - y1]
