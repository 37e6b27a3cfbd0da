"""From which confidence may a class be trusted? Chosen on val for a stated precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facesort.boxes import min_side
from facesort.detections import Detections
from facesort.errors import DatasetError
from facesort.evaluate.match import pair_by_confidence
from facesort.labels.image_labels import ImageLabels


@dataclass(frozen=True)
class Threshold:
    """At ``confidence`` and above, ``precision`` of the detections are a face of that class;
    ``coverage`` of all true faces are among them, rightly named."""

    confidence: float
    precision: float
    coverage: float


def choose(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    precision: float,
    min_side_px: float = 0.0,
) -> Threshold:
    """The lowest confidence with at least that precision; `DatasetError` if there is none."""
    confidence: list[float] = []
    right: list[bool] = []
    faces = 0
    for item, detections in zip(truth, found, strict=True):
        large = min_side(item.xyxy_px) >= min_side_px
        faces += int(large.sum())
        truth_of = {j: i for i, j in pair_by_confidence(item, detections)}
        for j, large_found in enumerate(min_side(detections.xyxy_px) >= min_side_px):
            i = truth_of.get(j)
            if large_found if i is None else large[i]:  # too small counts neither way
                confidence.append(float(detections.confidence[j]))
                right.append(i is not None and item.class_id[i] == detections.class_id[j])
    order = np.argsort(-np.array(confidence), kind="stable")
    hits = np.cumsum(np.array(right, dtype=np.int64)[order])
    reached = hits / np.arange(1, len(order) + 1)
    good = np.flatnonzero(reached >= precision)
    if not len(good) or not faces:
        raise DatasetError(
            f"no confidence reaches a precision of {precision}; train a better model"
        )
    last = int(good[-1])
    return Threshold(confidence[order[last]], float(reached[last]), float(hits[last] / faces))
