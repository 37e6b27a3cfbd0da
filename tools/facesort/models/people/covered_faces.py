"""Aligned faces of known people, bare and with things drawn over them: what an embedding is trained
and measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.detections import FaceFinder
from facesort.errors import PhotoError
from facesort.models.people.align import SIDE_PX, align_face
from facesort.photos import list_photos, open_photo

FIND_PX = 224  # the size at which a portrait is looked at

Pixels = NDArray[np.uint8]
Landmarks = NDArray[np.float64]
# draw(rgb, landmarks_px, kind, rng): the image with ``kind`` drawn on that face
Draw = Callable[[Pixels, Landmarks, str, np.random.Generator], Pixels]


@dataclass(frozen=True, eq=False)
class CoveredFaces:
    """``faces`` (n, kinds, 112, 112, 3) RGB, kind 0 bare; ``person`` (n,) indexes ``names``;
    ``refused`` says for each photo left out why."""

    faces: Pixels
    person: NDArray[np.int64]
    names: tuple[str, ...]
    refused: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MiddleFace:
    """The box (4,) and the five points (5, 2) of a portrait's face."""

    xyxy_px: NDArray[np.float64]
    points_px: Landmarks


def list_people(folder: Path) -> dict[str, list[Path]]:
    """The photos of each person in ``folder``, a folder a person, both sorted by name."""
    people: dict[str, list[Path]] = {}
    for found in list_photos(folder).photos:
        name = Path(found.relative).parts[0]
        if name != Path(found.relative).name:
            people.setdefault(name, []).append(found.path)
    return {name: sorted(people[name]) for name in sorted(people)}


def cover_faces(
    people: dict[str, list[Path]],
    find: FaceFinder,
    draw: Draw,
    kinds: Sequence[str],
    seed: int,
    find_again: bool = False,
    align: Callable[[Pixels, Landmarks], Pixels] = align_face,
    progress: Callable[[Iterable[tuple[int, Path]], int], Iterable[tuple[int, Path]]] | None = None,
) -> CoveredFaces:
    """The face in the middle of each photo, bare and with each of ``kinds`` drawn.

    ``find_again``, for measuring, looks for the landmarks of a covered face anew as a sorter must;
    ``align`` cuts a face out by its landmarks.
    """
    items = [(i, path) for i, name in enumerate(people) for path in people[name]]
    faces: list[Pixels] = []
    person: list[int] = []
    refused: dict[Path, str] = {}
    rng = np.random.default_rng(seed)
    for number, path in progress(items, len(items)) if progress else items:
        try:
            rgb, face = open_portrait(path, find)
        except PhotoError as error:
            refused[path] = str(error)
            continue
        points = face.points_px
        row = [align(rgb, points)]
        for kind in kinds:
            covered = draw(rgb, points, kind, rng)
            again = middle_face(covered, find) if find_again else face
            row.append(align(covered, points if again is None else again.points_px))
        faces.append(np.stack(row))
        person.append(number)
    shape = (0, 1 + len(kinds), SIDE_PX, SIDE_PX, 3)
    all_faces = np.stack(faces) if faces else np.empty(shape, dtype=np.uint8)
    return CoveredFaces(all_faces, np.array(person, dtype=np.int64), tuple(people), refused)


def open_portrait(path: Path, find: FaceFinder) -> tuple[Pixels, MiddleFace]:
    """A photo and the face in its middle; `PhotoError` where there is no such face either."""
    rgb = open_photo(path).rgb
    face = middle_face(rgb, find)
    if face is None:
        raise PhotoError("no face near its middle")
    return rgb, face


def middle_face(rgb: Pixels, find: FaceFinder) -> MiddleFace | None:
    """The face nearest to the middle of ``rgb``, `None` if there is none in its inner third."""
    found = find(rgb, FIND_PX)
    if not len(found.confidence):
        return None
    middle = np.array(rgb.shape[1::-1]) / 2
    away = np.abs((found.xyxy_px[:, :2] + found.xyxy_px[:, 2:]) / 2 - middle).sum(axis=1)
    nearest = int(away.argmin())
    if away[nearest] >= max(middle) * 2 / 3:
        return None
    return MiddleFace(found.xyxy_px[nearest], found.landmarks_px[nearest])
