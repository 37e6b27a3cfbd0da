"""Checks what a line of the journal holds: every path stays where we put files of its kind.

A journal may have been edited, and what it says is removed by an undo. Each function raises
`ValueError` or `TypeError` for what no run of ours has written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from facesort.album.disk import FileSignature
from facesort.album.from_json import inner_path
from facesort.album.untrusted import text_of, whole_number

VIEWS = ("photos", "faces")
MANIFEST_ASIDE = ("./manifest (", ").csv")  # how the name of a set aside manifest begins and ends
SIDECAR = ".xmp"
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
