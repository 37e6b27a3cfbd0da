"""Tar files as shards of a data set: which are meant, and what lies in each, in one pass.

Format: https://webdataset.github.io/webdataset/ ; a name is divided at the first dot of its last
part: ``a/b.left.jpg`` has the key ``a/b`` and the suffix ``left.jpg``. The standard library reads
them: the package of that name belongs to torch, and runs what a ``pipe:`` among its paths says.

Nothing is unpacked to where a tar file says. Memory stays flat: a member is read by blocks, and
headers, which `tarfile` would keep, are forgotten.
"""

from __future__ import annotations

import importlib
import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, Any, cast

from facesort.errors import LabelError, first_line
from facesort.photos.listing import SYSTEM_NAMES

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_HEADER_BYTES = 1 << 20  # of a long name or of PAX records, which tarfile takes into memory
MAX_NAME_LENGTH = 1000
_BLOCK_BYTES = 1 << 18
# as webdataset divides a name, but for hidden files in folders, such as macOS's a/._b.jpg
_NAME = re.compile(r"((?:.*/|)[^./]+)[.]([^/]+)", re.DOTALL)
_OF_WEBDATASET = re.compile(r"__[^/]*__($|/)")  # its own remarks, which it passes over as well
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "lzma"}
_FAULTS = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError)


class Damaged(LabelError):
    """What follows in a shard cannot be read; what came before was fine."""


@dataclass(frozen=True)
class PassedOver:
    """A member that is no file to be read, and ``why``, in the same words for all of its kind."""

    where: str
    why: str


@dataclass(frozen=True)
class Member:
    """A file in a shard, to be read before the next one is asked for."""

    key: str
    suffix: str  # in lower case, without the first dot
    size_bytes: int
    walk: _Walk
    stream: IO[bytes]

    def blocks(self) -> Iterator[bytes]:
        """Its content; raises `Damaged` where that ends too early."""
        while True:
            with self.walk.faults_reported():
                block = self.stream.read(_BLOCK_BYTES)
            if not block:
                return
            yield block


def is_shard(path: Path) -> bool:
    """By its name; ``data-{000000..000012}.tar`` is one too."""
    return path.name.lower().endswith(SUFFIXES)


def find(source: Path) -> list[Path]:
    """The shards of a folder, of a pattern with braces, or that file; they need not be there."""
    if source.is_dir():
        files = (path for path in source.rglob("*") if is_shard(path) and path.is_file())
        return sorted(f for f in files if f.name[0] != "." and f.name.lower() not in SYSTEM_NAMES)
    if source.exists() or "{" not in str(source):
        return [source]
    from braceexpand import braceexpand

    try:
        return [Path(text) for text in braceexpand(str(source), escape=False)]
    except ValueError:
        raise LabelError(f"{source}: a brace too many; expected data-{{000..012}}.tar") from None


def members(shard: Path) -> Iterator[Member | PassedOver]:
    """The files of ``shard`` in their order. Raises `Damaged`, telling where, once all that can be
    read was handed out."""
    walk = _Walk(shard)
    with ExitStack() as open_files:
        with walk.faults_reported():
            content = open_files.enter_context(_unpacked(shard))
            tar = _Tar.open(fileobj=content, mode="r|")
            walk.tar = open_files.enter_context(tar)
        while True:
            with walk.faults_reported():
                info = tar.next()
            tar.members = []  # type: ignore[attr-defined]
            if info is None:
                break
            walk.last = info.name
            if info.size < 0:
                raise walk.damaged("a size below zero")
            found = _member(info, walk)
            if found is not None:
                yield found
            walk.skip_to_next()
        walk.check_end()


def _unpacked(shard: Path) -> IO[bytes]:
    """The tar file itself. `tarfile` would unpack it too, but neither gzip files put together nor,
    in Python 3.10, damaged ones."""
    with shard.open("rb") as file:
        start = file.read(max(map(len, _PACKED)))
    unpack = next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)
    opened = importlib.import_module(unpack).open(shard) if unpack else shard.open("rb")
    return cast(IO[bytes], opened)


