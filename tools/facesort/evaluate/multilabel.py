"""The four classes as two labels a face may have: mouth covered, eyes covered.

"Samples average": precision, recall and F1 of each face's own set of labels, then their mean, as in
scikit-learn's ``average="samples"``. A plain face rightly called plain has neither true nor named
labels, 0 / 0: that counts as 1 here. A face that was not found scores 0 in everything.

The system this one follows (github.com/lee-jingu/occluded-face-detection, utils/metric.py) has a
third label for "plain", which gives each face the same scores, and takes the mean of batches of 256
in the order of the data: a last batch of few faces weighs as much as a full one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.classes import EYES, MOUTH
from facesort.evaluate.intervals import share

BATCH = 256  # of the per-batch way
NONE = -1  # no prediction
BITS = {"mouth covered": MOUTH, "eyes covered": EYES}


@dataclass(frozen=True)
class SamplesAverage:
    """Means over ``faces`` faces; ``way`` says how they were averaged."""

    way: str
    faces: int
    precision: float
    recall: float
    f1: float
    subset_accuracy: float


@dataclass(frozen=True)
class BitScores:
    """One label by itself over all faces; a face that was not found is named uncovered."""

    bit: str
    faces: int
    precision: float
    recall: float
    f1: float


def samples_averages(true_id: ArrayLike, named_id: ArrayLike) -> list[SamplesAverage]:
    """The right way, then the per-batch way; ids (n,) in order, ``named_id`` may be `NONE`."""
    true, named = _ids(true_id), _ids(named_id)
    if not len(true):
        return []
    scores = _scores(true, named)
    batches = [scores[k : k + BATCH].mean(axis=0) for k in range(0, len(true), BATCH)]
    ways = {"all faces at once": scores.mean(axis=0)}
    ways[f"mean of batches of {BATCH}"] = np.mean(batches, axis=0)
    return [SamplesAverage(way, len(true), *map(float, means)) for way, means in ways.items()]


def bit_scores(true_id: ArrayLike, named_id: ArrayLike) -> list[BitScores]:
    """Precision, recall and F1 of either label; ids (n,), ``named_id`` may be `NONE`."""
    true, named = _ids(true_id), _ids(named_id)
    rows = []
    for name, bit in BITS.items():
        has, said = (true & bit) > 0, ((named & bit) > 0) & (named != NONE)
        both, of_true, of_said = (has & said).sum(), has.sum(), said.sum()
        parts = share([both, both, 2 * both], [of_said, of_true, of_true + of_said])
        rows.append(BitScores(name, int(of_true), *map(float, parts)))
    return rows


def _ids(ids: ArrayLike) -> NDArray[np.int64]:
    return np.asarray(ids, dtype=np.int64).reshape(-1)


def _scores(true: NDArray[np.int64], named: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision, recall, F1, all labels right of each face: (n, 4)."""
    bits = np.array(list(BITS.values()))
    has, said = (true[:, None] & bits) > 0, (named[:, None] & bits) > 0
    both, of_true, of_said = (has & said).sum(axis=1), has.sum(axis=1), said.sum(axis=1)
    parts = [share(both, of_said), share(both, of_true), share(2 * both, of_true + of_said)]
    empty = (of_true == 0) & (of_said == 0)
    rows = [np.where(empty, 1.0, np.nan_to_num(part)) for part in parts]
    rows.append((true == named).astype(np.float64))
    return np.where(named == NONE, 0.0, np.stack(rows)).T


def per_face(
    confusions: Iterable[NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True and named class of each true face behind confusions with "none" last, in order."""
    true_ids: list[int] = []
    named_ids: list[int] = []
    for counts in confusions:
        for true, named in zip(*np.nonzero(counts[:-1]), strict=True):
            often = int(counts[true, named])
            true_ids += [int(true)] * often
            named_ids += [NONE if named == len(counts) - 1 else int(named)] * often
    return _ids(true_ids), _ids(named_ids)
