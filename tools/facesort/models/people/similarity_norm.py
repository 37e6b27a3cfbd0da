"""How alike two faces are, whatever they wear.

Two strangers in masks look more alike to a network than two bare strangers do. So the likeness of a
pair is given in deviations from what different people reach who wear the same two things (z-norm,
Auckenthaler et al. 2000, https://doi.org/10.1006/dspr.1999.0360, for pairs of states): 0 for any
two people, above 3 for hardly any two. A model says in its metadata what its own figures are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.classes import CLASS_NAMES

STATES = len(CLASS_NAMES)
FEWEST_PAIRS = 200  # of different people, or the mean of a pair of states is chance

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimilarityNorm:
    """``mean`` and ``spread`` (4, 4): cosine of two different people, by the state (class index)
    of either. Raises `ValueError` for other shapes, asymmetry, or a spread that is not above 0."""

    mean: Floats
    spread: Floats

    def __post_init__(self) -> None:
        for name, table in (("mean", self.mean), ("spread", self.spread)):
            if table.shape != (STATES, STATES) or not np.isfinite(table).all():
                raise ValueError(f"{name} {table.shape}; expected ({STATES}, {STATES}) numbers")
            if not np.allclose(table, table.T):
                raise ValueError(f"{name} is not symmetric")
        if not (self.spread > 0).all():
            raise ValueError("spread: expected numbers above 0")

    def of(self, cosine: ArrayLike, state: ArrayLike, other_state: ArrayLike) -> Floats:
        """Deviations (n, m) for cosines (n, m) of faces in ``state`` (n,) and ``other_state``."""
        rows = np.asarray(state, dtype=np.int64)[:, None]
        columns = np.asarray(other_state, dtype=np.int64)[None, :]
        away = np.asarray(cosine, dtype=np.float64) - self.mean[rows, columns]
        return np.asarray(away / self.spread[rows, columns])

    def to_json(self) -> str:
        tables = {"mean": self.mean.round(4).tolist(), "spread": self.spread.round(4).tolist()}
        return json.dumps(tables)


# of a MobileFaceNet that knows no masks; for model files that say nothing of themselves
DEFAULT = SimilarityNorm(np.zeros((STATES, STATES)), np.full((STATES, STATES), 0.11))


def from_json(text: str) -> SimilarityNorm:
    """Raises `ValueError`, `KeyError` or `TypeError` for what `to_json` did not write."""
    tables = json.loads(text)
    return SimilarityNorm(
        np.array(tables["mean"], dtype=np.float64), np.array(tables["spread"], dtype=np.float64)
    )


def measure(vectors: NDArray[np.float32], person: ArrayLike, state: ArrayLike) -> SimilarityNorm:
    """From unit vectors (n, d) of people who are known apart; a pair of states that too few of them
    show keeps the figures of all pairs."""
    who, worn = np.asarray(person), np.asarray(state)
    cosine = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    different = who[:, None] != who[None, :]
    if different.sum() < FEWEST_PAIRS:
        raise ValueError(f"{different.sum()} pairs of different people; expected {FEWEST_PAIRS}")
    mean = np.full((STATES, STATES), cosine[different].mean())
    spread = np.full((STATES, STATES), cosine[different].std())
    for a in range(STATES):
        for b in range(a, STATES):
            of_two = different & (worn[:, None] == a) & (worn[None, :] == b)
            if of_two.sum() >= FEWEST_PAIRS:
                mean[a, b] = mean[b, a] = cosine[of_two].mean()
                spread[a, b] = spread[b, a] = cosine[of_two].std()
    return SimilarityNorm(mean, spread)
