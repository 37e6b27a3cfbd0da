"""A word on every face of an album: whose it is, by what the examples and the person taught. Pure.

Needs no photo and no model: the vectors are in the journal. So whatever a person corrects changes
the word on all other faces at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facesort.album.describe import quality_of
from facesort.album.gallery import Examples, build
from facesort.album.human import HumanLabel, HumanLabels
from facesort.album.identify import NOBODY
from facesort.album.people import AlbumFaces, judge_album, vector_from_text
from facesort.album.quality import LEARNING
from facesort.album.records import UNSURE, Example, Face, Judged, Learned, Scan
from facesort.classes import CLASS_NAMES
from facesort.models.people import likeness

NOT_DESCRIBED = Judged(UNSURE, "", 0.0, "could not be described")


def judge_scans(
    learned: Learned, names: Sequence[str], labels: HumanLabels, scans: Iterable[Scan]
) -> dict[str, tuple[Judged, ...]]:
    """Photo: a word on each of its faces, the folder being one of ``names`` or none's.

    ``scans`` is the whole album, filed or not: how sure one must be depends on it. Faces that a
    person has named are examples too.
    """
    every = list(scans)
    rows = [
        (number, face, label)
        for number, scan in enumerate(every)
        for face, label in zip(scan.faces, labels.on_faces(scan), strict=True)
        if face.identity is not None and face.identity.by == learned.by
    ]
    index = {name: person for person, name in enumerate(names)}
    taught = [as_example(face, label) for _, face, label in rows if label and label.teaches]
    known = [one for one in (*learned.examples, *taught) if one and one.person in index]
    examples = Examples(
        vectors_of(known),
        np.array([index[one.person] for one in known], dtype=np.int64),
        worn_by(known),
    )
    found = judge_album(
        build(examples, len(names), likeness.from_json(learned.likeness)),
        names,
        _album([face for _, face, _ in rows], [number for number, _, _ in rows]),
        learned.precision,
        learned.allow_twins,
        told={row: index.get(said.folder, NOBODY) for row, (_, _, said) in enumerate(rows) if said},
    )
    words = {(number, face): one for (number, face, _), one in zip(rows, found, strict=True)}
    return {
        scan.photo: tuple(words.get((number, face), NOT_DESCRIBED) for face in scan.faces)
        for number, scan in enumerate(every)
    }


def as_example(face: Face, label: HumanLabel) -> Example | None:
    """What a face that a person has named teaches; nothing, if it is too poor to learn from."""
    if face.identity is None or quality_of(face).too_poor(LEARNING):
        return None
    return Example(label.folder, face.class_name, face.identity.vector)


def _album(faces: Sequence[Face], photo: Sequence[int]) -> AlbumFaces:
    quality = tuple(map(quality_of, faces))
    numbers = np.array(photo, dtype=np.int64)
    return AlbumFaces(vectors_of(faces), worn_by(faces), numbers, quality)


def vectors_of(faces: Iterable[Face | Example]) -> NDArray[np.float32]:
    """(n, d); a face without identity is passed over."""
    texts = [one.vector if isinstance(one, Example) else _text(one) for one in faces]
    vectors = [vector_from_text(text) for text in texts if text]
    return np.stack(vectors) if vectors else np.empty((0, 0), np.float32)


def worn_by(faces: Iterable[Face | Example]) -> NDArray[np.int64]:
    """(n,) class index of what each wears."""
    return np.array([CLASS_NAMES.index(face.class_name) for face in faces], dtype=np.int64)


def _text(face: Face) -> str:
    return face.identity.vector if face.identity else ""
