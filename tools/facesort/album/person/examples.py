"""Faces whose person is known, as arrays; the most telling of them, and whose are alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.models.people.similarity_norm import STATES, SimilarityNorm

ALIKE = 2.7  # mean likeness of two groups of faces that are one person's; tests/benchmarks
RESEMBLING = 1.5  # as siblings may be; other pairs of people hardly ever

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Examples:
    """Faces whose person is known: unit ``vectors`` (n, d), ``person`` (n,) from 0 on, ``state``
    (n,) the class index of what is worn, ``weight`` (n,) what each is worth, above 0 to 1 (1 where
    it is not given). Raises `ValueError` where they do not fit together."""

    vectors: Vectors
    person: Ints
    state: Ints
    weight: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        n = len(self.vectors)
        if not len(self.weight):
            object.__setattr__(self, "weight", np.ones(n))
        if self.weight.shape != (n,) or not ((self.weight > 0) & (self.weight <= 1)).all():
            raise ValueError(f"weight {self.weight.shape}; expected ({n},) numbers above 0 to 1")
        if self.vectors.ndim != 2 or self.person.shape != (n,) or self.state.shape != (n,):
            raise ValueError(
                f"vectors {self.vectors.shape}, person {self.person.shape}, state "
                f"{self.state.shape}; expected (n, d), (n,), (n,)"
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError("a vector is not finite")
        if n and not (
            self.person.min() >= 0 and 0 <= self.state.min() <= self.state.max() < STATES
        ):
            raise ValueError(f"person: expected 0 or more; state: expected 0 to {STATES - 1}")

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: ArrayLike) -> Examples:
        """Those of ``rows``, indices or a mask."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        rows = self.vectors[chosen], self.person[chosen], self.state[chosen], self.weight[chosen]
        return Examples(*rows)


def capped(examples: Examples, per_state: int) -> Examples:
    """At most ``per_state`` examples of each person in each state: those whose mean stays nearest
    to the mean of all (herding, Rebuffi et al. 2017, https://arxiv.org/abs/1611.07725)."""
    return examples.take(capped_rows(examples, per_state))


def capped_rows(examples: Examples, per_state: int) -> Ints:
    """The rows of those, in order."""
    kept: list[int] = []
    groups = examples.person * STATES + examples.state
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        kept += rows[_herd(examples.vectors[rows], per_state)].tolist()
    return np.array(sorted(kept), dtype=np.int64)


def joined(examples: Examples, more: Examples | None) -> Examples:
    """``examples``, then ``more``."""
    if more is None or not len(more):
        return examples
    if not len(examples):
        return more
    return Examples(
        np.concatenate([examples.vectors, more.vectors]),
        np.concatenate([examples.person, more.person]),
        np.concatenate([examples.state, more.state]),
        np.concatenate([examples.weight, more.weight]),
    )


def alike(
    examples: Examples, likeness: SimilarityNorm, least: float = ALIKE
) -> list[tuple[int, int]]:
    """Pairs of persons whose examples are as alike as one person's are, or of a mean likeness of
    ``least``."""
    people, mean = mean_likeness(examples, likeness)
    found = np.argwhere(np.triu(mean >= least, k=1))
    return [(int(people[one]), int(people[other])) for one, other in found]


def mean_likeness(examples: Examples, likeness: SimilarityNorm) -> tuple[Ints, Floats]:
    """The persons that have examples, and how alike those of each two are on the whole."""
    people = np.unique(examples.person)
    cosine = examples.vectors @ examples.vectors.T
    pairs = likeness.of(cosine, examples.state, examples.state)
    pairs = np.clip(pairs, -2 * ALIKE, 2 * ALIKE)  # a photo in the wrong folder decides nothing
    mine = (examples.person[:, None] == people).astype(float)
    count = mine.sum(axis=0)
    return people, mine.T @ pairs @ mine / np.outer(count, count)


def _herd(vectors: Vectors, most: int) -> Ints:
    if len(vectors) <= most:
        return np.arange(len(vectors))
    rows = vectors.astype(np.float64)
    to_mean, squares = rows @ rows.mean(axis=0), np.einsum("nd,nd->n", rows, rows)
    total, chosen = np.zeros(rows.shape[1]), list[int]()
    for size in range(1, most + 1):
        # squared distance of (total + row) / size to the mean, but for what all rows share
        away = (squares + 2 * (rows @ total)) / size - 2 * to_mean
        away[chosen] = np.inf
        chosen.append(int(away.argmin()))
        total += rows[chosen[-1]]
    return np.array(chosen, dtype=np.int64)
