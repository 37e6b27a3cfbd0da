"""File names that never collide: not on a disk that ignores case, nor on one that composes accents.

Two names are the same here if they differ only in case or in Unicode normal form, because on
Windows and macOS they would be one file. Names are cut to 255 bytes at a character.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable

from facesort.classes import CLASS_NAMES
from facesort.file_names import MAX_NAME_BYTES, why_no_name


def folded(path: str) -> str:
    """Equal for two paths that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def can_be_folder(name: str) -> bool:
    """Can a person's folder have this name, on every disk, beside our own folders and classes?"""
    ours = name.startswith("_") or folded(name) in CLASS_NAMES
    return not (why_no_name(name) or name != name.strip(" .") or ours)


def as_text(name: str) -> str:
    """``name`` as every program can write it: a byte that is no UTF-8 becomes ``%XX``, so that the
    manifest, which is UTF-8, can name the file."""
    return "".join(f"%{ord(c) & 0xFF:02X}" if is_surrogate(c) else c for c in name)


def is_surrogate(character: str) -> bool:
    """Half of a character, as which Python keeps a byte of a name that is no UTF-8."""
    return "\ud800" <= character <= "\udfff"


def fit(stem: str, tail: str) -> str:
    """``stem + tail``, the stem shortened so that the name has at most 255 bytes."""
    room = MAX_NAME_BYTES - len(os.fsencode(tail))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + tail


class NamePool:
    """Hands out paths, each at most once: the second ``a.jpg`` of a folder is ``a (2).jpg``."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {folded(path) for path in taken}
        self._last_number: dict[str, int] = {}

    def take(self, folder: str, name: str) -> str:
        name = as_text(name)
        stem, suffix = os.path.splitext(name)
        wanted = folded(f"{folder}/{name}")
        number = self._last_number.get(wanted, 0)
        while True:
            number += 1
            tail = suffix if number == 1 else f" ({number}){suffix}"
            path = f"{folder}/{fit(stem, tail)}"
            if folded(path) not in self._taken:
                break
        self._last_number[wanted] = number
        self._taken.add(folded(path))
        return path

    def claim(self, paths: Iterable[str]) -> None:
        """``paths`` are in use, whether given out here or not."""
        self._taken.update(map(folded, paths))

    def give_back(self, paths: Iterable[str]) -> None:
        """``paths`` are free again."""
        self._taken.difference_update(map(folded, paths))
        self._last_number.clear()
