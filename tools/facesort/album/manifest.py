"""manifest.csv: one row a face, in the root of the destination, for people and for pandas.

A photo without a face, or that could not be opened, has one row with the face's columns empty.
Boxes are pixels of the upright photo; ``mouth`` and ``eyes`` are 1 where covered; ``crop`` and
``target`` are relative to the destination. The file is UTF-8; a byte of a file name that is not
UTF-8 is written as ``\\xNN`` (two hexadecimal digits). Lines end in CR LF, as RFC 4180 has it:
only then does every Python quote a name that contains one of the two.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from facesort.album.records import NOT_A_FACE, Entry, Face
from facesort.classes import CLASS_NAMES, FaceClass

COLUMNS = "photo x1 y1 x2 y2 class mouth eyes confidence crop target".split()


def manifest_csv(entries: Iterable[Entry]) -> bytes:
    """The whole file, sorted by photo, then face."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in sorted(entries, key=lambda entry: entry.scan.photo):
        writer.writerows(_rows(entry))
    return _as_utf8(text.getvalue())


def _rows(entry: Entry) -> Iterator[list[object]]:
    faces = [_as_known(f, said) for f, said in zip(entry.scan.faces, entry.said, strict=True)]
    if not any(faces):
        yield [entry.scan.photo, *[""] * 9, *(entry.targets or [""])]
    for face, crop, target in zip(faces, entry.crops, entry.face_targets, strict=True):
        if face is None:
            continue
        covers = FaceClass[face.class_name]
        yield [
            entry.scan.photo,
            *face.xyxy_px,
            face.class_name,
            int(covers.mouth_covered),
            int(covers.eyes_covered),
            f"{face.confidence:.4f}",
            crop,
            target,
        ]


def _as_known(face: Face, said: str) -> Face | None:
    """The face as a person corrected it, then beyond doubt; None where they saw none."""
    if said == NOT_A_FACE:
        return None
    return replace(face, class_name=said, confidence=1.0) if said in CLASS_NAMES else face


def _as_utf8(text: str) -> bytes:
    return os.fsencode(text).decode("utf-8", "backslashreplace").encode("utf-8")
