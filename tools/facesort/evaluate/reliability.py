"""May a confidence be believed, and from which one on? Reliability, and thresholds chosen on val.

M. Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI 2015, with 15
bins of equal width. Of the detections from the report's threshold on, one is right that lies on a
face of its class (IoU >= 0.5; the surest chooses first). ECE is the mean of |share right - mean
confidence| over the bins, each weighted by its detections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.detections import Detections
from facesort.errors import DatasetError
from facesort.evaluate.average_precision import is_sized, pair_by_confidence
from facesort.evaluate.intervals import Floats, Ints, share
from facesort.evaluate.predict import at_least
from facesort.labels.image_labels import ImageLabels

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """By bin of confidence (15,): detections, their mean confidence, their share that is right.

    ``ece`` is over all detections, ``ece_on_faces`` over those on a face: is the class right?
    """

    detections: Ints
    confidence: Floats
    right: Floats
    ece: float
    ece_on_faces: float


def reliability(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    conf: float,
    min_side_px: float = 0.0,
) -> Reliability:
    """Reliability of the detections from ``conf`` on; faces that are too small count nowhere."""
    rows = outcomes(truth, found, conf, min_side_px)
    counts, confidence, right = _binned(rows)
    on_faces = _binned(rows[rows[:, 2] == 1])
    return Reliability(
        counts, confidence, right, _error(counts, confidence, right), _error(*on_faces)
    )


def outcomes(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    conf: float,
    min_side_px: float = 0.0,
) -> Floats:
    """(confidence, right, on a face) of each detection from ``conf`` on that counts: (n, 3)."""
    rows = [
        row
        for labels, detections in zip(truth, found, strict=True)
        for row in _outcomes(labels, at_least(detections, conf), min_side_px)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def fit_platt(confidence: Floats, right: Floats) -> tuple[float, float]:
    """Slope and shift that make sigmoid(slope x + shift) likeliest, where sigmoid(x) is the
    confidence and ``right`` is 0 or 1; (1, 0) where there is nothing to learn from."""
    from scipy.optimize import minimize
    from scipy.special import expit, logit

    if not len(right) or right.min() == right.max():
        return 1.0, 0.0
    x = logit(np.clip(confidence, 1e-6, 1 - 1e-6))

    def surprise(place: Floats) -> float:
        p = np.clip(expit(np.exp(place[0]) * x + place[1]), 1e-9, 1 - 1e-9)
        return float(-np.mean(right * np.log(p) + (1 - right) * np.log(1 - p)))

    best = minimize(surprise, np.zeros(2), method="L-BFGS-B", bounds=[(-3, 3), (-10, 10)]).x
    return float(np.exp(best[0])), float(best[1])


def _outcomes(
    labels: ImageLabels, found: Detections, min_side_px: float
) -> list[tuple[float, bool, bool]]:
    """(confidence, right, on a face) of each detection that counts."""
    large = is_sized(labels.xyxy_px, min_side_px)
    large_found = is_sized(found.xyxy_px, min_side_px)
    face_of = {j: i for i, j in pair_by_confidence(labels, found)}
    rows = []
    for j, confidence in enumerate(found.confidence.tolist()):
        i = face_of.get(j)
        if large_found[j] if i is None else large[i]:
            right = i is not None and labels.class_id[i] == found.class_id[j]
            rows.append((confidence, bool(right), i is not None))
    return rows


def _binned(rows: Floats) -> tuple[Ints, Floats, Floats]:
    which = np.clip((rows[:, 0] * BINS).astype(np.int64), 0, BINS - 1)
    counts = np.bincount(which, minlength=BINS)
    sums = [np.bincount(which, rows[:, k], minlength=BINS) for k in (0, 1)]
    return counts, share(sums[0], counts), share(sums[1], counts)


def _error(counts: Ints, confidence: Floats, right: Floats) -> float:
    if not counts.sum():
        return float("nan")
    gap = np.nan_to_num(np.abs(right - confidence))
    return float((gap * counts).sum() / counts.sum())


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
