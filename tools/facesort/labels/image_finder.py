"""Finds the image a label file names, and turns boxes of the stored image upright."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from facesort.boxes import Boxes, SizeWH
from facesort.photos import PHOTO_SUFFIXES, decode, list_photos
from facesort.photos.stored import read_whole


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
        wanted = PurePosixPath(_key(name))
        beside = PurePosixPath(_key(folder)) / wanted.name
        for path in (PurePosixPath(_key(folder)) / wanted, wanted, beside):
            if str(path) in self._by_path:
                return self._by_path[str(path)]
        stem = wanted.with_suffix("") if wanted.suffix in PHOTO_SUFFIXES else wanted
        groups = (
            # a path says more than a name, a name more than a name without suffix
            self._by_place.get(str(stem)) if len(wanted.parts) > 1 else None,
            self._by_name.get(wanted.name),
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


@dataclass(frozen=True)
class Shape:
    """The size of an upright image, and the EXIF orientation (1 to 8) it is stored in; of one
    that ``has_end``, the end of the file was seen."""

    size_wh: SizeWH
    orientation: int
    has_end: bool = False

    @property
    def stored_wh(self) -> SizeWH:
        return self.size_wh[::-1] if self.orientation >= 5 else self.size_wh


def shape_of(image: Path) -> Shape:
    """The shape of ``image``; raises `PhotoError` where it is none, or cut off."""
    stored = read_whole(image)
    return Shape(stored.upright_wh, stored.orientation, stored.has_end)


def to_upright(xyxy_px: Boxes, shape: Shape) -> Boxes:
    """Boxes in pixels of the stored image as boxes of the upright one."""
    w, h = shape.stored_wh
    x, y = decode.TURN[shape.orientation](xyxy_px[:, 0::2], xyxy_px[:, 1::2], w, h)
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
