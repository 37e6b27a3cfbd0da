"""How alike two faces are, whatever they wear.

Two strangers in masks look more alike to a network than two bare strangers do. So the likeness of a
pair is given in deviations from what different people reach who wear the same two things (z-norm,
Auckenthaler et al. 2000, https://doi.org/10.1006/dspr.1999.0360, for pairs of states): 0 for any
two people, above 3 for hardly any two. A model says in its metadata what its own figures are, by
the names of the classes: it may know fewer than we do, others, or the same in another order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.classes import CLASS_NAMES, parse_class
from facesort.errors import LabelError

UNNAMED = ("face", "masked", "sunglasses", "masked_sunglasses")  # of tables without "classes"
STATES = len(CLASS_NAMES)
FEWEST_PAIRS = 200  # of different people, or the mean of a pair of states is chance

Floats = NDArray[np.float64]


def _check(mean: Floats, spread: Floats, side: int) -> None:
    for name, table in (("mean", mean), ("spread", spread)):
        if table.shape != (side, side) or not side or not np.isfinite(table).all():
            raise ValueError(f"{name} {table.shape}; expected ({side}, {side}) numbers")
        if not np.allclose(table, table.T):
            raise ValueError(f"{name} is not symmetric")
    if not (spread > 0).all():
        raise ValueError("spread: expected numbers above 0")


@dataclass(frozen=True, eq=False)
class SimilarityNorm:
    """``mean`` and ``spread`` (`STATES`, `STATES`): cosine of two different people, by the state
    (class index) of either. Raises `ValueError` for other shapes, asymmetry, or a spread that is
    not above 0."""

    mean: Floats
    spread: Floats

    def __post_init__(self) -> None:
        _check(self.mean, self.spread, STATES)

    def of(self, cosine: ArrayLike, state: ArrayLike, other_state: ArrayLike) -> Floats:
        """Deviations (n, m) for cosines (n, m) of faces in ``state`` (n,) and ``other_state``."""
        worn, columns = np.asarray(state, np.int64), np.asarray(other_state, np.int64)
        away = np.array(cosine, dtype=np.float64)
        for one in np.unique(worn):  # a table of all pairs would take longer than their cosines
            rows = np.flatnonzero(worn == one)
            some = away[rows]
            some -= self.mean[one, columns]
            some /= self.spread[one, columns]
            away[rows] = some
        return away

    def to_json(self) -> str:
        tables = {"mean": self.mean.round(4).tolist(), "spread": self.spread.round(4).tolist()}
        return json.dumps({"classes": CLASS_NAMES} | tables)


# of a MobileFaceNet that knows no masks; for model files that say nothing of themselves
DEFAULT = SimilarityNorm(np.zeros((STATES, STATES)), np.full((STATES, STATES), 0.11))


def from_json(text: str) -> SimilarityNorm:
    """The figures of the classes that we know, whatever the table's are. A class of ours that it
    does not know has its largest figures: no face is taken for another's because of what no encoder
    was measured on. Raises `ValueError`, `KeyError` or `TypeError` for what is no such table."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise TypeError(f"{text[:40]}: expected an object")
    names = [_known_as(name) for name in content.get("classes", UNNAMED)]
    if len(set(names)) < len(names):
        raise ValueError(f"classes {', '.join(names)}: one is there twice")
    tables = [np.array(content[name], dtype=np.float64) for name in ("mean", "spread")]
    _check(tables[0], tables[1], len(names))
    ours = [name for name in CLASS_NAMES if name in names]
    here, there = ([all_.index(name) for name in ours] for all_ in (CLASS_NAMES, names))
    aligned = [np.full((STATES, STATES), table.max()) for table in tables]
    for to, table in zip(aligned, tables, strict=True):
        to[np.ix_(here, here)] = table[np.ix_(there, there)]
    return SimilarityNorm(aligned[0], aligned[1])


def _known_as(name: str) -> str:
    """Our name of a class, or its own where it is none of ours."""
    try:
        return parse_class(name).name
    except LabelError:
        return name
    except AttributeError:
        raise TypeError(f"class {name!r}; expected a name") from None


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
