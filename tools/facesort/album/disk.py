"""Puts single files in place so that a kill at any instant leaves the whole file or none.

A file gets its final name in one step and never takes another's: if the name is in use, the
function raises `FileExistsError`. What is not finished lives in a temporary folder beside it.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from facesort.album.records import COPY, HARD, SYM
from facesort.errors import AlbumError

DISK_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """What the disk refuses, in words; ``folder`` is where we write."""
    try:
        yield
    except PermissionError as error:
        where = error.filename or folder
        raise AlbumError(
            f"{where}: no permission; choose another --dst or change its rights"
        ) from None
    except OSError as error:
        if error.errno in DISK_FULL:
            raise AlbumError(
                f"{folder}: the disk is full; free some and run the same command again: it goes on"
            ) from None
        raise AlbumError(f"{error.filename or folder}: {error.strerror or error}") from None


@dataclass(frozen=True)
class Stamp:
    """Tells whether a file is still the one that was put there, and where it went if not."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        status = os.lstat(path)
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def same_content(self, other: Stamp) -> bool:
        """Size and time; not the inode, which some file systems give out anew at every mount."""
        return (self.size_bytes, self.mtime_ns) == (other.size_bytes, other.mtime_ns)


def write_atomic(path: Path, data: bytes, temporary: Path) -> None:
    """Write or replace ``path`` in one step; ``temporary`` is on the same disk."""
    with _cleared(temporary):
        _write(temporary, data)
        os.replace(temporary, path)


def put_bytes(data: bytes, final: Path, temp_folder: Path) -> None:
    _put(lambda temporary: _write(temporary, data), final, temp_folder)


def put_photo(original: Path, final: Path, link: str, temp_folder: Path) -> None:
    """Link or copy ``original`` to ``final``; copies where a hard link is refused."""
    if link == SYM:
        os.symlink(os.path.abspath(original), final)
        return
    try:
        if link == HARD:
            os.link(os.path.realpath(original), final)  # of a symlink, what it points to
            return
    except FileExistsError:
        raise
    except OSError as error:  # other disk, other owner, too many links
        if error.errno in DISK_FULL:
            raise
    _put(lambda temporary: _copy(original, temporary), final, temp_folder)


def is_same_photo(original: Path, final: Path) -> bool:
    """Is ``final`` already the link to or copy of ``original`` that `put_photo` would make?"""
    if final.is_symlink():
        return os.path.realpath(final) == os.path.realpath(original)
    return os.path.samefile(original, final) or filecmp.cmp(original, final, shallow=False)


def is_same_bytes(data: bytes, final: Path) -> bool:
    return final.read_bytes() == data


def possible_links(originals: Mapping[str, Path], link: str, folder: Path) -> dict[str, str]:
    """``link`` for each photo, or ``copy`` where the disk of ``folder`` has no hard links or is
    another one. Found out by trying, because file systems differ more than their names say."""
    refusal = _refusal(os.symlink if link == SYM else os.link, folder) if link != COPY else None
    if refusal and link == SYM:
        raise AlbumError(f"{folder}: no symbolic links here ({refusal}); pass --link hard or copy")
    if refusal or link != HARD:
        return dict.fromkeys(originals, COPY if refusal else link)
    here = folder.stat().st_dev
    return {photo: HARD if _device(path) == here else COPY for photo, path in originals.items()}


def _refusal(put: Callable[[Path, Path], object], folder: Path) -> str | None:
    """Why ``put(file, link)`` does not work in ``folder``; None where it does."""
    file, link = folder / ".facesort_probe", folder / ".facesort_probe_link"
    with _cleared(file), _cleared(link):
        file.touch()
        try:
            put(file, link)
        except OSError as error:
            return error.strerror or str(error)
    return None


def _device(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:  # gone since it was listed: filing will say so
        return None


def _put(make: Callable[[Path], object], final: Path, temp_folder: Path) -> None:
    temporary = temp_folder / str(threading.get_ident())
    with _cleared(temporary):
        make(temporary)
        try:
            os.link(temporary, final)  # unlike a rename, this never replaces
        except FileExistsError:
            raise
        except OSError:  # no hard links here (FAT, some network disks)
            if os.path.lexists(final):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from None
            os.rename(temporary, final)


@contextmanager
def _cleared(temporary: Path) -> Iterator[None]:
    """``temporary`` does not exist before (a killed run may have left it), nor afterwards."""
    with suppress(FileNotFoundError):
        temporary.unlink()
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _copy(original: Path, path: Path) -> None:
    shutil.copyfile(original, path)
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
    shutil.copystat(original, path)
