"""The same face a moment later: which faces of photos next to each other are one person's. Pure.

Cameras number photos in the order in which they are taken, so the next ones by name are the next in
time. Where they show a face that is hardly another's, the images of it vote together, and what a
person says of one holds for all. No two faces of a photo are ever one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.models.people.similarity_norm import SimilarityNorm

NEXT_PHOTOS = 3  # how many photos on a face is looked for
SAME_FACE = 5.0  # likeness, in deviations: nine in ten of a burst, and no other person, measured
ROWS = 4096

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


def groups(vectors: Vectors, state: Ints, photo: Ints, likeness: SimilarityNorm) -> Ints:
    """A number for each face (n,), the same for faces that are one person's: of unit ``vectors``
    (n, d), ``state`` (n,) is what they wear, ``photo`` (n,) counts photos in order."""
    order = np.argsort(photo, kind="stable")
    links = _links(vectors, order, state[order], photo[order], likeness)
    group = np.arange(len(photo))
    members = {one: [one] for one in range(len(photo))}
    for a, b in order[links]:
        one, other = sorted((int(group[a]), int(group[b])))
        if one != other and not set(photo[members[one]]) & set(photo[members[other]]):
            members[one] += members.pop(other)
            group[members[one]] = one
    return group


def _links(
    vectors: Vectors, order: Ints, state: Ints, photo: Ints, likeness: SimilarityNorm
) -> Ints:
    """Pairs (m, 2) of faces, numbered in ``order`` of ``photo``, that are one person's; the most
    alike first. ``state`` and ``photo`` are in that order already."""
    mean, spread = likeness.mean, likeness.spread
    pairs, strength = [np.empty((0, 2), dtype=np.int64)], [np.empty(0)]
    for apart in range(1, _most_near(photo)):
        near = np.flatnonzero(
            (photo[apart:] > photo[:-apart]) & (photo[apart:] - photo[:-apart] <= NEXT_PHOTOS)
        )
        a, b = near, near + apart
        cosine = _cosines(vectors, order[a], order[b])
        alike = (cosine - mean[state[a], state[b]]) / spread[state[a], state[b]]
        same = alike >= SAME_FACE
        pairs.append(np.column_stack([a, b])[same])
        strength.append(alike[same])
    best_first = np.argsort(-np.concatenate(strength), kind="stable")
    return np.concatenate(pairs)[best_first]


def _cosines(vectors: Vectors, a: Ints, b: Ints) -> Floats:
    """Of rows ``a`` and ``b`` (n,), some at a time: all vectors twice would be much memory."""
    cosines = np.empty(len(a))
    for i in range(0, len(a), ROWS):
        rows = slice(i, i + ROWS)
        cosines[rows] = np.einsum("nd,nd->n", vectors[a[rows]], vectors[b[rows]])
    return cosines


def _most_near(photo: Ints) -> int:
    """The most faces that a photo and the next ones have together."""
    _, faces = np.unique(photo, return_counts=True)
    return int(np.convolve(faces, np.ones(NEXT_PHOTOS + 1)).max()) if len(faces) else 0


def together(scores: Floats, group: Ints, counts: NDArray[np.bool_]) -> Floats:
    """``scores`` (n, people), each the mean over its group's faces that ``counts`` (n,)."""
    weight = np.bincount(group, weights=counts, minlength=len(group))
    total = np.zeros_like(scores)
    np.add.at(total, group[counts], scores[counts])
    voted = total[group] / np.maximum(weight[group], 1)[:, None]
    return np.where((counts & (weight[group] > 0))[:, None], voted, scores)
