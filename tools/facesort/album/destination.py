"""The destination folder: what may be one, and where our things in it are.

photos/ faces/ manifest.csv     what the person came for
corrections.jsonl               what the person said of faces; theirs, it outlives --undo
plan.json                       what a dry run saved
_which_face/<name>/             faces of an example, of which the person chooses one
.facesort/journal.jsonl         the memory: resume, undo
.facesort/journal.head          how long it was at the last sync
.facesort/plan.json             the plan being carried out; its presence means "unfinished"
.facesort/crops                 crops cut and not yet filed
.facesort/looks/                what the workers of a cluster saw, until it is read
.facesort/lock, .facesort/tmp/  one run at a time; files on their way
.facesort/watch                 one watcher at a time
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from facesort.album.disk import check_writable
from facesort.album.journal import Journal
from facesort.album.records import VIEWS, Folders, Plan
from facesort.album.saved_plan import find_plan
from facesort.album.state import State
from facesort.errors import AlbumError, UsageError
from facesort.photos import Found, Place, Remote, album_at

LOCK_TRIES = 10


@dataclass(frozen=True)
class Destination:
    root: Path

    CORRECTIONS: ClassVar[str] = "corrections.jsonl"

    @property
    def state_folder(self) -> Path:
        return self.root / ".facesort"

    @property
    def journal(self) -> Path:
        return self.state_folder / "journal.jsonl"

    @property
    def lock_file(self) -> Path:
        return self.state_folder / "lock"

    @property
    def pending_plan(self) -> Path:
        return self.state_folder / "plan.json"

    @property
    def crops(self) -> Path:
        return self.state_folder / "crops"

    @property
    def looks(self) -> Path:
        return self.state_folder / "looks"

    @property
    def temp_folder(self) -> Path:
        return self.state_folder / "tmp"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.csv"

    @property
    def corrections(self) -> Path:
        return self.root / self.CORRECTIONS

    @property
    def saved_plan(self) -> Path:
        return self.root / "plan.json"

    @property
    def probe_folder(self) -> Path:
        """Where links may be tried out; the root is there already."""
        return self.temp_folder if self.temp_folder.is_dir() else self.root

    def is_whole(self) -> bool:
        """No run was stopped half way, and the manifest is there."""
        return not self.pending_plan.exists() and os.path.lexists(self.manifest)

    def levels(self, state: State) -> int:
        """How many folders, the root and its parents, are ours or have yet to be made."""
        missing = sum(not folder.exists() for folder in (self.root, *self.root.absolute().parents))
        dry_run = find_plan(self.saved_plan)
        return missing + (state.levels or (dry_run.levels if dry_run else 0))

    def pending(self) -> Plan | None:
        """The plan that a killed run did not finish; None also where it is damaged."""
        return find_plan(self.pending_plan)

    def names_in_use(self) -> list[str]:
        """Paths of all files where ours go, ours or not."""
        views = [view for view in VIEWS if (self.root / view).is_dir()]
        return [
            f"{view}/{folder}/{name}"
            for view in views
            for folder in os.listdir(self.root / view)
            if (self.root / view / folder).is_dir()
            for name in os.listdir(self.root / view / folder)
        ]

    @contextmanager
    def made(self) -> Iterator[None]:
        """The root, to be written to; it goes again, with its parents, where nothing came of it."""
        missing = [f for f in (self.root, *self.root.absolute().parents) if not f.exists()]
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            check_writable(self.root)
            yield
        except BaseException:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            raise

    @contextmanager
    def opened(self, known: State | None = None) -> Iterator[Journal]:
        """The journal, of which ``known`` was read before, while no other run may work here; makes
        the folders it needs, and touches nothing before it is alone."""
        with self._locked():
            check_writable(self.state_folder)
            shutil.rmtree(self.temp_folder, ignore_errors=True)  # what a killed run was to finish
            self.temp_folder.mkdir(exist_ok=True)
            journal = Journal(self.journal, known)
            try:
                yield journal
            finally:
                journal.close()

    def forget(self, journal: Journal) -> None:
        """Remove the memory, the ``journal`` after all else but the lock, which goes last: stopped
        before that, an undo can go on; and no other run begins in between."""
        journal.close()
        for path in sorted(self.state_folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path not in (self.journal, self.lock_file):
                with suppress(PermissionError):  # a watcher has its lock open, on Windows
                    path.unlink()
        self.journal.unlink()
        self._remove_lock()  # Windows removes no open file: `_locked` does it there

    def _remove_lock(self) -> None:
        with suppress(OSError):
            self.lock_file.unlink()
        with suppress(OSError):
            self.state_folder.rmdir()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(self.lock_file, timeout=0)
        for _ in range(LOCK_TRIES):
            try:
                self.state_folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
            except Timeout:
                raise AlbumError(
                    f"{self.root}: another run is at work on this destination; wait for it to end"
                ) from None
            except FileNotFoundError:  # an undo removed the folder right now
                continue
            if self.lock_file.exists():  # else that undo has removed what we locked
                break
            lock.release()
        else:
            raise AlbumError(f"{self.state_folder}: vanishes again and again; run this once more")
        try:
            yield
        finally:
            lock.release()
            if os.name == "nt" and not self.journal.exists():
                self._remove_lock()


def check_apart(src: Place, photos: Iterable[Found], dst: Path) -> None:
    """Raise `UsageError` unless the album and the destination are folders apart from each other:
    what is sorted must not be sorted again, nor stand in the way of what will be."""
    if any(_is_in_the_way(path) for path in (dst, *dst.absolute().parents)):
        raise UsageError(f"--dst {dst}: a file is in the way; expected a folder, or none yet")
    folder = src.on_disk if isinstance(src, Remote) else src
    if folder is None:
        return
    if _holds(folder, dst):
        raise UsageError(f"--dst {dst} is inside --src {src}; choose a folder outside the album")
    if _holds(dst, folder):
        raise UsageError(f"--src {src} is inside --dst {dst}; choose a folder beside the album")
    root = dst.resolve()
    for folder in {found.path.parent for found in photos if not found.remote}:
        if folder.resolve().is_relative_to(root):
            raise UsageError(f"--dst {dst}: {folder} leads into it; choose another, or no link")


def check_free(dst: Destination, ours: Folders) -> None:
    """Raise `AlbumError` where something of the person's has the name of a folder of ours."""
    views = zip(VIEWS, (ours.photos, ours.faces), strict=True)
    folders = [dst.root / view / name for view, names in views for name in ("", *names)]
    for folder in (dst.state_folder, *folders):
        if _is_in_the_way(folder):
            raise AlbumError(
                f"{folder}: is a file or a broken link of yours; expected a folder, or none yet; "
                f"move it or choose another --dst"
            )
    if dst.manifest.is_dir():
        raise AlbumError(f"{dst.manifest}: is a folder; move it or choose another --dst")


