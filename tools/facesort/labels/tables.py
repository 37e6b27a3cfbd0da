"""CSV tables that say what a reader saw: ``image,<index>,...`` rows over boxes or whole crops."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from facesort.csv_files import read_rows
from facesort.errors import LabelError


def read(path: Path, *columns: str) -> list[Mapping[str, str]]:
    """The rows of a CSV file that has at least ``columns``; raises `LabelError` if it has not."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            found, rows = read_rows(file)
            missing = [c for c in columns if c not in found]
            if missing:
                raise LabelError(f"{path.name}: no column {', '.join(missing)}; got {found}")
            return list(rows)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); is the path right?") from None


def by_box(path: Path, index_column: str, value_column: str) -> dict[tuple[str, int], str]:
    """``{(image, box index): value}``; raises `LabelError` where a box is named twice."""
    found: dict[tuple[str, int], str] = {}
    for number, row in enumerate(read(path, "image", index_column, value_column), 2):
        key = row["image"], int(row[index_column])
        if found.setdefault(key, row[value_column]) != row[value_column]:
            raise LabelError(f"{path.name}: line {number}: {key} has two values; keep one")
    return found
