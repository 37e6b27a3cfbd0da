"""What the teachers say of the faces to learn from, and which of them are seen together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.errors import DatasetError
from facesort.models.people.embed import unit
from facesort.models.people.gather import UNKNOWN, GatheredFaces
from facesort.models.people.views import Tensor

LEAST_COSINE, BELOW_MEDIAN = 0.25, 0.3  # of a bare photo with its person's mean, or it is another's
EACH = 4  # photos of a person in a batch: two masked and two bare where there are
SAMPLED = 1500  # faces that say how alike strangers are

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Teaching:
    """Of n faces on a device: ``target`` (n, d) what the teacher says, ``goal`` that and the mean
    of their person, ``other`` (n, e) what a second teacher says; ``person`` (n,) indexes
    ``centres`` (k, d), -1 unknown; ``has_bare`` (k,). ``base`` are bare faces to distil from and
    ``of_people`` the photos of each person in real masks. ``strangers`` are mean and spread of the
    cosine of two different people, for both teachers."""

    target: Tensor
    other: Tensor
    goal: Tensor
    person: Tensor
    bare: Tensor
    centres: Tensor
    has_bare: Tensor
    base: Ints
    of_people: tuple[tuple[Ints, ...], ...]
    strangers: tuple[float, float, float, float]

    def relation(self, rows: Tensor) -> Tensor:
        """How alike the bare faces ``rows`` (n,) are to both teachers together, (n, n), on the
        scale of the first one's cosine."""
        mean, spread, other_mean, other_spread = self.strangers
        one = (self.target[rows] @ self.target[rows].T - mean) / spread
        two = (self.other[rows] @ self.other[rows].T - other_mean) / other_spread
        return (mean + spread * (one + two) / 2**0.5).clamp(-1, 1)


def teach(
    data: GatheredFaces, mine: Bools, target: Vectors, other: Vectors, device: str
) -> Teaching:
    """``mine`` (n,) are the faces that may be learnt from; ``target`` and ``other`` (n, d) what two
    teachers say of all. Raises `DatasetError` where there is no bare face to learn from."""
    import torch

    bare = data.state == 0
    base = np.flatnonzero(mine & bare)
    if len(base) < 2:
        raise DatasetError(f"{len(base)} bare faces to learn from; expected 2 or more")
    numbers = np.unique(data.person[mine & (data.person != UNKNOWN)])
    person = np.full(len(data.person), -1)
    centres, has_bare = [], []
    goal = target.copy()
    for number, one in enumerate(numbers):
        rows = np.flatnonzero(mine & (data.person == one))
        chosen = rows[bare[rows]] if bare[rows].any() else rows
        agrees = _that_agree(target[chosen])
        centre = unit(target[chosen[agrees]].mean(axis=0, keepdims=True))[0]
        member = np.concatenate([chosen[agrees], rows[~bare[rows]]])
        person[member] = number
        goal[member] = unit(target[member] + centre)
        centres.append(centre)
        has_bare.append(bool(bare[rows].any()))
    if not centres:  # no known person: a centre that no face belongs to
        centres, has_bare = [target[base[0]]], [False]
    some = np.random.default_rng(0).permutation(base)[:SAMPLED]

    def on(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return Teaching(
        target=on(target),
        other=on(other),
        goal=on(goal),
        person=on(person),
        bare=on(bare),
        centres=on(np.stack(centres)),
        has_bare=on(np.array(has_bare)),
        base=base,
        of_people=_in_real_masks(person, bare, len(centres)),
        strangers=(*_strangers(target[some]), *_strangers(other[some])),
    )


def _that_agree(vectors: Vectors) -> Bools:
    if len(vectors) < 3:
        return np.ones(len(vectors), dtype=bool)
    cosine = vectors @ unit(vectors.mean(axis=0, keepdims=True))[0]
    limit = max(LEAST_COSINE, float(np.median(cosine)) - BELOW_MEDIAN)
    agree = cosine >= limit
    return agree if agree.any() else np.ones(len(vectors), dtype=bool)


def _in_real_masks(person: Ints, bare: Bools, people: int) -> tuple[tuple[Ints, ...], ...]:
    """The photos of people of whom a masked one and another are known: with bare ones, without."""
    both: list[Ints] = []
    masked: list[Ints] = []
    for one in range(people):
        rows = np.flatnonzero(person == one)
        if len(rows) > 1 and not bare[rows].all():
            (both if bare[rows].any() else masked).append(rows)
    return tuple(both), tuple(masked)


def _strangers(vectors: Vectors) -> tuple[float, float]:
    cosine = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return float(cosine.mean()), max(float(cosine.std()), 1e-6)


def batches(
    teaching: Teaching, size: int, rng: np.random.Generator
) -> Iterator[tuple[Tensor, int]]:
    """Without end: rows of a batch, and how many of them, from the first on, are there to distil
    from; the rest are `EACH` photos of people in real masks."""
    import torch

    bare = teaching.bare.cpu().numpy()
    kinds = [people for people in teaching.of_people if people]
    first = size // 2 if kinds else size
    while True:
        rows = [rng.choice(teaching.base, first)]
        for people in kinds:
            n = max(1, (size - first) // len(kinds) // EACH)
            for one in rng.choice(len(people), n, replace=n > len(people)):
                rows.append(_some_of(people[one], bare, rng))
        yield torch.from_numpy(np.concatenate(rows)).to(teaching.target.device), first


def _some_of(rows: Ints, bare: Bools, rng: np.random.Generator) -> Ints:
    masked, unmasked = rows[~bare[rows]], rows[bare[rows]]
    if not len(unmasked):
        return rng.choice(masked, EACH, replace=len(masked) < EACH)
    half = EACH // 2
    return np.concatenate([rng.choice(masked, half), rng.choice(unmasked, EACH - half)])
