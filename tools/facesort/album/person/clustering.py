"""Groups of faces that look alike become ``person_01``, ``person_02``, ... until renamed.

What is found in an album becomes examples, as if a person had given them. So later photos, renamed
folders and corrections need nothing of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.assignment import UNKNOWN_BELOW
from facesort.album.person.classify import album_faces, as_example, known_examples, to_arrays
from facesort.album.person.examples import ALIKE, Examples, capped
from facesort.album.person.gallery import Ints, build
from facesort.album.person.identification import AlbumFaces
from facesort.album.person.quality import LEARNING
from facesort.album.records import STRANGERS, Example, Learned, Scan
from facesort.album.user_labels import UserLabels
from facesort.classes import CLASS_NAMES
from facesort.models.people import similarity_norm
from facesort.models.people.similarity_norm import SimilarityNorm

SAME_PHOTO = -4.0  # likeness of two faces of one photo: hardly ever one person
FEWEST = 3  # faces of a person; fewer are a passer-by
FEWEST_SHARE = 0.01  # of the faces of the most frequent one, likewise
MOST_PEOPLE = 100  # who is rarer than that is found when the others have names
BLOCK = 3000  # faces of which every pair is compared: 36 MB
IN_ALL = 2400  # examples kept of all people together
LONE = -1


def find_people(
    faces: AlbumFaces,
    known: Examples,
    likeness: SimilarityNorm,
    allow_twins: bool = False,
    fresh: NDArray[np.bool_] | None = None,
) -> list[Examples]:
    """Examples of each person of ``faces`` who is none of ``known``, whom most faces show first.

    Where ``fresh`` (n,) is given, a person who is on none of these faces was looked for before.
    Faces too poor to learn from make no new person: like all others, the examples judge them.
    """
    size = np.array([one.side_px for one in faces.quality])
    good = np.array([not one.reject_reason(LEARNING) for one in faces.quality], dtype=bool)
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
    faces: AlbumFaces, rows: Ints, likeness: SimilarityNorm, allow_twins: bool = False
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
    faces: AlbumFaces, rows: Ints, known: Examples, people: int, likeness: SimilarityNorm
) -> Ints:
    """The person whom each of ``rows`` is likeliest to show, `LONE` where it is none."""
    if not len(known):
        return np.full(len(rows), LONE)
    gallery = build(known, people, likeness)
    probability = gallery.probability(faces.vectors[rows], faces.state[rows])
    likeliest = probability.argmax(axis=1)
    return np.where(probability.max(axis=1) < UNKNOWN_BELOW, LONE, likeliest)


_PREFIX = "person_"
NUMBERED = re.compile(_PREFIX + r"(\d+)")


def numbered(number: int) -> str:
    return f"{_PREFIX}{number:02d}"


def is_numbered(name: str) -> bool:
    """Is it a name that we gave, not a person?"""
    return bool(NUMBERED.fullmatch(name))


def names_of(learned: Learned) -> tuple[str, ...]:
    """Who has examples, in the order of the examples."""
    return tuple(dict.fromkeys(one.person for one in learned.examples))


def found_line(names: Collection[str], dst: Path) -> str:
    if not names:
        return "no new person is in the album often enough for a folder"
    in_order = sorted(names, key=lambda name: (len(name), name))
    shown = " to ".join(dict.fromkeys((in_order[0], in_order[-1])))
    return (
        f"people found: {len(names)} ({shown}); rename their folders in {dst / 'faces'}, move one "
        f"into another where both are one person, then run learn_corrections.py {dst} --apply"
    )


def without_unused(learned: Learned, used: Container[str]) -> Learned:
    """``learned`` without the numbered people who are not ``used``; the numbers after them close
    the gap. ``learned`` itself where all are used.

    A person may be found in faces that are too poor, or too much like another's, to be filed.
    """
    number = {name: int(name[len(_PREFIX) :]) for name in names_of(learned) if is_numbered(name)}
    unused = [name for name in number if name not in used]
    if not unused:
        return learned
    first = min(number[name] for name in unused)
    later = [name for name in number if name in used and number[name] > first]
    new = {name: numbered(n) for n, name in enumerate(later, first)}
    kept = [
        replace(one, person=new.get(one.person, one.person))
        for one in learned.examples
        if one.person not in unused
    ]
    return replace(learned, examples=tuple(kept))


def with_people_found(
    learned: Learned,
    taken: Iterable[str],
    labels: UserLabels,
    scans: Iterable[Scan],
    new_photos: Container[str],
) -> Learned:
    """``learned``, and examples of everybody else who is in ``scans`` often enough, and in one of
    ``new_photos``. Their numbers go on after those of ``taken``. Faces with a correction
    make no new person."""
    every = sorted(scans, key=lambda scan: scan.photo)
    rows = [
        (number, face, label)
        for number, scan in enumerate(every)
        for face, label in zip(scan.faces, labels.on_faces(scan), strict=True)
        if face.identity is not None and face.identity.by == learned.by
    ]
    spoken = [(face, label) for _, face, label in rows if label]
    known = known_examples(learned, spoken)
    strange = [as_example(face, label) for face, label in spoken if label.folder == STRANGERS]
    known += [one for one in strange if one]  # a known stranger is no new person
    names = tuple(dict.fromkeys(one.person for one in known))
    silent = [(number, face) for number, face, label in rows if not label]
    faces = album_faces([face for _, face in silent], [number for number, _ in silent])
    found = find_people(
        faces,
        to_arrays(known, names),
        similarity_norm.from_json(learned.likeness),
        learned.allow_twins,
        fresh=np.array([every[number].photo in new_photos for number, _ in silent], dtype=bool),
    )
    matches = filter(None, map(NUMBERED.fullmatch, (*taken, *names)))
    first = 1 + max((int(match[1]) for match in matches), default=0)
    # the very text that the face has, so that what is said of the face is said of the example
    texts = {
        vector.tobytes(): face.identity.vector
        for vector, (_, face) in zip(faces.vectors, silent, strict=True)
        if face.identity
    }
    new = [
        Example(numbered(number), CLASS_NAMES[state], texts[vector.tobytes()])
        for number, one in enumerate(found, start=first)
        for vector, state in zip(one.vectors, one.state, strict=True)
    ]
    by_hand = {face.identity.vector for face, _ in spoken if face.identity}
    given = [one for one in learned.examples if one.vector not in by_hand]
    return replace(learned, examples=(*given, *new))
