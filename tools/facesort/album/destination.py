"""The destination folder: what may be one, and where our things in it are.

photos/ faces/ manifest.csv     what the person came for
plan.json                       what a dry run saved
.facesort/journal.jsonl         the memory: resume, undo
.facesort/plan.json             the plan being carried out; its presence means "unfinished"
.facesort/lock, .facesort/tmp/  one run at a time; files on their way
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facesort.album.journal import Journal, State
from facesort.album.records import FACE_FOLDERS, PHOTO_FOLDERS, Plan
from facesort.album.saved_plan import is_plan, load_plan
from facesort.errors import AlbumError, UsageError
from facesort.photos import Found


@dataclass(frozen=True)
class Destination:
    root: Path

    @property
    def state_folder(self) -> Path:
        return self.root / ".facesort"

    @property
    def journal(self) -> Path:
        return self.state_folder / "journal.jsonl"

    @property
    def pending_plan(self) -> Path:
        return self.state_folder / "plan.json"

    @property
    def temp_folder(self) -> Path:
        return self.state_folder / "tmp"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.csv"

    @property
    def saved_plan(self) -> Path:
        return self.root / "plan.json"

    def probe_folder(self) -> Path:
        """An existing folder on the destination's disk, ours where there is one."""
        folders = (self.temp_folder, self.root, *self.root.absolute().parents)
        return next(folder for folder in folders if folder.is_dir())

    def levels(self, state: State) -> int:
        """How many folders, the root and its parents, are ours or have yet to be made."""
        missing = sum(not folder.exists() for folder in (self.root, *self.root.absolute().parents))
        dry_run = load_plan(self.saved_plan).levels if is_plan(self.saved_plan) else 0
        return missing + (state.levels or dry_run)

    def pending(self) -> Plan | None:
        """The plan that a killed run did not finish."""
        return load_plan(self.pending_plan) if self.pending_plan.exists() else None

    def names_in_use(self) -> list[str]:
        """Paths of all files where ours go, whoever put them there."""
        return [
            f"{view}/{folder}/{name}"
            for view, folders in (("photos", PHOTO_FOLDERS), ("faces", FACE_FOLDERS))
            for folder in folders
            if (self.root / view / folder).is_dir()
            for name in os.listdir(self.root / view / folder)
        ]

    def make_root(self) -> None:
        """Make the root, and its parents, where missing."""
        self.root.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def opened(self) -> Iterator[Journal]:
        """The journal, while no other run may work here; makes the folders it needs."""
        self.make_root()
        self.temp_folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            shutil.rmtree(self.temp_folder)  # what a killed run was about to finish
            self.temp_folder.mkdir()
            journal = Journal(self.journal)
            try:
                yield journal
            finally:
                journal.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(self.state_folder / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise AlbumError(
                f"{self.root}: another run is at work on this destination; wait for it to end"
            ) from None
        try:
            yield
        finally:
            lock.release()


def check_apart(src: Path, photos: Iterable[Found], dst: Path) -> None:
    """Raise `UsageError` unless the album and the destination are folders apart from each other:
    what is sorted must not be sorted again, nor stand in the way of what will be."""
    if any(path.exists() and not path.is_dir() for path in (dst, *dst.absolute().parents)):
        raise UsageError(f"--dst {dst}: a file is in the way; expected a folder, or none yet")
    if _holds(src, dst):
        raise UsageError(f"--dst {dst} is inside --src {src}; choose a folder outside the album")
    if _holds(dst, src):
        raise UsageError(f"--src {src} is inside --dst {dst}; choose a folder beside the album")
    root = dst.resolve()
    for folder in {found.path.parent for found in photos}:
        if folder.resolve().is_relative_to(root):
            raise UsageError(f"--dst {dst}: {folder} leads into it; choose another, or no link")


def check_belongs(state: State, src: Path, dst: Path) -> None:
    """Raise `UsageError` if the destination belongs to another album that still exists, and
    `AlbumError` if it is half undone."""
    if state.left_by_undo is not None:
        raise AlbumError(f"{dst}: an --undo was stopped here; finish it with --undo --dst {dst}")
    old = Path(state.src)
    if state.src and old.is_dir() and not old.samefile(src):
        raise UsageError(f"--dst {dst}: holds the album {old}, not {src}; choose another --dst")


def _holds(outer: Path, inner: Path) -> bool:
    """By identity, not by name: one folder can have several names."""
    inner = inner.resolve()
    chain = [folder for folder in (inner, *inner.parents) if folder.exists()]
    return outer.exists() and any(folder.samefile(outer) for folder in chain)
