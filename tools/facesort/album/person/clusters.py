"""Who is in an album of which nobody has named a face: groups of faces that look alike. Pure.

Average-linkage clustering of likenesses (SciPy's; complete linkage found 7 % less, DBSCAN chains
through one doubtful face). It needs every pair, so the best `BLOCK` faces go first; who of the rest
looks like the people found is theirs, and the next block is taken from those that look like nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.gallery import ALIKE, Examples, Ints, build, capped
from facesort.album.person.people import AlbumFaces
from facesort.album.person.quality import LEARNING
from facesort.models.people.likeness import Likeness

SAME_PHOTO = -4.0  # likeness of two faces of one photo: hardly ever one person
FEWEST = 3  # faces of a person; fewer are a passer-by
FEWEST_SHARE = 0.01  # of the faces of the most frequent one, likewise
MOST_PEOPLE = 100  # who is rarer than that is found when the others have names
BLOCK = 3000  # faces of which every pair is compared: 36 MB
IN_ALL = 2400  # examples kept of all people together
NOBODY_BELOW = 0.3  # probability; as `identify.name_faces` has it
LONE = -1


def find_people(
    faces: AlbumFaces,
    known: Examples,
    likeness: Likeness,
    allow_twins: bool = False,
    fresh: NDArray[np.bool_] | None = None,
) -> list[Examples]:
    """Examples of each person of ``faces`` who is none of ``known``, whom most faces show first.

    Where ``fresh`` (n,) is given, somebody who is on none of these faces was looked for before.
    Faces too poor to learn from are nobody's: they are judged by the examples, like all others.
    """
    size = np.array([one.side_px for one in faces.quality])
    good = np.array([not one.too_poor(LEARNING) for one in faces.quality], dtype=bool)
    left = np.flatnonzero(good)[np.argsort(-size[good], kind="stable")]
    first_new = people = int(known.person.max(initial=-1)) + 1
    while len(left) and people - first_new < MOST_PEOPLE:
        left = left[_looks_like(faces, left, known, people, likeness) == LONE]
        block, left = left[:BLOCK], left[BLOCK:]
        groups = group(faces, block, likeness, allow_twins)
        new = _examples(faces, block, groups, people)
        known, people = _both(known, new), people + len(groups)
    rows = np.flatnonzero(good)
    who = _looks_like(faces, rows, known, people, likeness)
    shown = np.bincount(who[who >= first_new], minlength=people)
    enough = max(FEWEST, FEWEST_SHARE * shown.max(initial=0))
    is_new = set(who.tolist() if fresh is None else who[fresh[rows]].tolist())
    order = sorted(range(first_new, people), key=lambda one: -shown[one])[:MOST_PEOPLE]
    chosen = [one for one in order if shown[one] >= enough and one in is_new]
    return [known.take(known.person == one) for one in chosen]


def group(
    faces: AlbumFaces, rows: Ints, likeness: Likeness, allow_twins: bool = False
) -> list[Ints]:
    """``rows`` of ``faces`` in groups of at least `FEWEST`, largest first; the rest is left out. No
    two of a group are in one photo unless ``allow_twins``."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(rows) < FEWEST:
        return []
    vectors, state, photo = faces.vectors[rows], faces.state[rows], faces.photo[rows]
    alike = likeness.of(vectors @ vectors.T, state, state)
    if not allow_twins:
        alike[photo[:, None] == photo[None, :]] = SAME_PHOTO
    top = float(alike.max())
    away = top - (alike + alike.T) / 2
    np.fill_diagonal(away, 0.0)
    tree = linkage(squareform(away, checks=False), "average")
    label = fcluster(tree, top - ALIKE, "distance")
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    if not allow_twins:
        groups = [_once_in_a_photo(one, alike, photo) for one in groups]
    groups = [rows[one] for one in groups if len(one) >= FEWEST]
    return sorted(groups, key=lambda one: -len(one))


def _once_in_a_photo(group: Ints, alike: NDArray[np.float64], photo: Ints) -> Ints:
    """Of two faces in one photo, the one that is more like the others."""
    fits = alike[np.ix_(group, group)].mean(axis=1)
    best_first = group[np.argsort(-fits, kind="stable")]
    return best_first[np.sort(np.unique(photo[best_first], return_index=True)[1])]


def _examples(faces: AlbumFaces, block: Ints, groups: list[Ints], first: int) -> Examples:
    per_state = int(np.clip(IN_ALL // (2 * max(len(groups), 1)), 4, 40))
    rows = np.concatenate([block[:0], *groups])
    person = np.repeat(np.arange(len(groups)), [len(one) for one in groups]) + first
    return capped(Examples(faces.vectors[rows], person, faces.state[rows]), per_state)


def _both(one: Examples, other: Examples) -> Examples:
    return Examples(
        np.concatenate([one.vectors.reshape(len(one), other.vectors.shape[1]), other.vectors]),
        np.concatenate([one.person, other.person]),
        np.concatenate([one.state, other.state]),
    )


def _looks_like(
    faces: AlbumFaces, rows: Ints, known: Examples, people: int, likeness: Likeness
) -> Ints:
    """The person whom each of ``rows`` is likeliest to show, `LONE` where it is none."""
    if not len(known):
        return np.full(len(rows), LONE)
    gallery = build(known, people, likeness)
    probability = gallery.probability(faces.vectors[rows], faces.state[rows])
    likeliest = probability.argmax(axis=1)
    return np.where(probability.max(axis=1) < NOBODY_BELOW, LONE, likeliest)
