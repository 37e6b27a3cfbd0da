"""People without a name yet: ``person_01``, ``person_02``, ..., until a person renames the folder.

What is found in an album becomes examples, as if somebody had given them. So later photos, renamed
folders and corrections need nothing of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from facesort.album.human import HumanLabels
from facesort.album.person.clusters import find_people
from facesort.album.person.judge import album_faces, as_example, known_examples, to_arrays
from facesort.album.records import STRANGERS, Example, Learned, Scan
from facesort.classes import CLASS_NAMES
from facesort.models.people import likeness

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
        return "nobody new is in the album often enough for a folder"
    in_order = sorted(names, key=lambda name: (len(name), name))
    shown = " to ".join(dict.fromkeys((in_order[0], in_order[-1])))
    return (
        f"people found: {len(names)} ({shown}); rename their folders in {dst / 'faces'}, move one "
        f"into another where both are one person, then run learn_corrections.py {dst} --apply"
    )


def without_unused(learned: Learned, used: Container[str]) -> Learned:
    """``learned`` without the numbered people who are not ``used``; the numbers after them close
    the gap. ``learned`` itself where all are used.

    Somebody may be found in faces that are too poor, or too much like another's, to be filed.
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
    labels: HumanLabels,
    scans: Iterable[Scan],
    new_photos: Container[str],
) -> Learned:
    """``learned``, and examples of everybody else who is in ``scans`` often enough, and in one of
    ``new_photos``. Their numbers go on after those of ``taken``. Faces that a person has spoken of
    are nobody new's."""
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
    known += [one for one in strange if one]  # who was called that is nobody new
    names = tuple(dict.fromkeys(one.person for one in known))
    silent = [(number, face) for number, face, label in rows if not label]
    faces = album_faces([face for _, face in silent], [number for number, _ in silent])
    found = find_people(
        faces,
        to_arrays(known, names),
        likeness.from_json(learned.likeness),
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
