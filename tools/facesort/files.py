"""Files put in place whole: written and then renamed, linked or copied, and forced to the disk.

A reader, after a kill or a power cut too, finds the old file, the new one or none, never a
part of one. Label files are never linked: they are edited in place, and through a link the edit
would reach the original.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

DISK_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
AT_ONCE = 8  # folders
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def fingerprint(path: Path) -> object:
    """Another one after any change to a file or the names in a folder; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def numbered_folder(path: Path) -> Path:
    """``path``, or it with -2, -3 ... where there is something already."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.name}-{number}")
        number += 1
    return free


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A free path beside ``path``, of the same suffix; what is written there takes its place when
    all went well. Each process has its own."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    with _cleared(temporary):
        yield temporary
        if temporary.exists():
            os.replace(temporary, path)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path``, an empty one or none, that takes its place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp's is for us alone
        if path.exists():
            path.rmdir()  # empty: Windows does not rename onto a folder
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_atomic(path: Path, data: Iterable[bytes], temporary: Path) -> None:
    """Write or replace ``path`` in one step, by pieces; ``temporary`` is on the same disk. It
    outlives a power cut."""
    with _cleared(temporary):
        write_synced(temporary, data)
        os.replace(temporary, path)
    sync_folder(path.parent)


def move(file: Path, path: Path) -> None:
    """Put a copy of ``file``, from any disk, at ``path`` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        shutil.copyfile(file, temporary)


def put_new(make: Callable[[Path], object], final: Path, temporary: Path) -> None:
    """``make`` a file at ``temporary`` and give it its final name, never another's.

    Raises `FileExistsError` where the name is in use.
    """
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


def hard_link(original: str | Path, final: Path) -> bool:
    """Link ``final`` to ``original``; of a symbolic link, to what it leads to. False where that
    cannot be: another disk, another owner, too many links, no links on this disk, no such folder.

    Raises `FileExistsError` where the name is in use, and `OSError` where there is no room.
    """
    real = os.path.realpath(original) if os.path.islink(original) else original
    try:
        os.link(real, final)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return False
    return True


def link_or_copy(original: Path, final: Path, is_whole: bool = False) -> None:
    """Make ``final`` and its folder: a hard link to the image ``original``, which takes no room,
    or a copy where there can be none.

    A JPEG without its end mark is always copied: Ultralytics repairs such a file when it scans a
    data set, in older versions in place, which through a link would change the original; of one
    that ``is_whole``, the caller has seen that mark. Raises `FileExistsError` where ``final`` is
    there already, and `OSError` as the disk does.
    """
    can_link = is_whole or not _is_cut_jpeg(original)
    if can_link and hard_link(original, final):
        return
    if not final.parent.is_dir():  # asked only now: of many files, only the first makes it
        final.parent.mkdir(parents=True, exist_ok=True)
        if can_link and hard_link(original, final):
            return
    if os.path.lexists(final):
        raise FileExistsError(f"{final} is there already")
    shutil.copyfile(original, final)
    shutil.copystat(original, final)


def write_synced(path: Path, data: Iterable[bytes]) -> None:
    """Write ``path`` by pieces and force it to the disk; it may be left in part."""
    with open(path, "wb") as file:
        file.writelines(data)
        file.flush()
        os.fsync(file.fileno())


def copy_synced(original: Path, path: Path) -> None:
    """Copy a file with its times and force it to the disk; it may be left in part."""
    shutil.copyfile(original, path)
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
    shutil.copystat(original, path)


def sync_folder(folder: Path) -> None:
    """Force the entries of ``folder`` to the disk; where a file system cannot, nothing happens.

    A new file, link or folder outlives a power cut only once the folder that lists it was synced
    (fsync(2)). Windows has no such call and needs none.
    """
    if os.name == "nt":
        return
    with suppress(OSError):  # gone meanwhile, or a network disk that knows no fsync of folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_folders(folders: Sequence[Path]) -> None:
    """As `sync_folder`, all at once: most disks write them together, in the time of one."""
    if len(folders) < 2:
        for folder in folders:
            sync_folder(folder)
        return
    with ThreadPoolExecutor(min(len(folders), AT_ONCE)) as pool:
        list(pool.map(sync_folder, folders))


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


def _is_cut_jpeg(file: Path) -> bool:
    with open(file, "rb", buffering=0) as data:
        if data.read(2) != _JPEG_START:
            return False
        data.seek(-2, os.SEEK_END)
        return data.read(2) != _JPEG_END
