"""Labels that a model doubts, surest doubts first: forgotten faces, boxes on nothing, classes.

The model is whatever the caller hands in; one trained on the same labels still disagrees with the
worst of them (C. Northcutt et al., Confident Learning, 2021, is the idea at length).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import iou_matrix, min_side
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.detections import Detections
from facesort.errors import UsageError

LOWEST_CONF = 0.05  # ask the model for guesses down to here: a box it sees nothing of is doubted
SURE = 0.5  # from here on its word counts against a label
SAME_IOU, APART_IOU = 0.5, 0.3
MIN_SIDE_PX = 16.0  # below it a model knows no better

MISSING_BOX, OTHER_CLASS, EXTRA_BOX = "missing box", "other class", "extra box"
KINDS = (OTHER_CLASS, MISSING_BOX, EXTRA_BOX)


@dataclass(frozen=True)
class SuspectLabel:
    """``box`` is the label's line index, None where the label has no box; ``predicted`` the class
    that the model sees, None where it sees nothing. ``score`` ranks within a kind, 0 to 1."""

    kind: str
    score: float
    sample: Sample
    xyxy_px: tuple[float, float, float, float]
    box: int | None
    labelled: int | None
    predicted: int | None


def known_classes(model: Sequence[str], names: Sequence[str]) -> dict[int, int]:
    """{the model's class: the data set's class} by name; raises `UsageError` if none is shared."""
    index = {name: i for i, name in enumerate(names)}
    shared = {i: index[name] for i, name in enumerate(model) if name in index}
    if not shared:
        raise UsageError(f"--model knows {', '.join(model)}; the data set has {', '.join(names)}")
    return shared


def translate(found: Detections, classes: dict[int, int]) -> Detections:
    """``found`` in the data set's class numbers, without what it has no class for."""
    keep = np.array([int(c) in classes for c in found.class_id], dtype=bool)
    ids = np.array([classes[int(c)] for c in found.class_id[keep]], dtype=np.int64)
    return Detections(found.xyxy_px[keep], ids, found.confidence[keep])


def suspect_labels(sample: Sample, look: ImageStats, judged: set[int]) -> list[SuspectLabel]:
    """The doubts about one image; labels of classes that are not ``judged`` are left alone."""
    if look.found is None:
        return []
    boxes, found = sample.labels(look.size_wh).xyxy_px, look.found
    overlap = iou_matrix(boxes, found.xyxy_px)
    label_errors = []
    for i, line in enumerate(sample.sound):
        labelled = int(sample.class_id[i])
        if labelled in judged and min_side(boxes[i])[0] >= MIN_SIDE_PX:
            own = overlap[i] >= overlap.max(axis=0, initial=0)  # found boxes nearest to this label
            label_errors += _suspect_label(sample, boxes[i], line, labelled, found, overlap[i], own)
    nearest = overlap.max(axis=0, initial=0)
    for j in np.flatnonzero((found.confidence >= SURE) & (nearest < APART_IOU)).tolist():
        box = found.xyxy_px[j]
        if min_side(box)[0] >= MIN_SIDE_PX:
            predicted = int(found.class_id[j])
            score = float(found.confidence[j])
            label_errors.append(
                SuspectLabel(MISSING_BOX, score, sample, _tuple(box), None, None, predicted)
            )
    return label_errors


def _suspect_label(
    sample: Sample,
    box: NDArray[np.float64],
    line: int,
    labelled: int,
    found: Detections,
    overlap: NDArray[np.float64],
    own: NDArray[np.bool_],
) -> list[SuspectLabel]:
    """``own`` tells the found boxes that overlap no other label more: such a one means this face
    even where the two were drawn differently (forehead or not, chin or not)."""
    same = (overlap >= SAME_IOU) | (own & (overlap >= APART_IOU))
    here = np.where(same, found.confidence, 0.0)
    best = int(here.argmax()) if len(here) else -1
    if best >= 0 and here[best] >= SURE and found.class_id[best] != labelled:
        predicted, score = int(found.class_id[best]), float(here[best])
        return [SuspectLabel(OTHER_CLASS, score, sample, _tuple(box), line, labelled, predicted)]
    near = float(np.where(overlap >= APART_IOU, found.confidence, 0.0).max(initial=0.0))
    if near < 2 * LOWEST_CONF:
        return [SuspectLabel(EXTRA_BOX, 1 - near, sample, _tuple(box), line, labelled, None)]
    return []


def rank(label_errors: Sequence[SuspectLabel]) -> dict[str, list[SuspectLabel]]:
    """Doubts by kind, the surest first; of equals, the larger box."""
    return {
        kind: sorted(
            (d for d in label_errors if d.kind == kind),
            key=lambda d: (-round(d.score, 3), -float(min_side(d.xyxy_px)[0]), d.sample.name),
        )
        for kind in KINDS
    }


def _tuple(box: NDArray[np.float64]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(v) for v in box)
    return x1, y1, x2, y2
