"""The worst errors first: covered faces called clean, other mix-ups, misses, false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.detections import Detections
from facesort.evaluate.average_precision import is_sized, pair
from facesort.evaluate.predict import at_least
from facesort.labels.image_labels import ImageLabels

CALLED_CLEAN, MIXED_UP, MISSED, FALSE_ALARM = (
    "covered, called clean",
    "another class",
    "missed",
    "false alarm",
)
KINDS = (CALLED_CLEAN, MIXED_UP, MISSED, FALSE_ALARM)


@dataclass(frozen=True)
class ErrorCase:
    """One error in image number ``image``; face or detection is None where there is none."""

    kind: str
    image: int
    face: int | None
    detection: int | None
    confidence: float


def find_errors(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    names: Sequence[str],
    conf: float,
    min_side_px: float = 0.0,
) -> list[ErrorCase]:
    """Every error at ``conf``, by kind and then the surest first; misses the largest first.

    A detection's number is its place among those from ``conf`` on.
    """
    rows: list[tuple[ErrorCase, float]] = []
    for image, (labels, detections) in enumerate(zip(truth, found, strict=True)):
        rows += _of_image(image, labels, at_least(detections, conf), names, min_side_px)
    rows.sort(key=lambda row: (KINDS.index(row[0].kind), -row[1]))
    return [error_case for error_case, _ in rows]


def _of_image(
    image: int,
    labels: ImageLabels,
    found: Detections,
    names: Sequence[str],
    min_side_px: float,
) -> list[tuple[ErrorCase, float]]:
    """Each error and how bad it is among its kind."""
    large = is_sized(labels.xyxy_px, min_side_px)
    paired = pair(labels, found)
    rows = []
    for i, j in paired:
        if large[i] and labels.class_id[i] != found.class_id[j]:
            sure = float(found.confidence[j])
            kind = _mix_up(int(found.class_id[j]), names)
            rows.append((ErrorCase(kind, image, i, j, sure), sure))
    for i in set(np.flatnonzero(large).tolist()) - {i for i, _ in paired}:
        x1, y1, x2, y2 = labels.xyxy_px[i]
        rows.append((ErrorCase(MISSED, image, i, None, 0.0), float((x2 - x1) * (y2 - y1))))
    large_found = np.flatnonzero(is_sized(found.xyxy_px, min_side_px))
    for j in set(large_found.tolist()) - {j for _, j in paired}:
        sure = float(found.confidence[j])
        rows.append((ErrorCase(FALSE_ALARM, image, None, j, sure), sure))
    return rows


def _mix_up(named: int, names: Sequence[str]) -> str:
    clean = tuple(names) == CLASS_NAMES and named == FaceClass.face
    return CALLED_CLEAN if clean else MIXED_UP
