"""From which confidence may a class be trusted? Chosen on val, for a precision or for F1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    recall: float


def choose(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    precision: float,
    min_side_px: float = 0.0,
) -> Threshold:
    """The lowest confidence with at least that precision; `DatasetError` if there is none."""
    ranked = _rank(truth, found, min_side_px)
    hits = np.cumsum(ranked.right)
    reached = hits / np.arange(1, len(hits) + 1)
    good = np.flatnonzero(ranked.ends & (reached >= precision))
    if not len(good) or not len(ranked.faces):
        raise DatasetError(
            f"no confidence reaches a precision of {precision}; train a better model"
        )
    return ranked.threshold(int(good[-1]))


def best_f1(
    truth: Sequence[ImageLabels], found: Sequence[Detections], min_side_px: float = 0.0
) -> Threshold:
    """The confidence with the highest mean F1 over the classes that have faces."""
    ranked = _rank(truth, found, min_side_px)
    if not len(ranked.confidence) or not len(ranked.faces):
        raise DatasetError("no detection or no face to choose a confidence by; is this the set?")
    scores = []
    for c in np.unique(ranked.faces):
        mine = ranked.class_id == c
        found_so_far = np.cumsum(mine & ranked.right)
        scores.append(2 * found_so_far / ((ranked.faces == c).sum() + np.cumsum(mine)))
    mean = np.mean(scores, axis=0)
    return ranked.threshold(int(np.where(ranked.ends, mean, -1).argmax()))


@dataclass(frozen=True, eq=False)
class _Ranked:
    """All detections that count, surest first, and the classes of the faces to find."""

    confidence: NDArray[np.float64]
    class_id: NDArray[np.int64]
    right: NDArray[np.bool_]
    faces: NDArray[np.int64]

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Where a threshold can be: detections of one confidence are accepted together."""
        return np.append(self.confidence[1:] != self.confidence[:-1], True)[: len(self.right)]

    def threshold(self, last: int) -> Threshold:
        hits = int(self.right[: last + 1].sum())
        return Threshold(float(self.confidence[last]), hits / (last + 1), hits / len(self.faces))


def _rank(truth: Sequence[ImageLabels], found: Sequence[Detections], min_side_px: float) -> _Ranked:
    rows: list[tuple[float, int, bool]] = []
    faces: list[int] = []
    for item, detections in zip(truth, found, strict=True):
        large = min_side(item.xyxy_px) >= min_side_px
        faces += item.class_id[large].tolist()
        truth_of = {j: i for i, j in pair_by_confidence(item, detections)}
        for j, large_found in enumerate(min_side(detections.xyxy_px) >= min_side_px):
            i = truth_of.get(j)
            if large_found if i is None else large[i]:  # too small counts neither way
                class_id = int(detections.class_id[j])
                right = i is not None and item.class_id[i] == class_id
                rows.append((float(detections.confidence[j]), class_id, bool(right)))
    rows.sort(key=lambda row: -row[0])
    return _Ranked(
        np.array([confidence for confidence, _, _ in rows], dtype=np.float64),
        np.array([class_id for _, class_id, _ in rows], dtype=np.int64),
        np.array([right for _, _, right in rows], dtype=bool),
        np.array(faces, dtype=np.int64),
    )
