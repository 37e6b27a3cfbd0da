"""Same person or not? What an embedding says of pairs of faces, as face verification counts it.

Every pair of two photos counts: of the same person, and of different ones (LFW's protocol takes
6,000 of them, http://vis-www.cs.umass.edu/lfw/; with all pairs, 1e-3 false accepts can be seen).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.errors import DatasetError

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Verification:
    """``true_accepts``: share of same-person pairs above the likeness that ``false_accepts`` of
    the others reach; ``accuracy`` at the best likeness, both kinds counting alike."""

    true_accepts: float
    false_accepts: float
    accuracy: float
    same_pairs: int
    other_pairs: int


def verify(
    a: Vectors, b: Vectors, person: NDArray[np.int64], false_accepts: float = 1e-3
) -> Verification:
    """``a`` and ``b`` (n, d) are unit vectors of the same n photos, in two states (or one, given
    twice); a photo is never compared with itself. Raises `DatasetError` where pairs are missing."""
    cosine = a @ b.T
    same = person[:, None] == person[None, :]
    another = ~np.eye(len(person), dtype=bool)
    alike, apart = cosine[same & another], np.sort(cosine[~same])
    if not len(alike) or len(apart) * false_accepts < 1:
        raise DatasetError(
            f"{len(alike)} pairs of one person, {len(apart)} of two: too few to tell "
            f"{false_accepts:g} false accepts; expected several photos each of many people"
        )
    limit = apart[len(apart) - int(len(apart) * false_accepts)]
    return Verification(
        true_accepts=float((alike > limit).mean()),
        false_accepts=false_accepts,
        accuracy=best_accuracy(alike, apart),
        same_pairs=len(alike),
        other_pairs=len(apart),
    )


def best_accuracy(alike: Vectors, apart_sorted: Vectors) -> float:
    """Mean of both shares of right answers, at the limit where it is largest."""
    limits = np.unique(np.concatenate([alike, apart_sorted]))
    if len(limits) > 2000:
        limits = np.quantile(limits, np.linspace(0, 1, 2000))
    accepted = 1 - np.searchsorted(np.sort(alike), limits) / len(alike)
    refused = np.searchsorted(apart_sorted, limits) / len(apart_sorted)
    return float(((accepted + refused) / 2).max())
