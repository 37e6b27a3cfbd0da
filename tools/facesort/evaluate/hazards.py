"""The worst errors first: covered faces called clean, other mix-ups, misses, false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.detections import Detections
from facesort.evaluate.match import is_sized, pair
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
class Hazard:
    """One error in picture number ``picture``; face or detection is None where there is none."""

    kind: str
    picture: int
    face: int | None
    detection: int | None
    confidence: float


def find_hazards(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    names: Sequence[str],
    conf: float,
    min_side_px: float = 0.0,
) -> list[Hazard]:
    """Every error at ``conf``, by kind and then the surest first; misses the largest first.

    A detection's number is its place among those from ``conf`` on.
    """
    rows: list[tuple[Hazard, float]] = []
    for picture, (labels, detections) in enumerate(zip(truth, found, strict=True)):
        rows += _of_picture(picture, labels, at_least(detections, conf), names, min_side_px)
    rows.sort(key=lambda row: (KINDS.index(row[0].kind), -row[1]))
    return [hazard for hazard, _ in rows]


def _of_picture(
    picture: int,
    labels: ImageLabels,
    found: Detections,
    names: Sequence[str],
    min_side_px: float,
) -> list[tuple[Hazard, float]]:
    """Each error and how bad it is among its kind."""
    large = is_sized(labels.xyxy_px, min_side_px)
    paired = pair(labels, found)
    rows = []
    for i, j in paired:
        if large[i] and labels.class_id[i] != found.class_id[j]:
            sure = float(found.confidence[j])
            kind = _mix_up(int(found.class_id[j]), names)
            rows.append((Hazard(kind, picture, i, j, sure), sure))
    for i in set(np.flatnonzero(large).tolist()) - {i for i, _ in paired}:
        x1, y1, x2, y2 = labels.xyxy_px[i]
        rows.append((Hazard(MISSED, picture, i, None, 0.0), float((x2 - x1) * (y2 - y1))))
    large_found = np.flatnonzero(is_sized(found.xyxy_px, min_side_px))
    for j in set(large_found.tolist()) - {j for _, j in paired}:
        sure = float(found.confidence[j])
        rows.append((Hazard(FALSE_ALARM, picture, None, j, sure), sure))
    return rows


def _mix_up(named: int, names: Sequence[str]) -> str:
    clean = tuple(names) == CLASS_NAMES and named == FaceClass.face
    return CALLED_CLEAN if clean else MIXED_UP
