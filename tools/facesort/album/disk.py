"""Puts photos and crops in place so that a kill at any instant leaves the whole file or none.

A file gets its final name in one step and never takes another's: if the name is in use, the
function raises `FileExistsError`. What is not finished lives in a temporary folder beside it.
"""

from __future__ import annotations

import errno
import filecmp
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from facesort.album.link_modes import COPY, LINK_MODES, LinkMode
from facesort.album.records import Scan
from facesort.errors import AlbumError
from facesort.files import DISK_FULL, put_new, write_synced
from facesort.photos import Place, Remote, new_content_hash

_HELD = {getattr(errno, name, -1) for name in ("EBUSY", "EAGAIN", "ETXTBSY", "ESTALE")}
_HELD_ON_WINDOWS = (32, 33)  # sharing and lock violation, which Python calls EACCES

CHANGED = "it changed while the album was sorted; run again to sort it as it is now"
OWN_PREFIX = ".facesort"  # of names that are no business of the person's


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """What the disk refuses, in words; ``folder`` is where we write."""
    try:
        yield
    except OSError as error:
        raise AlbumError(_in_words(error, folder)) from error


def _in_words(error: OSError, folder: Path) -> str:
    where = Path(error.filename or folder)
    if not _is_on_the_way(where, folder):
        return f"{where}: {error.strerror or error}"
    is_ours = any(part.startswith(OWN_PREFIX) for part in where.parts)  # not to be named
    if is_ours or where.absolute() == folder.absolute():
        where = folder
    if error.errno in DISK_FULL:
        return f"{folder}: the disk is full; free some and run the same command again: it goes on"
    held = getattr(error, "winerror", None) in _HELD_ON_WINDOWS
    if error.errno in (errno.EACCES, errno.EPERM) and not held:
        return f"{where}: no permission; choose another --dst or change its rights"
    if error.errno == errno.EROFS:
        return f"{where}: is on a disk that can only be read; choose another --dst"
    if held or _is_anothers_work(error, is_ours):
        return (
            f"{where}: another run is at work on it, or another program holds a file of it open; "
            "wait for that to end, then run the same command again"
        )
    why = error.strerror or error
    return (
        f"{where}: cannot be written ({why}); expected a folder to write to; choose another --dst"
    )


def _is_anothers_work(error: OSError, is_ours: bool) -> bool:
    """Does waiting help? A folder appeared that was just not there, or something of ours went."""
    if error.errno == errno.EEXIST:
        return is_ours or (error.filename is not None and Path(error.filename).is_dir())
    if error.errno in (errno.ENOENT, errno.ENOTEMPTY):
        return is_ours
    return error.errno in _HELD


def _is_on_the_way(path: Path, folder: Path) -> bool:
    path, folder = path.absolute(), folder.absolute()
    return path.is_relative_to(folder) or folder.is_relative_to(path)


def check_writable(folder: Path) -> None:
    """Raise `OSError`, naming the folder, unless a file can be made in it."""
    try:
        with TemporaryFile(dir=folder, prefix=OWN_PREFIX):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None


