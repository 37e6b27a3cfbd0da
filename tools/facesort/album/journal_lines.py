"""One line of a journal, read back and trusted for nothing: its check, and each of its values.

A line ends in ``, "check": "<16 hexadecimal digits>"}``: BLAKE2b over this line without the check
and all lines before it. What is missing at the end shows in a file beside the journal that says how
many lines were on the disk at the last sync, and their check. Journals of the first version have
neither; they are read, and protected from the first line on that is added. This tells accidents and
edits by hand, not forgeries.

Every path stays where we put files of its kind: what a journal says is removed by an undo. Each
function raises `ValueError` or `TypeError` for what no run of ours has written.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facesort.album.disk import FileSignature
from facesort.album.from_json import inner_path
from facesort.album.records import VIEWS
from facesort.album.untrusted import DAMAGED, object_of, text_of, whole_number
from facesort.errors import AlbumError
from facesort.photos.xmp import SIDECAR

DIGEST_BYTES = 8
SEAL = re.compile(rb', "check": "([0-9a-f]{16})"\}$')
HEAD_SUFFIX = ".head"


class RunningCheck:
    """Counts lines, and takes a check of all of them; lines are without their line break."""

    def __init__(self) -> None:
        self.lines = 0
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self._is_sealed = False

    @property
    def check(self) -> str:
        return self._hash.copy().hexdigest()

    def sealed(self, body: bytes) -> tuple[bytes, RunningCheck]:
        """``body``, an object in JSON, with its check; and the state after it."""
        after = self._after(body)
        after._is_sealed = True
        return body[:-1] + f', "check": "{after.check}"}}'.encode("ascii"), after

    def read(self, line: bytes) -> RunningCheck:
        """The state after ``line``; `ValueError` where it does not follow what was read before."""
        seal = SEAL.search(line)
        after = self._after(line if seal is None else line[: seal.start()] + b"}")
        after._is_sealed = self._is_sealed or seal is not None
        if after._is_sealed and (seal is None or seal[1].decode() != after.check):
            raise ValueError("it was edited, or lines before it were cut or edited")
        return after

    def _after(self, body: bytes) -> RunningCheck:
        after = RunningCheck()
        after.lines, after._hash = self.lines + 1, self._hash.copy()
        after._hash.update(body + b"\n")
        return after


def fields_of(record: Any) -> dict[str, Any]:
    """For ``default`` of `json.dumps`: as `dataclasses.asdict`, which copies all of it first."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@dataclass(frozen=True)
class Head:
    """What was on the disk at the last sync."""

    lines: int = 0
    check: str = ""

    def as_json(self) -> bytes:
        return json.dumps({"lines": self.lines, "check": self.check}).encode("ascii")


def head_path(journal: Path) -> Path:
    return journal.with_suffix(HEAD_SUFFIX)


def read_head(journal: Path) -> Head | None:
    """None where there is none; `AlbumError` where it is damaged."""
    path = head_path(journal)
    try:
        data = object_of(json.loads(path.read_bytes()))
        return Head(whole_number(data["lines"], "lines"), text_of(data["check"], "check"))
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise AlbumError(
            f"{path}: is damaged; expected how long {journal.name} is; remove it to go on without "
            "that check"
        ) from error


MANIFEST_ASIDE = ("./manifest (", ").csv")  # how the name of a set aside manifest begins and ends
MTIME_NS, INODE = 2**63, 2**128  # a time may lie before 1970; some systems number files by 128 bits


def album(value: Any) -> str:
    """Where an album is: a path or a URL."""
    if not text_of(value, "src") or "\0" in value:
        raise ValueError(f"src {value!r}: expected the path of a folder, or a URL")
    return str(value)


def made_path(value: Any) -> str:
    """``photos/<folder>/<file>`` or ``faces/<folder>/<file>``."""
    parts = inner_path(text_of(value, "path")).split("/")
    if len(parts) != 3 or parts[0] not in VIEWS:
        raise ValueError(f"{value}: expected a file in a folder of {' or '.join(VIEWS)}")
    return sys.intern(value)


def made_paths(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r}: expected a list of paths")
    return [made_path(one) for one in value]


def made_stamps(value: Any) -> dict[str, FileSignature]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r}: expected an object, path: size, time and inode")
    return {made_path(path): _stamp(signature) for path, signature in value.items()}


def folder_path(value: Any) -> str:
    """One of the two views, or a folder right in it."""
    parts = inner_path(text_of(value, "path")).split("/")
    if len(parts) > 2 or parts[0] not in VIEWS:
        raise ValueError(f"{value}: expected {' or '.join(VIEWS)}, or a folder in one of them")
    return str(value)


def sidecar_path(value: Any) -> str:
    path = made_path(value)
    if not path.startswith("photos/") or not path.endswith(SIDECAR):
        raise ValueError(f"{path}: expected a side-car ({SIDECAR}) in a folder of photos/")
    return path


def aside_path(value: Any) -> str:
    """Where a manifest that a person edited is: beside ours, numbered."""
    start, end = MANIFEST_ASIDE
    number = text_of(value, "path")[len(start) : -len(end)]
    if value != f"{start}{number}{end}" or not (number.isascii() and number.isdigit()):
        raise ValueError(f"{value}: expected a manifest, {start}N{end}")
    return str(value)


def known_photo(value: Any, photos: Mapping[str, object]) -> str:
    if text_of(value, "photo") not in photos:
        raise ValueError(f"{value}: is filed by none of the lines before")
    return str(value)


def _stamp(value: Any) -> FileSignature:
    if not isinstance(value, list) or len(value) != 3:
        raise TypeError(f"{value!r}: expected size, time and inode of a file")
    size, mtime, inode = value
    if not isinstance(mtime, int) or isinstance(mtime, bool) or not abs(mtime) < MTIME_NS:
        raise ValueError(f"{mtime!r}: expected a time in nanoseconds")
    return FileSignature(whole_number(size, "size"), mtime, whole_number(inode, "inode", INODE))
