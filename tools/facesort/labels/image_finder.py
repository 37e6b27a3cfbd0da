"""Finds the image a label file speaks of: by path, by name, by name without suffix.

Labels travel: their paths come from another machine (``C:\\photos\\a.JPG``), their Unicode from
another system (macOS decomposes), their suffix from before a conversion. A name is only ever looked
up among the images below one folder, so no label can point outside it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path, PurePosixPath

from facesort.photos import PHOTO_SUFFIXES, list_photos


class Images:
    """The images below ``root``; raises `UsageError` where that is no folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_path: dict[str, Path] = {}
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        self._by_place: dict[str, list[Path]] = defaultdict(list)  # path without suffix
        for found in list_photos(root).photos:
            key = PurePosixPath(_key(found.relative))
            self._by_path[str(key)] = found.path
            self._by_name[key.name].append(found.path)
            self._by_place[str(key.with_suffix(""))].append(found.path)
            self._by_stem[key.stem].append(found.path)

    def __len__(self) -> int:
        return len(self._by_path)

    def find(self, name: str, folder: str = "") -> Path | str:
        """The image called ``name``, first in ``folder`` (relative to the root); where there is
        none, or more than one that could be meant, the reason instead."""
        told = PurePosixPath(_key(name))
        beside = PurePosixPath(_key(folder)) / told.name
        for path in (PurePosixPath(_key(folder)) / told, told, beside):
            if str(path) in self._by_path:
                return self._by_path[str(path)]
        stem = told.with_suffix("") if told.suffix in PHOTO_SUFFIXES else told
        groups = (
            # a path says more than a name, a name more than a name without suffix
            self._by_place.get(str(stem)) if len(told.parts) > 1 else None,
            self._by_name.get(told.name),
            self._by_place.get(str(beside.parent / stem.name)),
            self._by_stem.get(stem.name),
        )
        found = next((group for group in groups if group), [])
        if len(found) > 1:
            return f"is there {len(found)} times"
        return found[0] if found else "is not there"


def _key(text: str) -> str:
    parts = unicodedata.normalize("NFC", text).casefold().replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))
