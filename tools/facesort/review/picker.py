"""Folders to choose from on the start screen, by ids: the client never names a path.

Only folders below the home folder and below where disks are mounted are shown, none that is hidden,
and no link that leads elsewhere. An id means a folder that was shown in this run.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from facesort.errors import UsageError
from facesort.photos import PHOTO_SUFFIXES, VIDEO_SUFFIXES

MOST_FOLDERS = 500
SUFFIXES = {*PHOTO_SUFFIXES, *VIDEO_SUFFIXES}


def usual_roots() -> list[Path]:
    """The home folder, and the disks that are there."""
    if sys.platform == "win32":
        disks = [Path(f"{letter}:\\") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    else:
        folders = ("/media", "/run/media", "/mnt", "/Volumes")
        disks = [disk for folder in map(Path, folders) for disk in _folders_in(folder)]
    return [Path.home(), *(disk for disk in disks if disk.is_dir())]


@dataclass
class Picker:
    """``roots`` are the folders below which all may be chosen."""

    roots: Sequence[Path] = field(default_factory=usual_roots)
    _paths: dict[str, Path] = field(default_factory=dict)
    _ids: dict[Path, str] = field(default_factory=dict)

    def path(self, folder: str) -> Path:
        """The folder of an id; `UsageError` for one that was not shown."""
        if folder not in self._paths:
            raise UsageError("this folder was not shown; choose it once more")
        return self._paths[folder]

    def show(self, folder: str = "") -> dict[str, object]:
        """What is in a folder; without one, the roots."""
        if not folder:
            shown = [{"id": self.id_of(root), "name": str(root)} for root in self.roots]
            return {"id": "", "name": "", "up": "", "folders": shown, "photos": 0}
        here = self.path(folder)
        inner = sorted(_folders_in(here), key=lambda path: path.name.casefold())[:MOST_FOLDERS]
        up = self.id_of(here.parent) if here not in self.roots else ""
        return {
            "id": folder,
            "name": str(here),
            "up": up,
            "folders": [{"id": self.id_of(path), "name": path.name} for path in inner],
            "photos": _count_photos(here),
            "isSorted": (here / ".facesort" / "journal.jsonl").is_file(),
        }

    def id_of(self, path: Path) -> str:
        if path not in self._ids:
            self._ids[path] = secrets.token_urlsafe(9)
            self._paths[self._ids[path]] = path
        return self._ids[path]


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith((".", "$")) and entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _count_photos(folder: Path) -> int:
    try:
        return sum(Path(entry.name).suffix.lower() in SUFFIXES for entry in os.scandir(folder))
    except OSError:
        return 0
