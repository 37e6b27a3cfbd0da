"""The folder of a run, and its text outputs: each output takes one look after the other.

Nothing that is there is overwritten: the folder is new or empty.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from facesort.errors import UsageError
from facesort.media import face_rows
from facesort.media.frame_results import FrameResult
from facesort.media.sources import Source
from facesort.media.tracking import Votes

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


def numbered_folder(path: Path) -> Path:
    """``path``, or it with -2, -3 ... where there is something already."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.name}-{number}")
        number += 1
    return free


class Stems:
    """Starts of file names, each given once, also on a disk that ignores case or accents' form."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, source: Source) -> str:
        stem = _cut(_printable(source.stem) or "image", MAX_STEM_BYTES)
        number, free = 2, stem
        while (key := unicodedata.normalize("NFC", free.casefold())) in self._taken:
            free = f"{stem}-{number}"
            number += 1
        self._taken.add(key)
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
    return TextFile(folder / face_rows.FILE_NAME, face_rows.of_look)


def csv_file(folder: Path) -> Output:
    return TextFile(
        folder / "faces.csv", face_rows.csv_rows, head=face_rows.csv_text([face_rows.COLUMNS])
    )


def json_lines(folder: Path) -> Output:
    return TextFile(folder / "faces.jsonl", face_rows.json_line)
