"""Does a confidence of 0.8 mean "right in 80 of 100 cases"? Reliability and its error.

M. Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI 2015, with 15
bins of equal width. Of the detections from the report's threshold on, one is right that lies on a
face of its class (IoU >= 0.5; the surest chooses first). ECE is the mean of |share right - mean
confidence| over the bins, each weighted by its detections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facesort.detections import Detections
from facesort.evaluate.intervals import Floats, Ints, share
from facesort.evaluate.match import is_sized, pair_by_confidence
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
