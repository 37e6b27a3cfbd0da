"""Whose face is it: names for the faces of one photo, or the plain admission not to know. Pure.

A person is in a photo once. Where two faces look most like the same person, the pair of names that
is likeliest as a whole wins, not the first face.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
NEVER = 1.1  # a probability that none is
UNKNOWN_BELOW = 0.3  # for everybody: the face is a stranger's
LIKELIER_THAN_NOT = 0.5
RESERVE = 0.25  # of the mistakes that a precision allows; on albums of people kept apart
LOOK_ALIKE_DOUBT = 0.5  # of the doubt that is allowed elsewhere, for people who look alike

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Decision(Enum):
    """What is done with a face."""

    person = "person"
    unsure = "unsure"
    unknown = "stranger"


@dataclass(frozen=True)
class NamedFace:
    """One face: ``person`` is the index of the likeliest one (`UNKNOWN` for a stranger), also
    where the verdict is ``unsure``; ``probability`` that it is right."""

    verdict: Decision
    person: int
    probability: float


def name_faces(
    probability: Floats,
    photo: Sequence[int] | Ints,
    sure_from: float | Floats,
    unknown_below: float = UNKNOWN_BELOW,
    allow_twins: bool = False,
) -> list[NamedFace]:
    """Name each face.

    ``probability`` (n, people): that face i is person j, each row at most 1 in sum; ``photo`` (n,)
    says which faces share a photo; from ``sure_from`` on, one number or one a person, a name is
    given, below ``unknown_below`` for everybody the face is a stranger's. ``allow_twins`` lets a
    person be in a photo twice (a mirror, an image on the wall, a collage).
    """
    wanted = np.asarray(probability, dtype=np.float64)
    photos = np.asarray(photo, dtype=np.int64)
    if wanted.ndim != 2 or photos.shape != wanted.shape[:1]:
        raise ValueError(f"probability {wanted.shape}, photo {photos.shape}; expected (n, p), (n,)")
    if not np.isfinite(wanted).all():
        raise ValueError("a probability is not finite")
    if wanted.shape[1] == 0:
        return [NamedFace(Decision.unknown, UNKNOWN, 0.0)] * len(wanted)
    person = wanted.argmax(axis=1)
    if not allow_twins:
        order = np.argsort(photos, kind="stable")
        starts = np.flatnonzero(np.diff(photos[order])) + 1
        for rows in np.split(order, starts):
            if len(np.unique(person[rows])) < len(rows):
                person[rows] = assign(wanted[rows])
    best = wanted.max(axis=1, initial=0.0)
    limits = np.broadcast_to(np.asarray(sure_from, dtype=np.float64), wanted.shape[1:])
    return [
        _named(wanted[i], int(person[i]), float(best[i]), limits, unknown_below)
        for i in range(len(wanted))
    ]


def _named(
    row: Floats, person: int, best: float, sure_from: Floats, unknown_below: float
) -> NamedFace:
    if best < unknown_below:
        return NamedFace(Decision.unknown, UNKNOWN, best)
    if person == UNKNOWN:
        return NamedFace(Decision.unsure, UNKNOWN, best)
    verdict = Decision.person if row[person] >= sure_from[person] else Decision.unsure
    return NamedFace(verdict, person, float(row[person]))


def sure_from(best: Floats, precision: float) -> float:
    """From which probability on a name is given, so that at least ``precision`` of the names can be
    expected to be right; 1.1 where none can. ``best`` (n,) are the likeliest names' probabilities.

    A quarter of the mistakes allowed is kept in reserve for what probabilities do not know: a
    blurred face, a brother, an example of another person. A name that is likelier wrong than right
    is not given, however sure all others are: what counts is the one stranger in a person's folder.
    """
    if not len(best):
        return NEVER
    ordered = -np.sort(-np.asarray(best, dtype=np.float64))
    expected = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    enough = np.flatnonzero(expected >= 1 - (1 - precision) * (1 - RESERVE))
    return max(float(ordered[enough[-1]]), LIKELIER_THAN_NOT) if len(enough) else NEVER


def stricter(limit: float, people: int, look_alikes: Iterable[tuple[int, int]]) -> Floats:
    """``limit`` for each of ``people``, leaving less doubt for those of pairs that look alike: the
    other person's face is the mistake that a probability knows least of."""
    limits = np.full(people, limit)
    pairs = np.unique(np.array(list(look_alikes), dtype=np.int64))
    limits[pairs] = np.where(limits[pairs] < 1, 1 - (1 - limit) * LOOK_ALIKE_DOUBT, limits[pairs])
    return limits


def assign(probability: Floats) -> Ints:
    """Persons (n,) for the faces of one photo, none twice, so that the product of probabilities
    is largest; `UNKNOWN` where being a stranger is likelier than any name left."""
    from scipy.optimize import linear_sum_assignment

    faces, people = probability.shape
    unknown = 1.0 - probability.sum(axis=1)
    chances = np.hstack([probability, np.repeat(unknown[:, None], faces, axis=1)])
    cost = -np.log(np.clip(chances, 1e-9, 1.0))
    rows, columns = linear_sum_assignment(cost)
    person = np.full(faces, UNKNOWN, dtype=np.int64)
    person[rows] = np.where(columns < people, columns, UNKNOWN)
    return person
