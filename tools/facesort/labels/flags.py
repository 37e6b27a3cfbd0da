"""Flags in the names of face crops: ``<occluded>_<top>_<bottom>...``, each 0 or 1.

The first three fields between ``_`` count, the third cut to its first character: ``1_0_1.jpg``,
``1_0_1_0001.jpg``. The same as folder names: ``0_0_0``, ``1_0_1``, ``1_1_0``, ``1_1_1``. Two
published occlusion classifiers use them. Top is the eyes, bottom the mouth. ``0`` with a top or
bottom flag contradicts itself: a mislabel. ``1_0_0`` is covered by something that is neither, such
as a hat: `OTHER`, which is none of the four classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facesort.classes import FaceClass
from facesort.errors import LabelError
from facesort.labels.named_crops import NamedCrops, Refused, images_below, notes_on

OTHER = "other"
_BITS = {"0": False, "1": True}


@dataclass(frozen=True)
class Flags:
    """What covers a face, as its name tells."""

    occluded: bool
    top: bool
    bottom: bool

    @property
    def is_mislabel(self) -> bool:
        return not self.occluded and (self.top or self.bottom)

    @property
    def class_name(self) -> str:
        """One of the four classes, or `OTHER`. Raises `LabelError` for a mislabel."""
        if self.is_mislabel:
            raise LabelError(f"{render(self)}: not occluded, yet top or bottom is; fix the name")
        if self.occluded and not (self.top or self.bottom):
            return OTHER
        return FaceClass.from_bits(mouth_covered=self.bottom, eyes_covered=self.top).name


def parse(name: str) -> Flags:
    """The flags of a file or folder name; raises `LabelError` where it has none."""
    fields = name.split("_", 2)
    bits = [*fields[:2], *(field[:1] for field in fields[2:])]
    if len(bits) != 3 or not all(bit in _BITS for bit in bits):
        raise LabelError(f"{name}: no flags; expected <occluded>_<top>_<bottom>, each 0 or 1")
    return Flags(*(_BITS[bit] for bit in bits))


def render(flags: Flags, rest: str = "") -> str:
    """The name that says ``flags``; ``rest`` follows them, such as ``_0001.jpg``."""
    return "_".join(str(int(bit)) for bit in (flags.occluded, flags.top, flags.bottom)) + rest


def find(relative: PurePosixPath) -> list[Flags]:
    """The flags of a crop's file name and of the nearest folder that has some: none, one, two."""
    folders = (_parse_or_none(part) for part in reversed(relative.parts[:-1]))
    found = (_parse_or_none(relative.name), next(filter(None, folders), None))
    return [flags for flags in found if flags]


def share(paths: Iterable[PurePosixPath]) -> float:
    """How many of these have flags, 0 to 1: whether a source is of this kind."""
    has = [bool(find(path)) for path in paths]
    return sum(has) / len(has) if has else 0.0


def read(root: Path) -> NamedCrops:
    """Every image below ``root`` with the class that its flags mean."""
    crops, refused = [], []
    for path, relative in images_below(root):
        found = find(relative)
        name = render(found[0]) if found else ""
        if not found:
            refused.append(Refused(path, "", "no flags in the name"))
        elif any(flags.is_mislabel for flags in found):
            refused.append(Refused(path, name, "mislabelled flags", "0 with a top or bottom flag"))
        elif len(set(found)) > 1:
            detail = f"file {name}, folder {render(found[1])}"
            refused.append(Refused(path, name, "mislabelled flags", detail))
        else:
            crops.append((path, found[0].class_name))
    return NamedCrops(root, tuple(crops), tuple(refused), notes_on(root))


def _parse_or_none(name: str) -> Flags | None:
    try:
        return parse(name)
    except LabelError:
        return None
