"""Face crops as a source names them, before any is opened, and CSV tables of what was read."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facesort.csv_files import read_rows
from facesort.errors import LabelError
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
    the ``refused``. ``root`` is the folder that paths are relative to."""

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
    counts = ", ".join(f"{n:,} {suffix}" for suffix, n in sorted(suffixes.items()))
    notes = [f"passed over, no images: {counts}"] if counts else []
    notes += [f"passed over, cannot be entered: {folder}" for folder in listing.unreadable]
    return tuple(notes)


def class_name(folder: str) -> str:
    """The name of a folder as a class."""
    return plain_text(folder) or "?"


def plain_text(text: str) -> str:
    """``text`` in one spelling of accents (macOS and Linux differ), and text whatever its bytes."""
    valid = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", valid).strip()


def read(path: Path, *columns: str) -> list[Mapping[str, str]]:
    """The rows of a CSV file that has at least ``columns``; raises `LabelError` if it has not."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            found, rows = read_rows(file)
            missing = [c for c in columns if c not in found]
            if missing:
                raise LabelError(f"{path.name}: no column {', '.join(missing)}; got {found}")
            return list(rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{path}: not a CSV file in UTF-8; save it as one") from error
    except OSError as error:
        raise LabelError(
            f"{path}: cannot be read ({error.strerror}); is the path right?"
        ) from error


def by_box(path: Path, index_column: str, value_column: str) -> dict[tuple[str, int], str]:
    """``{(image, box index): value}``; raises `LabelError` where a box is named twice."""
    found: dict[tuple[str, int], str] = {}
    for number, row in enumerate(read(path, "image", index_column, value_column), 2):
        try:
            key = row["image"], int(row[index_column] or "none")
        except ValueError:
            raise LabelError(
                f"{path.name}: line {number}: {index_column} is {row[index_column]!r}; expected a "
                "whole number"
            ) from None
        if found.setdefault(key, row[value_column]) != row[value_column]:
            raise LabelError(f"{path.name}: line {number}: {key} has two values; keep one")
    return found
