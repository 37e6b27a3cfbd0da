"""Labels that a model doubts, each kind ranked: wrong class, missing, badly placed, on nothing.

The first three kinds are ObjectLab's swapped, overlooked and badly located (U. Tkachenko et al.,
2023, https://arxiv.org/abs/2309.00832). The model is whatever the caller hands in; one trained on
the same labels still disagrees with the worst of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, as_boxes, iou_matrix, min_side
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.detections import Detections
from facesort.errors import UsageError

LOWEST_CONF = 0.05  # ask the model for guesses down to here: a box it sees nothing of is doubted
SURE = 0.5  # from here on its word counts against a label
SAME_IOU, APART_IOU = 0.5, 0.3
PLACED_IOU = 0.65  # from here on a box is where the model sees the face
BESIDE = 1.0  # a box whose centre is this near (in longer sides) can be one drawn beside the face
ALIKE = 2.0  # and whose sides are at most this much longer or shorter
MIN_SIDE_PX = 16.0  # below it a model knows no better
MIN_PAIRS = 20  # before the data set's own way of drawing boxes is known

WRONG_CLASS, MISSING_BOX = "wrong class", "missing box"
BAD_BOX, EXTRA_BOX = "badly placed box", "box on nothing"
KINDS = (WRONG_CLASS, MISSING_BOX, BAD_BOX, EXTRA_BOX)

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class SuspectLabel:
    """``box`` is the label's line index, None where the label has no box; ``predicted`` the class
    that the model sees, None where it sees nothing. ``score`` ranks within a kind, 0 to 1.
    ``better_px`` is where a badly placed box belongs."""

    kind: str
    score: float
    sample: Sample
    xyxy_px: Corners
    box: int | None
    labelled: int | None
    predicted: int | None
    better_px: Corners | None = None


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


def usual_offset(faces: Iterable[tuple[Sample, ImageStats]]) -> NDArray[np.float64]:
    """How this data set draws boxes beside how the model does, the median: shift of the centre in
    x and y (of the model's width and height), and the logarithms of the ratios of the sides."""
    rows = [np.zeros((0, 4))]
    for sample, look in faces:
        if look.found is None or not len(look.found):
            continue
        boxes = sample.labels(look.size_wh).xyxy_px
        found = look.found.xyxy_px[look.found.confidence >= SURE]
        overlap = iou_matrix(boxes, found)
        for i, j in np.argwhere(overlap >= SAME_IOU).tolist():
            if overlap[i, j] == overlap[i].max() == overlap[:, j].max():
                rows.append(_offset(boxes[i], found[j])[None])
    every = np.concatenate(rows)
    usual: NDArray[np.float64] = (
        np.median(every, axis=0) if len(every) >= MIN_PAIRS else np.zeros(4)
    )
    return usual


def _offset(box: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    size, seen_size = box[2:] - box[:2], seen[2:] - seen[:2]
    shift = (box[:2] + box[2:] - seen[:2] - seen[2:]) / 2 / seen_size
    return np.concatenate([shift, np.log(size / seen_size)])


def as_drawn(xyxy_px: Boxes, usual: NDArray[np.float64], size_wh: tuple[int, int]) -> Boxes:
    """The model's boxes as the data set would draw them, cut at the image's edge."""
    boxes = as_boxes(xyxy_px)
    size = boxes[:, 2:] - boxes[:, :2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 + usual[:2] * size
    half = size * np.exp(usual[2:]) / 2
    limit = np.array([*size_wh, *size_wh], dtype=np.float64)
    drawn: Boxes = np.clip(np.concatenate([middle - half, middle + half], axis=1), 0, limit)
    return drawn


def suspect_labels(
    sample: Sample,
    look: ImageStats,
    judged: set[int],
    usual: NDArray[np.float64] | None = None,
) -> list[SuspectLabel]:
    """The doubts about one image; labels of classes that are not ``judged`` are left alone.
    ``usual`` is the data set's `usual_offset`."""
    if look.found is None:
        return []
    drawn = (
        look.found.xyxy_px if usual is None else as_drawn(look.found.xyxy_px, usual, look.size_wh)
    )
    found = Detections(drawn, look.found.class_id, look.found.confidence)
    return _Image(sample, look, found).doubts(judged)


class _Image:
    """The labels of one image beside what the model sees there."""

    def __init__(self, sample: Sample, look: ImageStats, found: Detections) -> None:
        self.sample, self.found = sample, found
        self.boxes = sample.labels(look.size_wh).xyxy_px
        self.overlap = iou_matrix(self.boxes, found.xyxy_px)
        nearest = self.overlap.max(axis=0, initial=0)
        # found boxes that overlap no other label more: such a one means this face even where the
        # two were drawn differently (forehead or not, chin or not)
        self.own = self.overlap >= nearest
        large = min_side(found.xyxy_px) >= MIN_SIDE_PX
        sure = (found.confidence >= SURE) & (nearest < APART_IOU) & large
        self.unlabelled = np.flatnonzero(sure).tolist()

    def doubts(self, judged: set[int]) -> list[SuspectLabel]:
        doubts: list[SuspectLabel] = []
        unseen: list[int] = []
        for i in range(len(self.sample.sound)):
            labelled = int(self.sample.class_id[i])
            if labelled not in judged or min_side(self.boxes[i])[0] < MIN_SIDE_PX:
                continue
            best = self._same_face(i)
            if best is not None:
                doubts += self._beside(i, best, labelled)
            elif self._near(i) < 2 * LOWEST_CONF:
                unseen.append(i)
        for i in unseen:
            doubts.append(self._moved(i) or self._extra(i))
        doubts += [self._missing(j) for j in self.unlabelled]
        return doubts

    def _same_face(self, i: int) -> int | None:
        """The surest found box that means the face of label ``i``."""
        iou = self.overlap[i]
        same = (iou >= SAME_IOU) | (self.own[i] & (iou >= APART_IOU))
        here = np.where(same, self.found.confidence, 0.0)
        best = int(here.argmax()) if len(here) else -1
        return best if best >= 0 and here[best] >= SURE else None

    def _near(self, i: int) -> float:
        """How sure the model is of anything at all where label ``i`` is."""
        near = np.where(self.overlap[i] >= APART_IOU, self.found.confidence, 0.0)
        return float(near.max(initial=0.0))

    def _beside(self, i: int, j: int, labelled: int) -> list[SuspectLabel]:
        predicted = int(self.found.class_id[j])
        confidence, iou = float(self.found.confidence[j]), float(self.overlap[i, j])
        if predicted != labelled:
            return [self._doubt(WRONG_CLASS, confidence, i, j)]
        if iou < PLACED_IOU:
            return [self._doubt(BAD_BOX, confidence * (1 - iou), i, j)]
        return []

    def _moved(self, i: int) -> SuspectLabel | None:
        """Label ``i``, which no detection matches, as the box of an unlabelled face beside it."""
        box = self.boxes[i]
        for j in sorted(self.unlabelled, key=lambda j: self._apart(box, j)):
            size = self.found.xyxy_px[j][2:] - self.found.xyxy_px[j][:2]
            ratio = (box[2:] - box[:2]) / size
            if self._apart(box, j) <= BESIDE and ratio.max() <= ALIKE and ratio.min() >= 1 / ALIKE:
                self.unlabelled.remove(j)
                score = float(self.found.confidence[j] * (1 - self.overlap[i, j]))
                return self._doubt(BAD_BOX, score, i, j)
        return None

    def _apart(self, box: NDArray[np.float64], j: int) -> float:
        """From centre to centre, in longer sides of found box ``j``."""
        seen = self.found.xyxy_px[j]
        away = (box[:2] + box[2:] - seen[:2] - seen[2:]) / 2
        return float(np.hypot(*away) / max(*(seen[2:] - seen[:2])))

    def _doubt(self, kind: str, score: float, i: int, j: int) -> SuspectLabel:
        line, labelled = self.sample.sound[i], int(self.sample.class_id[i])
        better = _tuple(self.found.xyxy_px[j]) if kind == BAD_BOX else None
        box, predicted = _tuple(self.boxes[i]), int(self.found.class_id[j])
        return SuspectLabel(kind, score, self.sample, box, line, labelled, predicted, better)

    def _extra(self, i: int) -> SuspectLabel:
        line, labelled = self.sample.sound[i], int(self.sample.class_id[i])
        box, score = _tuple(self.boxes[i]), 1 - self._near(i)
        return SuspectLabel(EXTRA_BOX, score, self.sample, box, line, labelled, None)

    def _missing(self, j: int) -> SuspectLabel:
        box, score = _tuple(self.found.xyxy_px[j]), float(self.found.confidence[j])
        predicted = int(self.found.class_id[j])
        return SuspectLabel(MISSING_BOX, score, self.sample, box, None, None, predicted)


def rank(label_errors: Sequence[SuspectLabel]) -> dict[str, list[SuspectLabel]]:
    """Doubts by kind, the surest first; of equals, the larger box."""
    return {
        kind: sorted(
            (d for d in label_errors if d.kind == kind),
            key=lambda d: (-round(d.score, 3), -float(min_side(d.xyxy_px)[0]), d.sample.name),
        )
        for kind in KINDS
    }


def _tuple(box: NDArray[np.float64]) -> Corners:
    x1, y1, x2, y2 = (float(v) for v in box)
    return x1, y1, x2, y2
