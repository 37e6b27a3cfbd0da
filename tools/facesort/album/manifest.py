"""manifest.csv: one row a face, in the root of the destination, for people and for pandas.

A photo without a face, or that could not be opened, has one row with the face's columns empty.
Boxes are pixels of the upright photo; ``mouth`` and ``eyes`` are 1 where covered; ``crop`` and
``target`` are relative to the destination. Sorted by person, there are two more: ``person``, in
whose folder the face is, and the ``probability`` that it is the likeliest one. Where there are
videos, there are two more at the end: ``frame``, counted from 0, and ``time_s``, empty for photos.
The file is UTF-8; a byte of a photo's name that is not UTF-8 is written as ``\\xNN`` (two
hexadecimal digits), and our own files have such a byte as ``%NN`` in their names. Lines end in CR
LF, as RFC 4180 has it: only then does every Python quote a name that contains one of the two. Text
that a spreadsheet would run has an apostrophe before it; `csv_files` reads the true names back.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from facesort.album.records import NOT_A_FACE, Entry, Face, Folders
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.csv_files import DictWriter
from facesort.photos import is_video

COLUMNS = "photo x1 y1 x2 y2 class mouth eyes confidence crop target".split()
OF_VIDEOS = ["frame", "time_s"]
_PIECE = 2**16  # characters
BY_PERSON = [*COLUMNS[:-2], "person", "probability", *COLUMNS[-2:]]


def manifest_csv(entries: Iterable[Entry], folders: Folders) -> bytes:
    """The whole file, sorted by photo, then face."""
    data, text = bytearray(), io.StringIO()
    entries = list(entries)
    columns = BY_PERSON if folders.people else COLUMNS
    if any(is_video(entry.scan.photo) for entry in entries):
        columns = [*columns, *OF_VIDEOS]
    writer = DictWriter(text, columns)
    writer.writeheader()
    for entry in sorted(entries, key=lambda entry: entry.scan.photo):
        writer.writerows(_rows(entry, folders))
        if text.tell() > _PIECE:  # text takes four times the memory
            _move(text, data)
    _move(text, data)
    return bytes(data)


def _move(text: io.StringIO, data: bytearray) -> None:
    data += os.fsencode(text.getvalue()).decode("utf-8", "backslashreplace").encode("utf-8")
    text.seek(0)
    text.truncate()


def _rows(entry: Entry, folders: Folders) -> Iterator[dict[str, object]]:
    faces = [_as_known(f, said) for f, said in zip(entry.scan.faces, entry.said, strict=True)]
    if not any(faces):
        yield {"photo": entry.scan.photo, "target": "".join(entry.targets[:1])}
    for number, face in enumerate(faces):
        if face is None:
            continue
        covers = FaceClass[face.class_name]
        yield {
            "photo": entry.scan.photo,
            **dict(zip(("x1", "y1", "x2", "y2"), face.xyxy_px, strict=True)),
            "class": face.class_name,
            "mouth": int(covers.mouth_covered),
            "eyes": int(covers.eyes_covered),
            "confidence": f"{face.confidence:.4f}",
            **_person(entry, number, folders),
            "crop": entry.crops[number],
            "target": entry.face_targets[number],
            "frame": face.frame,
            "time_s": face.time_s,
        }


def _person(entry: Entry, number: int, folders: Folders) -> dict[str, object]:
    said, judged = entry.said[number], entry.judged[number] if entry.judged else None
    folder = said or (judged.folder if judged else "")
    named: dict[str, object] = {"person": folder if folder in folders.people else ""}
    if said or judged is None:
        return named | {"probability": "1.0000" if named["person"] else ""}
    return named | {"probability": f"{judged.probability:.4f}"}


def _as_known(face: Face, said: str) -> Face | None:
    """The face as a person corrected it, then beyond doubt; None where they saw none."""
    if said == NOT_A_FACE:
        return None
    return replace(face, class_name=said, confidence=1.0) if said in CLASS_NAMES else face
