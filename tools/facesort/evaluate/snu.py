"""The per-image score of SNU_FaceDetection, to compare with its tables; not a benchmark.

Source: https://github.com/SeonjiPark/SNU_FaceDetection , utils/metric.py and test.py. Each image
is scored by itself, and the scores are averaged by the difficulty of its first face. Of an image's
predictions from confidence 0.02 on, "near" are those with IoU >= 0.4 on any face, and right are the
near ones that overlap some face best of all. The source draws a curve over a hundred thresholds, of
which the last is 0, and hands recall and precision to the interpolation in swapped places: what
remains is final recall x the share of 101 points up to right / near. So neither the confidences nor
false alarms away from faces change it: read the WIDER FACE figures first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facesort.boxes import iou_matrix
from facesort.errors import LabelError
from facesort.evaluate.wider import Floats, Predictions, key_of, read_predictions
from facesort.labels.widerface import retinaface

MIN_IOU, MIN_CONF = 0.4, 0.02
LEVELS = ("easy", "medium", "hard")
_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class SnuScore:
    """Mean over all ``images`` with a face, and by difficulty; NaN where there is none."""

    mean: float
    by_level: Mapping[str, float]
    images: int


def evaluate_snu(label_file: Path, predictions: Path) -> SnuScore:
    """Score a folder of prediction files; raises `LabelError` where the list has no difficulty."""
    listed = retinaface.read(label_file)
    if "difficulty" not in listed.columns:
        raise LabelError(f"{label_file}: no difficulty (field 21); pass the label.txt of val")
    column = listed.columns.index("difficulty")
    images = [image for image in listed.images if len(image.xywh_px)]
    found = read_predictions(predictions, {key_of(image.name) for image in images})
    scores = np.array([image_score(p.xywh_px, found, key_of(p.name)) for p in images])
    level = np.array([image.attributes[0, column] for image in images])
    by_level = {name: _mean(scores[level == k]) for k, name in enumerate(LEVELS)}
    return SnuScore(_mean(scores), by_level, len(scores))


def image_score(truth_xywh: Floats, found: Predictions, key: str) -> float:
    """0 to 1 for one image; 0 where it has no prediction."""
    rows = found.get(key, np.zeros((0, 5)))
    rows = rows[rows[:, 4] >= MIN_CONF]
    if not len(rows):
        return 0.0
    overlap = iou_matrix(_xyxy(rows), _xyxy(truth_xywh))
    near = overlap.max(axis=1) >= MIN_IOU
    right = len({j for j in overlap.argmax(axis=0).tolist() if near[j]})
    if not right:
        return 0.0
    precision = np.float32(right) / np.float32(near.sum())  # float32 as there: 0.7 misses a point
    return float(np.float32(right / len(truth_xywh)) * (precision >= _POINTS).mean())


def _xyxy(xywh: Floats) -> Floats:
    return np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:4]], axis=1)


def _mean(scores: Floats) -> float:
    return float(scores.mean()) if len(scores) else float("nan")