def _is_in_the_way(path: Path) -> bool:
    return os.path.lexists(path) and not path.is_dir()


def check_belongs(state: State, src: Place, dst: Path) -> None:
    """Raise `UsageError` if the destination belongs to another album that still exists (whether one
    behind a URL does, is not asked), and `AlbumError` if it is half undone."""
    if state.left_by_undo is not None:
        raise AlbumError(
            f"{dst}: an --undo was stopped here or left files; finish it with --undo --dst {dst}"
        )
    if state.src and _is_another(album_at(state.src), src):
        raise UsageError(
            f"--dst {dst}: holds the album {state.src}, not {src}; choose another --dst"
        )


def _is_another(old: Place, src: Place) -> bool:
    if isinstance(old, Remote) or isinstance(src, Remote):
        return old != src and (isinstance(old, Remote) or old.is_dir())
    return old.is_dir() and not old.samefile(src)


def check_sorted_alike(state: State, ours: Folders, dst: Path) -> None:
    """Raise `UsageError` where an album is sorted by class, and now shall be by person, or so."""
    if state.entries and bool(state.people) != bool(ours.people):
        was = "person" if state.people else "class"
        raise UsageError(f"--dst {dst}: is sorted by {was}; choose another --dst, or --by {was}")


def _holds(outer: Path, inner: Path) -> bool:
    """By identity, not by name: one folder can have several names."""
    inner = inner.resolve()
    chain = [folder for folder in (inner, *inner.parents) if folder.exists()]
    return outer.exists() and any(folder.samefile(outer) for folder in chain)
