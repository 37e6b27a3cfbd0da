"""Prediction for every face of an album: whose it is, from examples and corrections. Pure.

Needs no photo and no model: the vectors are in the journal. So whatever a person corrects changes
the word on all other faces at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.assignment import UNKNOWN
from facesort.album.person.ensemble import votes
from facesort.album.person.examples import Examples
from facesort.album.person.face_encoder import quality_of
from facesort.album.person.gallery import build
from facesort.album.person.identification import AlbumFaces, classify_album, vector_from_text
from facesort.album.person.quality import EXAMPLE, example_weight
from facesort.album.records import (
    UNSURE,
    Example,
    Face,
    Learned,
    Prediction,
    Scan,
    folder_of,
)
from facesort.album.user_labels import OTHER_FOLDERS, UserLabel, UserLabels
from facesort.classes import CLASS_NAMES
from facesort.models.people import similarity_norm

NOT_ENCODED = Prediction(UNSURE, "", 0.0, "could not be described")


def classify_scans(
    learned: Learned, names: Sequence[str], labels: UserLabels, scans: Iterable[Scan]
) -> dict[str, tuple[Prediction, ...]]:
    """Photo: a prediction for each of its faces, the folder being one of ``names`` or none's.

    ``scans`` is the whole album, filed or not: how sure one must be depends on it. Faces that a
    person has named are examples too.
    """
    every = sorted(scans, key=lambda scan: scan.photo)  # as the camera numbered them
    rows = [
        (number, face, label)
        for number, scan in enumerate(every)
        for face, label in zip(scan.faces, labels.on_faces(scan), strict=True)
        if face.identity is not None and face.identity.by == learned.by
    ]
    index = {name: person for person, name in enumerate(names)}
    known = known_examples(learned, [(face, label) for _, face, label in rows if label])
    examples = to_arrays([one for one in known if one.person in index], names)
    found = classify_album(
        build(examples, len(names), similarity_norm.from_json(learned.likeness)),
        names,
        album_faces(
            [face for _, face, _ in rows],
            image_numbers(rows),
            [folder_of(every[number].photo) for number, _, _ in rows],
        ),
        learned.precision,
        learned.allow_twins,
        given={
            row: index.get(said.folder, UNKNOWN) for row, (_, _, said) in enumerate(rows) if said
        },
        voted=votes([face for _, face, _ in rows], names),
        context=learned.context,
    )
    words = {(number, face): one for (number, face, _), one in zip(rows, found, strict=True)}
    return {
        scan.photo: tuple(words.get((number, face), NOT_ENCODED) for face in scan.faces)
        for number, scan in enumerate(every)
    }


def known_examples(learned: Learned, said: Iterable[tuple[Face, UserLabel]]) -> list[Example]:
    """The examples that were given, and the faces of which a person ``said`` whose they are. What
    was said of a face that is an example counts instead of the example."""
    spoken = {face.identity.vector: (face, label) for face, label in said if face.identity}
    given = [one for one in learned.examples if one.vector not in spoken]
    taught = [as_example(face, label) for face, label in spoken.values() if label.teaches]
    return [*given, *(one for one in taught if one and one.person not in OTHER_FOLDERS)]


def as_example(face: Face, label: UserLabel) -> Example | None:
    """What a face that a person has named teaches; nothing, if it is too poor to learn from."""
    if face.identity is None or quality_of(face).reject_reason(EXAMPLE):
        return None
    weight = round(example_weight(quality_of(face)), 3)
    return Example(label.folder, face.class_name, face.identity.vector, weight)


def to_arrays(examples: Sequence[Example], names: Sequence[str]) -> Examples:
    """The examples of ``names``, each of which has its index as number."""
    index = {name: person for person, name in enumerate(names)}
    person = np.array([index[one.person] for one in examples], dtype=np.int64)
    weight = np.array([one.weight for one in examples], dtype=np.float64)
    return Examples(vectors_of(examples), person, worn_by(examples), weight)


def album_faces(
    faces: Sequence[Face], photo: Sequence[int], folder: Sequence[str] = ()
) -> AlbumFaces:
    """Arrays of faces that have an identity, with a number of the photo of each, and its folder."""
    quality = tuple(map(quality_of, faces))
    numbers = np.array(photo, dtype=np.int64)
    index = {one: number for number, one in enumerate(dict.fromkeys(folder))}
    folders = np.array([index[one] for one in folder], dtype=np.int64)
    return AlbumFaces(vectors_of(faces), worn_by(faces), numbers, quality, folders)


def vectors_of(faces: Iterable[Face | Example]) -> NDArray[np.float32]:
    """(n, d); a face without identity is passed over."""
    texts = [one.vector if isinstance(one, Example) else _text(one) for one in faces]
    there = [text for text in texts if text]
    if not there:
        return np.empty((0, 0), np.float32)
    vectors = np.empty((len(there), len(vector_from_text(there[0]))), np.float32)
    for row, text in enumerate(there):
        vectors[row] = vector_from_text(text)  # raises `ValueError` for another length
    return vectors


def worn_by(faces: Iterable[Face | Example]) -> NDArray[np.int64]:
    """(n,) class index of what each wears."""
    return np.array([CLASS_NAMES.index(face.class_name) for face in faces], dtype=np.int64)


def _text(face: Face) -> str:
    return face.identity.vector if face.identity else ""


def image_numbers(rows: Sequence[tuple[int, Face, Any]]) -> list[int]:
    """One number an image for faces of numbered photos and videos: every frame of a video is an
    image of its own, for a person may be in many."""
    images = [(number, face.frame) for number, face, _ in rows]
    index = {image: number for number, image in enumerate(dict.fromkeys(images))}
    return [index[image] for image in images]
