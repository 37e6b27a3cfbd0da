"""A zip of labels and images, as CVAT, Roboflow and Label Studio make and take it.

Only label files and images are unpacked, below a folder of ours; a name that leads out of it is an
error, and so is more than `MAX_BYTES`, which a zip of some kilobytes can hold.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from facesort.errors import LabelError
from facesort.file_names import why_outside
from facesort.photos import PHOTO_SUFFIXES

_LABEL_SUFFIXES = frozenset({".xml", ".json", ".txt", ".csv", ".yaml", ".yml", ".parquet"})
MAX_BYTES = 200_000_000_000
_BLOCK_BYTES = 1 << 20


def is_zip(source: Path) -> bool:
    return source.suffix.lower() == ".zip" and source.is_file()


@contextmanager
def unzipped(source: Path, out: Path) -> Iterator[Path]:
    """The folder that holds what is in the zip ``source``, beside ``out`` so that images can be
    linked from there, and gone in the end; any other source as it is."""
    if not is_zip(source):
        yield source
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".unzipped_") as folder:
        unzip(source, Path(folder))
        yield Path(folder)


def unzip(source: Path, folder: Path) -> None:
    """Raises `LabelError` for what is no zip, is damaged, or leads out of ``folder``."""
    try:
        with zipfile.ZipFile(source) as archive:
            wanted = [m for m in archive.infolist() if _is_wanted(m)]
            if sum(member.file_size for member in wanted) > MAX_BYTES:
                raise LabelError(f"{source}: holds more than {MAX_BYTES // 10**9} GB; unpack it")
            for member in wanted:
                _unpack(archive, member, source, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise LabelError(f"{source}: no zip that can be read ({error})") from error
    except OSError as error:
        raise LabelError(f"{source}: cannot be unpacked ({error.strerror or error})") from error


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    is_mac = "__MACOSX" in path.parts or path.name.startswith(".")
    suffix = path.suffix.lower()
    return not (member.is_dir() or is_mac) and suffix in PHOTO_SUFFIXES | _LABEL_SUFFIXES


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: Path, folder: Path) -> None:
    name = member.filename.removeprefix("./")
    if why := why_outside(name):
        raise LabelError(f"{source}: '{name}' {why}; nothing was read")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as data, target.open("xb") as file:
        left = member.file_size
        while block := data.read(_BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise LabelError(f"{source}: '{name}' is longer than the zip says")
            file.write(block)


def pack(folder: Path) -> Path:
    """``folder``.zip with what is in ``folder``; raises `LabelError` where it is there already.
    Images are compressed already, so they are stored."""
    target = folder.with_name(f"{folder.name}.zip")
    if target.exists():
        raise LabelError(f"{target}: is there already; pass another --out")
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w", strict_timestamps=False) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            is_photo = file.suffix.lower() in PHOTO_SUFFIXES
            how = zipfile.ZIP_STORED if is_photo else zipfile.ZIP_DEFLATED
            archive.write(file, file.relative_to(folder).as_posix(), how)
    shutil.move(part, target)
    return target