def _member(info: tarfile.TarInfo, walk: _Walk) -> Member | PassedOver | None:
    """None for folders, and for what is webdataset's own."""
    if info.isdir() or _OF_WEBDATASET.match(info.name):
        return None
    where = f"{walk.shard.name}: {info.name[:MAX_NAME_LENGTH]}"
    why = _why_not(info)
    divided = _NAME.fullmatch(info.name)
    if why or divided is None:
        return PassedOver(where, why or "has no key and suffix")
    with walk.faults_reported():
        stream = cast(tarfile.TarFile, walk.tar).extractfile(info)
    assert stream is not None  # it is a file
    return Member(divided[1], divided[2].lower(), info.size, walk, stream)


def _why_not(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "is a link"
    if not info.isreg() or info.issparse():
        return "is no plain file"
    if len(info.name) > MAX_NAME_LENGTH:
        return "has a name too long"
    leads_away = info.name.startswith("/") or PureWindowsPath(info.name).anchor
    if leads_away or PureWindowsPath(info.name).drive or ".." in re.split(r"[/\\]", info.name):
        return "has a name that leads out of its folder"
    return ""


class _Walk:
    """Where in a shard the reading is, so that a fault can be reported with its place."""

    def __init__(self, shard: Path) -> None:
        self.shard = shard
        self.tar: _Tar | None = None
        self.last = ""

    def damaged(self, why: str) -> Damaged:
        at = cast(Any, self.tar.fileobj).tell() if self.tar else 0
        after = f", after {self.last[:MAX_NAME_LENGTH]}" if self.last else ""
        return Damaged(f"{self.shard.name}: {why}, at byte {at:,}{after}; what follows is lost")

    @contextmanager
    def faults_reported(self) -> Iterator[None]:
        """Only around reading, so that a full disk is not taken for a damaged shard."""
        try:
            yield
        except FileNotFoundError:
            raise Damaged(f"{self.shard}: is not there") from None
        except _FAULTS as error:
            raise self.damaged(first_line(error)) from error

    def skip_to_next(self) -> None:
        """`tarfile` would look for the end of a member however far away a header says it is."""
        tar = cast(_Tar, self.tar)
        stream: Any = tar.fileobj
        while (left := tar.offset - stream.tell()) > 0:  # type: ignore[attr-defined]
            with self.faults_reported():
                block = stream.read(min(left, _BLOCK_BYTES))
            if not block:
                raise self.damaged("unexpected end of data")

    def check_end(self) -> None:
        """`tarfile` takes a broken header, and any end, for the proper one."""
        tar = cast(_Tar, self.tar)
        if not isinstance(tar.end, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
            found = first_line(tar.end) if tar.end else "no header"
            raise self.damaged(f"no end mark but {found}")
        stream: Any = tar.fileobj
        while True:
            with self.faults_reported():
                block = stream.read(_BLOCK_BYTES)
            if block.strip(b"\0"):
                raise self.damaged("more data after the end mark (files put together?)")
            if not block:
                return


class _Header(tarfile.TarInfo):
    """Refuses headers that would fill the memory, and tells the tar file why it ended."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        info = super().frombuf(buf, encoding, errors)
        if info.type in _INTO_MEMORY and not 0 <= info.size <= MAX_HEADER_BYTES:
            raise tarfile.HeaderError(f"a header of {info.size:,} bytes")
        return info

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> _Header:
        try:
            return super().fromtarfile(tarfile)
        except _HEADER_FAULT as error:
            cast(_Tar, tarfile).end = error
            raise


class _Tar(tarfile.TarFile):
    tarinfo = _Header
    end: Exception | None = None


_HEADER_FAULT = tarfile.HeaderError
_INTO_MEMORY = frozenset(
    [
        *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
        *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    ]
)
