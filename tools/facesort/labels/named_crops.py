"""Face crops as a source tells them, before any is opened: a path and the name of its class."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facesort.photos import list_photos


@dataclass(frozen=True)
class Refused:
    """A crop that cannot be used. ``reason`` is the same for all of its kind and names the folder
    in which they are filed for review; ``detail`` is about this one."""

    path: Path
    name: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class NamedCrops:
    """``crops`` are (path, class name in the words of the source); what came in is those and
    the ``refused``. ``root`` is the folder that paths are told relative to."""

    root: Path
    crops: tuple[tuple[Path, str], ...]
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()


def images_below(root: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """(path, path relative to ``root``) of every image; `UsageError` where that is no folder."""
    for found in list_photos(root).photos:
        yield found.path, PurePosixPath(found.relative)


def notes_on(root: Path) -> tuple[str, ...]:
    """Lines on what lies below ``root`` and is no image, or cannot be entered."""
    listing = list_photos(root)
    suffixes = Counter(PurePosixPath(name).suffix or "no suffix" for name in listing.others)
    told = ", ".join(f"{n:,} {suffix}" for suffix, n in sorted(suffixes.items()))
    notes = [f"passed over, no images: {told}"] if told else []
    notes += [f"passed over, cannot be entered: {folder}" for folder in listing.unreadable]
    return tuple(notes)


def class_name(folder: str) -> str:
    """The name of a folder as a class."""
    return plain_text(folder) or "?"


def plain_text(text: str) -> str:
    """``text`` in one spelling of accents (macOS and Linux differ), and text whatever its bytes."""
    valid = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", valid).strip()
