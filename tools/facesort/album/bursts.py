"""The same face a moment later: which faces of photos next to each other are one person's. Pure.

Cameras number photos in the order in which they are taken, so the next ones by name are the next in
time. Where they show a face that is hardly another's, the pictures of it vote together, and what a
person says of one holds for all. No two faces of a photo are ever one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.models.people.likeness import Likeness

NEXT_PHOTOS = 3  # how many photos on a face is looked for
SAME_FACE = 5.0  # likeness, in deviations

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def groups(
    vectors: NDArray[np.float32],
    state: Ints,
    photo: Ints,
    likeness: Likeness,
    same_face: float = SAME_FACE,
    next_photos: int = NEXT_PHOTOS,
) -> Ints:
    """A number for each face (n,), the same for faces that are one person's: of unit ``vectors``
    (n, d), ``state`` (n,) is what they wear, ``photo`` (n,) counts photos in order."""
    order = np.argsort(photo, kind="stable")
    rows = [
        _links(vectors, state, photo, likeness, order, d, next_photos)
        for d in _apart(photo, order, next_photos)
    ]
    links = np.concatenate(rows) if rows else np.empty((0, 3))
    links = links[links[:, 2] >= same_face]
    members = {int(i): [int(i)] for i in range(len(photo))}
    group = np.arange(len(photo))
    for a, b, _ in links[np.argsort(-links[:, 2], kind="stable")]:
        one, other = sorted((int(group[int(a)]), int(group[int(b)])))
        if one != other and not set(photo[members[one]]) & set(photo[members[other]]):
            members[one] += members.pop(other)
            group[members[one]] = one
    return group


def _apart(photo: Ints, order: Ints, next_photos: int) -> range:
    """How far apart in ``order`` two faces of photos near each other can be."""
    _, faces = np.unique(photo[order], return_counts=True)
    together = np.convolve(faces, np.ones(next_photos + 1, dtype=np.int64))
    return range(1, int(together.max(initial=1)))


def _links(
    vectors: NDArray[np.float32],
    state: Ints,
    photo: Ints,
    likeness: Likeness,
    order: Ints,
    apart: int,
    next_photos: int,
) -> Floats:
    """Faces ``apart`` in ``order`` whose photos are near: (m, 3) of either and their likeness."""
    a, b = order[:-apart], order[apart:]
    gap = photo[b] - photo[a]
    near = (gap > 0) & (gap <= next_photos)
    a, b = a[near], b[near]
    cosine = np.einsum("nd,nd->n", vectors[a], vectors[b]).astype(np.float64)
    alike = (cosine - likeness.mean[state[a], state[b]]) / likeness.spread[state[a], state[b]]
    return np.column_stack([a, b, alike])


def together(scores: Floats, group: Ints, counts: NDArray[np.bool_]) -> Floats:
    """``scores`` (n, people), each the mean over its group's faces that ``counts`` (n,)."""
    weight = np.bincount(group, weights=counts, minlength=len(group))
    total = np.zeros_like(scores)
    np.add.at(total, group[counts], scores[counts])
    voted = total[group] / np.maximum(weight[group], 1)[:, None]
    return np.where((counts & (weight[group] > 0))[:, None], voted, scores)
