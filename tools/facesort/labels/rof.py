"""ROF, Real World Occluded Faces: pickles of where photos lie on the web and where faces are.

Source: https://github.com/ekremerakin/RealWorldOccludedFaces (Erakin et al., BIOSIG 2021):
``ROF/{masked,sunglasses,neutral}/<person>.pkl`` holds ``{id: {url, faces: [{box, ...}]}}``.
The four numbers of ``box`` are called ``x, y, h, w`` there, but its download.py cuts rows y to
y + the *fourth* and columns x to x + the *third*: they are x, y, width, height under wrong names.
Boxes are grown by 0.3 around the whole head, and speak of the stored pixels (EXIF not applied).

The pickles are foreign, so `facesort.labels.plain_pickle` reads them: nothing in them is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facesort.errors import LabelError
from facesort.file_names import why_no_name
from facesort.labels import json_file, plain_pickle
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

EXPECTED = "a ROF pickle: {id: {url, faces: [{box}]}}"
_CLASS_OF_FOLDER = {"neutral": "face"}  # masked and sunglasses are called as ours
_CLASS_OF_NAME = {"_wearing_mask": "masked", "_wearing_sunglasses": "sunglasses"}


@dataclass(frozen=True)
class Entry:
    """One photo of ROF. ``name`` is where its image belongs, without suffix."""

    name: str
    url: str
    faces: tuple[Any, ...]
    class_name: str
    where: str


def read(source: Path, reading: Reading) -> LabelSet:
    """A pickle, or all below a folder, with images called ``<kind>/<person>/<id>.*``."""
    items: list[RawAnnotation | ReadError] = []
    for item in entries(source):
        items.append(item if isinstance(item, ReadError) else _raw(item))
    if reading.boxes_of == "auto":
        reading = replace(reading, boxes_of="stored")
    return resolve(items, reading)


def entries(source: Path) -> Iterator[Entry | ReadError]:
    """The photos of a pickle or of all below a folder; a bad one of several is yielded."""
    files = sorted(source.rglob("*.pkl")) if source.is_dir() else [source]
    for file in files:
        try:
            yield from _entries_of(file)
        except LabelError as error:
            if not source.is_dir():
                raise
            yield ReadError(str(error))


def _entries_of(file: Path) -> Iterator[Entry | ReadError]:
    content = plain_pickle.load(file, EXPECTED)
    if not isinstance(content, dict):
        raise LabelError(f"{file}: holds a {type(content).__name__}; expected {EXPECTED}")
    kind = file.parent.name
    by_name = (name for end, name in _CLASS_OF_NAME.items() if file.stem.endswith(end))
    class_name = _CLASS_OF_FOLDER.get(kind) or next(by_name, kind)
    for key, value in content.items():
        where = f"{kind}/{file.stem}: {key if isinstance(key, int | str) else 'an odd id'}"
        faces = value.get("faces") if isinstance(value, dict) else None
        if not isinstance(key, int | str) or not isinstance(faces, list | tuple):
            yield ReadError(f"{where}: has no list of faces; expected {EXPECTED}")
            continue
        if why := why_no_name(str(key)):
            yield ReadError(f"{where}: its id {why}; expected one that can be a file's name")
            continue
        url = value.get("url")
        name = f"{kind}/{file.stem}/{key}"
        yield Entry(name, url if isinstance(url, str) else "", tuple(faces), class_name, where)


def _raw(entry: Entry) -> RawAnnotation:
    boxes = [
        _raw_box(face, entry.class_name, f"{entry.where}: face {i}")
        for i, face in enumerate(entry.faces)
    ]
    return RawAnnotation(entry.name, boxes)


def _raw_box(face: Any, class_name: str, where: str) -> RawBox:
    box = face.get("box") if isinstance(face, dict) else None
    values = json_file.numbers(box.tolist() if isinstance(box, plain_pickle.Array) else box, 4)
    if values is None:
        return RawBox(class_name, where=where, problem="has no box of four numbers")
    x, y, width, height = values
    return RawBox(class_name, [x, y, x + width, y + height], where)
