"""The folder of a run, and its text outputs: each output takes one look after the other.

One row a face: CSV, JSON lines, or the text format of a RetinaFace system.
"""

from __future__ import annotations

import io
import json
import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from facesort.console import one_line
from facesort.csv_files import Writer
from facesort.errors import LabelError, UsageError
from facesort.media.frame_results import Face, FrameResult, Region, whole_px
from facesort.media.sources import Source
from facesort.media.tracking import Votes

MANIFEST = "photo x1 y1 x2 y2 class mouth eyes confidence".split()
COLUMNS = [*MANIFEST, "frame", "time_s", "track"]


def csv_rows(look: FrameResult) -> str:
    """The rows of one look. Lines end in CR LF, as RFC 4180 has it."""
    when = [_blank(look.frame), "" if look.time_s is None else f"{look.time_s:.3f}"]
    rows = [
        [
            *(look.source_name, *face.xyxy_px, face.class_name, *(face.bits or ("", ""))),
            *(f"{face.confidence:.4f}", *when, _blank(face.track)),
        ]
        for face in look.faces
    ]
    return csv_text(rows or [[look.source_name, *[""] * (len(MANIFEST) - 1), *when, ""]])


def csv_text(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    Writer(text).writerows(rows)
    return text.getvalue()


def json_line(look: FrameResult) -> str:
    width, height = look.size_wh
    image: dict[str, Any] = {"photo": look.source_name, "width": width, "height": height}
    if look.frame is not None:
        image |= {"frame": look.frame, "time_s": round(look.time_s or 0.0, 3)}
    return json.dumps(image | {"faces": [_as_json(face) for face in look.faces]}) + "\n"


def _as_json(face: Face) -> dict[str, Any]:
    mouth, eyes = face.bits or (None, None)
    return {
        "xyxy": list(face.xyxy_px),
        "class": face.class_name,
        "mouth": mouth,
        "eyes": eyes,
        "confidence": round(face.confidence, 4),
        "track": face.track,
    }


def _blank(value: int | None) -> str:
    return "" if value is None else str(value)


FILE_NAME = "faces_inference_results.txt"
Scored = tuple[Region, float]


def render(name: str, faces: Sequence[Scored]) -> str:
    """The lines of one image; a line break in its name is made visible."""
    rows = [f"{x1} {y1} {x2} {y2} {score:f}" for (x1, y1, x2, y2), score in faces]
    return "".join(f"{line}\n" for line in [one_line(name), *rows])


def of_look(look: FrameResult) -> str:
    faces = [(whole_px(face.xyxy_px, look.size_wh), face.confidence) for face in look.faces]
    return render(look.name, faces)


def read(path: Path) -> dict[str, list[Scored]]:
    """Faces by image. Raises `LabelError` with the line that is neither a name nor a face."""
    images: dict[str, list[Scored]] = {}
    faces: list[Scored] | None = None
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.split("\n"), start=1):
        face = _face(line)
        if face is None:
            if line:
                faces = images.setdefault(line, [])
        elif faces is None:
            raise LabelError(f"{path.name}: line {number}: '{line}'; expected an image's name")
        else:
            faces.append(face)
    return images


def _face(line: str) -> Scored | None:
    """A face, or None where the line is anything else: then it is a name."""
    fields = line.split(" ")
    if len(fields) != 5:
        return None
    try:
        x1, y1, x2, y2 = (int(value) for value in fields[:4])
        return (x1, y1, x2, y2), float(fields[4])
    except ValueError:
        return None


MAX_STEM_BYTES = 200  # room for ``_000123_4.jpg`` in the 255 that file systems give a name
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


class Output:
    """What is done with every look; by itself, nothing."""

    def begin(self, source: Source, fps: float) -> None:
        """A video begins, of which ``fps`` frames a second will come at most."""

    def take(self, look: FrameResult) -> None:
        """Looks come in the order of the sources; classes are those voted for so far."""

    def failed(self, source: Source) -> None:
        """A photo or video that cannot be opened: there is nothing to take."""

    def end(self, votes: Votes) -> None:
        """A video is over."""

    def close(self) -> None:
        """The run is over, perhaps early."""

    @property
    def summary(self) -> str:
        """What was written, for people; empty: nothing."""
        return ""


def new_folder(path: Path) -> Path:
    """Make ``path``; raises `UsageError` unless it is new or empty."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out {path}: is a file; expected a folder, new or empty")
    if path.is_dir() and any(path.iterdir()):
        raise UsageError(f"--out {path}: is not empty; name a new folder, or empty this one")
    path.mkdir(parents=True, exist_ok=True)
    return path


class Stems:
    """Starts of file names, each given once, also on a disk that ignores case or accents' form."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last_number: dict[str, int] = {}

    def of(self, source: Source) -> str:
        stem = _cut(_printable(source.stem) or "image", MAX_STEM_BYTES)
        number = self._last_number.get(stem, 1)  # a camera's names come again in every folder
        free = stem if number == 1 else f"{stem}-{number}"
        while (key := unicodedata.normalize("NFC", free.casefold())) in self._taken:
            number += 1
            free = f"{stem}-{number}"
        self._taken.add(key)
        self._last_number[stem] = number
        return free


def _printable(stem: str) -> str:
    """File names may hold line breaks and bytes that are no text; ours do not."""
    return "".join(c if c.isprintable() else "_" for c in stem)


def _cut(stem: str, most_bytes: int) -> str:
    while len(os.fsencode(stem)) > most_bytes:
        stem = stem[:-1]
    return stem


class TextFile(Output):
    """A line or more for each look. Looks at a file's frames wait until its votes are counted, so
    that a face has one class; those of a live source are written at once."""

    def __init__(self, path: Path, render: Callable[[FrameResult], str], head: str = "") -> None:
        self._path = path
        self._render = render
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="")  # rows bring their own
        self._file.write(head)
        self._waiting: list[FrameResult] = []

    def take(self, look: FrameResult) -> None:
        if look.frame is None or look.source.is_live:
            self._file.write(self._render(look))
            if look.source.is_live:
                self._file.flush()
        else:
            self._waiting.append(replace(look, rgb=_NO_PIXELS))

    def end(self, votes: Votes) -> None:
        for look in self._waiting:
            self._file.write(self._render(votes.decide(look)))
        self._waiting.clear()
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    @property
    def summary(self) -> str:
        return self._path.name


def inference_results(folder: Path) -> Output:
    return TextFile(folder / FILE_NAME, of_look)


def csv_file(folder: Path) -> Output:
    return TextFile(folder / "faces.csv", csv_rows, head=csv_text([COLUMNS]))


def json_lines(folder: Path) -> Output:
    return TextFile(folder / "faces.jsonl", json_line)