@dataclass(frozen=True, slots=True)
class FileSignature:
    """Tells whether a file is still the one that was put there, and where it went if not."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileSignature:
        status = os.lstat(path)
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def same_content(self, other: FileSignature) -> bool:
        """Size and time; not the inode, which some file systems give out anew at every mount."""
        return (self.size_bytes, self.mtime_ns) == (other.size_bytes, other.mtime_ns)


def put_bytes(data: bytes, final: Path, temp_folder: Path) -> None:
    _put(lambda temporary: write_synced(temporary, [data]), final, temp_folder)


def put_photo(
    original: Place, final: Path, link: str, temp_folder: Path, seen: Scan | None = None
) -> None:
    """Link or copy ``original`` to ``final``; copies where a hard link is refused. From behind a
    URL, a copy of the very bytes that were ``seen``, or `AlbumError`."""
    if isinstance(original, Remote):
        _put(lambda temporary: _fetch(original, seen, temporary), final, temp_folder)
        return
    mode = LINK_MODES[link]
    if mode.in_one_step and mode.make(original, final):
        return
    made = LINK_MODES[COPY] if mode.in_one_step else mode
    _put(lambda temporary: _made(made, original, temporary), final, temp_folder)


def _made(mode: LinkMode, original: Path, path: Path) -> None:
    if not mode.make(original, path):
        LINK_MODES[COPY].make(original, path)


def possible_links(originals: Mapping[str, Place], link: str, folder: Path) -> dict[str, str]:
    """``link`` for each photo, or ``copy`` where none of that kind can be made in ``folder``.

    Found out by trying, once for all photos alike, because disks and systems differ more than their
    names say: other disk, no links on it, or no links to another user's files. Raises `AlbumError`
    for a kind that has no copy in its place.
    """
    mode = LINK_MODES[link]
    if mode.name == COPY:
        return dict.fromkeys(originals, COPY)
    kinds = {photo: _kind(path) for photo, path in originals.items()}
    samples = {kind: originals[photo] for photo, kind in kinds.items() if kind is not None}
    with TemporaryDirectory(dir=folder, prefix=OWN_PREFIX) as place:
        probe = Path(place) / "link"
        try:
            allowed = {kind for kind, path in samples.items() if _can_make(mode, path, probe)}
        except OSError as error:
            others = " or ".join(name for name in LINK_MODES if name != link)
            what = f"{mode.refused or link + ': refused'} ({error.strerror})"
            raise AlbumError(f"{folder}: {what}; pass --link {others}") from error
    return {photo: link if kind in allowed else COPY for photo, kind in kinds.items()}


def _kind(path: Place) -> tuple[int, ...] | None:
    """What a system looks at before it lets a file be linked; None if it is gone, or no file."""
    if isinstance(path, Remote):
        return None
    try:
        status = path.stat()
    except OSError:  # gone since it was listed: filing will say so
        return None
    return status.st_dev, status.st_uid, status.st_gid, status.st_mode


def _can_make(mode: LinkMode, original: Place, probe: Path) -> bool:
    try:
        return mode.make(Path(str(original)), probe)
    except OSError as error:
        if error.errno in DISK_FULL:
            return False
        raise
    finally:
        probe.unlink(missing_ok=True)


def is_same_photo(original: Place, final: Path) -> bool:
    """Is ``final`` already the link to or copy of ``original`` that `put_photo` would make?"""
    if isinstance(original, Remote):
        return _is_fetched(original, final)
    if final.is_symlink():
        return os.path.realpath(final) == os.path.realpath(original)
    return os.path.samefile(original, final) or filecmp.cmp(original, final, shallow=False)


def is_same_bytes(data: bytes, final: Path) -> bool:
    return final.read_bytes() == data


def _put(make: Callable[[Path], object], final: Path, temp_folder: Path) -> None:
    put_new(make, final, temp_folder / str(threading.get_ident()))


def _fetch(original: Remote, seen: Scan | None, path: Path) -> None:
    if seen is None or not seen.was_read:  # a network may fail for a while: the next run tries it
        raise AlbumError("nothing was read of it")
    content = new_content_hash()

    def hashed() -> Iterator[bytes]:
        for chunk in original.chunks():
            content.update(chunk)
            yield chunk

    write_synced(path, hashed())
    if seen.content and content.hexdigest() != seen.content:
        raise AlbumError(CHANGED)
    if seen.mtime_ns > 0:
        os.utime(path, ns=(seen.mtime_ns, seen.mtime_ns))


def _is_fetched(original: Remote, final: Path) -> bool:
    """Size and time tell, as they do for rsync; without a time, every byte."""
    there, here = original.status(), final.lstat()
    if there.size_bytes != here.st_size:
        return False
    if there.mtime_ns > 0 and there.mtime_ns == here.st_mtime_ns:
        return True
    with open(final, "rb") as file:
        return all(file.read(len(chunk)) == chunk for chunk in original.chunks())
