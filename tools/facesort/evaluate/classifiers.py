"""Classifiers of face crops, and a detector in their place, side by side: right, fast, small?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.csv_files import DictWriter
from facesort.models.detect import Detector
from facesort.models.letterbox import GREY

NO_CLASS = -1  # a detector that finds no face in the crop

Picture = NDArray[np.uint8]
Name = Callable[[Picture], int]  # a crop's class index, or NO_CLASS


@dataclass(frozen=True)
class Row:
    """One line of the table. ``right`` and ``crops`` are by class index; milliseconds are of one
    crop on one thread, the median and the best."""

    model: str
    sampling: str
    kind: str
    right: tuple[int, ...]
    crops: tuple[int, ...]
    bits: tuple[float, float]  # mouth, eyes: share of the crops named rightly
    none: int
    mb: float
    ms: float = float("nan")
    best_ms: float = float("nan")
    note: str = ""

    @property
    def accuracy(self) -> float:
        return sum(self.right) / sum(self.crops)

    @property
    def macro_recall(self) -> float:
        """The mean over the classes that have a crop."""
        return float(np.mean([r / n for r, n in zip(self.right, self.crops, strict=True) if n]))


def judge(name: Name, crops: Sequence[tuple[Picture, int]], **told: object) -> Row:
    """How rightly ``name`` names ``crops`` (picture, class index); ``told`` is for `Row`."""
    true = np.array([class_id for _, class_id in crops])
    named = np.array([name(rgb) for rgb, _ in crops])
    classes = range(len(CLASS_NAMES))
    found = named != NO_CLASS
    mouth, eyes = (float((found & ((named & b) == (true & b))).mean()) for b in (MOUTH, EYES))
    return Row(
        right=tuple(int(((true == c) & (named == c)).sum()) for c in classes),
        crops=tuple(int((true == c).sum()) for c in classes),
        bits=(mouth, eyes),
        none=int((~found).sum()),
        **told,  # type: ignore[arg-type]
    )


def surest_class(detector: Detector, room: float) -> Name:
    """``detector`` as a namer of crops: the class of its surest face, with ``room`` (a share of
    the longer side) around the crop: a face that fills its picture is hard to find."""

    def name(rgb: Picture) -> int:
        margin = int(max(rgb.shape[:2]) * room)
        around = ((margin, margin), (margin, margin), (0, 0))
        padded = np.pad(rgb, around, constant_values=GREY)
        found = detector.detect([padded])[0]
        return int(found.class_id[found.confidence.argmax()]) if len(found) else NO_CLASS

    return name


def time_all(
    rows: Sequence[Row], names: Sequence[Name], crops: Sequence[Picture], rounds: int = 40
) -> list[Row]:
    """``rows`` with milliseconds, in turns, so that a busy machine is busy for all of them."""
    taken: list[list[float]] = [[] for _ in rows]
    for number in range(rounds):
        rgb = crops[number % len(crops)]
        for name, times in zip(names, taken, strict=True):
            name(rgb)  # as in a batch of one model: its memory is warm
            start = time.perf_counter()
            name(rgb)
            times.append((time.perf_counter() - start) * 1e3)
    return [
        replace(row, ms=float(np.median(ms)), best_ms=min(ms))
        for row, ms in zip(rows, taken, strict=True)
    ]


def cells(row: Row) -> Mapping[str, str]:
    """A row as its columns; a class as how many of its crops were named rightly."""
    classes = {
        name: f"{r} of {n}" for name, r, n in zip(CLASS_NAMES, row.right, row.crops, strict=True)
    }
    return {
        "model": row.model,
        "training crops": row.sampling,
        "file": row.kind,
        "accuracy": f"{row.accuracy:.4f}",
        "macro recall": f"{row.macro_recall:.4f}",
        **classes,
        "mouth": f"{row.bits[0]:.4f}",
        "eyes": f"{row.bits[1]:.4f}",
        "no face": str(row.none),
        "ms": f"{row.ms:.2f}",
        "best ms": f"{row.best_ms:.2f}",
        "MB": f"{row.mb:.2f}",
        "note": row.note,
    }


def markdown(rows: Sequence[Row]) -> str:
    table = [cells(row) for row in rows]
    columns = list(table[0])
    lines = [columns, ["---"] * len(columns), *([row[c] for c in columns] for row in table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_csv(file: Path, rows: Sequence[Row]) -> None:
    table = [cells(row) for row in rows]
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = DictWriter(out, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
