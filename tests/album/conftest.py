"""An album on disk, the sorter as a person calls it, and a watch over the originals."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fake_sort
import numpy as np
import pytest
from PIL import Image

from facesort import console

Disk = dict[str, bytes]


def disk_as_dict(root: Path) -> Disk:
    """Every folder and file, but for our memory and what a dry run left."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b"folder"
        for path in sorted(root.rglob("*"))
        if ".facesort" not in path.parts and path != root / "plan.json"
    }


def files(root: Path) -> list[str]:
    return [path for path, data in disk_as_dict(root).items() if data != b"folder"]


def disk_times(root: Path) -> dict[str, tuple[int, int]]:
    """Each file's and folder's inode and time, ours included."""
    stats = {path.as_posix(): path.lstat() for path in root.rglob("*")}
    return {path: (status.st_ino, status.st_mtime_ns) for path, status in stats.items()}


def jpeg(*classes: str, confidence: float = 0.8, kind: str = "JPEG") -> bytes:
    """An image in which the fake detector finds these faces with this confidence."""
    rgb = np.full((96, 128, 3), round(confidence * 255), np.uint8)
    for number, name in enumerate(classes):
        rgb[20:50, 4 + 30 * number : 24 + 30 * number] = fake_sort.COLOURS[name]
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind, quality=95)
    return out.getvalue()


class Album:
    """Photos on disk; knows what they must still be at the end of the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._expected: dict[str, tuple[bytes, int]] = {}
        root.mkdir()

    def add(self, name: str, *classes: str, confidence: float = 0.8) -> Path:
        return self.write(name, jpeg(*classes, confidence=confidence))

    def write(self, name: str, data: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.note()
        return path

    def note(self) -> None:
        """The person changed something: from now on, this is what must stay."""
        self._expected = self._now()

    def check(self) -> None:
        assert self._now() == self._expected, "originals were touched"

    def _now(self) -> dict[str, tuple[bytes, int]]:
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    album = Album(tmp_path / "album")
    yield album
    album.check()


@pytest.fixture
def full_album(album: Album) -> Album:
    """Every folder gets something: classes, several faces, same names, unsure, none, damaged."""
    album.add("a.jpg", "face")
    album.add("2024/a.jpg", "masked")
    album.add("2024/A.JPG", "face", "masked", "masked_sunglasses")
    album.add("2024/beach/s.jpg", "sunglasses")
    album.add("doubt.jpg", "face", confidence=0.3)
    album.write("empty.jpg", b"")
    album.add("wall.jpg")
    return album


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """The one line on standard error."""
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


Sort = Callable[..., Result]


@pytest.fixture
def sort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Sort:
    """``sort("--src", "album")`` as on the command line, in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*argv: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["sort_photos.py", *map(os.fspath, map(str, argv))])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            console.run(fake_sort.main)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        return Result(int(stop.value.code or 0), *capsys.readouterr())

    return run
