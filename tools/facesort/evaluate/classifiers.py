"""Classifiers of face crops: trained per sampling, exported, measured, timed, compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.csv_files import DictWriter
from facesort.dataset.crops.class_folders import how_often, write_class_folders
from facesort.dataset.splits import TRAIN
from facesort.labels.image_labels import LabelSet
from facesort.models.classify.classifier import (
    Classifier,
    export,
    load_classifier,
    quantize,
    squared,
)
from facesort.models.classify.fit import Recipe, fit
from facesort.models.detect import Detector
from facesort.models.letterbox import GREY
from facesort.reporter import Step, no_step

NO_CLASS = -1  # a detector that finds no face in the crop

Image = NDArray[np.uint8]
Name = Callable[[Image], int]  # a crop's class index, or NO_CLASS


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


def judge(name: Name, crops: Sequence[tuple[Image, int]], **given: object) -> Row:
    """How rightly ``name`` names ``crops`` (image, class index); ``given`` is for `Row`."""
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
        **given,  # type: ignore[arg-type]
    )


def surest_class(detector: Detector, room: float) -> Name:
    """``detector`` as a namer of crops: the class of its surest face, with ``room`` (a share of
    the longer side) around the crop: a face that fills its image is hard to find."""

    def name(rgb: Image) -> int:
        margin = int(max(rgb.shape[:2]) * room)
        around = ((margin, margin), (margin, margin), (0, 0))
        padded = np.pad(rgb, around, constant_values=GREY)
        found = detector.detect([padded])[0]
        return int(found.class_id[found.confidence.argmax()]) if len(found) else NO_CLASS

    return name


def time_all(
    rows: Sequence[Row], names: Sequence[Name], crops: Sequence[Image], rounds: int = 40
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


MAX_LOSS = 0.01  # of accuracy and of macro recall on val, that 8 bits may cost
_COMPARED = 50  # crops on which checkpoint and ONNX file have to say the same

Labelled = Sequence[tuple[Image, int]]


@dataclass(eq=False)
class Grid:
    """Trainings below ``out``, and the rows of their table so far, all judged on ``test``."""

    parts: Mapping[str, LabelSet]
    out: Path
    test: Labelled
    val: Labelled
    calibration: Sequence[Image]
    overrides: dict[str, Any]
    bf16_cpu: bool = False
    command: str = ""
    say: Callable[[str], object] = lambda line: None
    step: Step = no_step
    _rows: list[Row] = field(default_factory=list)
    _names: list[Name] = field(default_factory=list)

    def train(self, network: str, sampling: str, weights: Path | None) -> None:
        """One training: rows for its ONNX file and for the same in 8 bits."""
        data, imgsz = self.out / "data" / sampling, int(self.overrides["imgsz"])
        labels, seed = self.parts[TRAIN], int(self.overrides["seed"])
        times = how_often(labels, sampling, seed)
        if not data.exists():
            square = lambda rgb: squared(rgb, imgsz)  # noqa: E731
            write_class_folders(self.parts, times, data, square, seed, self.step)
        shown = f"{sampling}: {times.sum():,} images of {int((times > 0).sum()):,} crops"
        self.say(f"{network}, {shown}")
        recipe = Recipe(network, weights, labels.names, self.overrides, self.bf16_cpu, self.command)
        name = f"{network}-{sampling}"
        best = fit(recipe, data, self.out / name, self.say)
        file, int8 = self.out / f"{name}.onnx", self.out / f"{name}-int8.onnx"
        equal = export(best, file, [rgb for rgb, _ in self.val[:_COMPARED]], imgsz)
        self.say(
            f"{file.name} says the same as {best.name}: {equal.crops} crops, probabilities differ "
            f"by at most {equal.max_gap:.1e}"
        )
        quantize(file, int8, self.calibration)
        whole, small = load_classifier(file), load_classifier(int8)
        self._add(namer(whole), file, f"{network}, {imgsz} px", shown, "ONNX float32", "")
        note = self.refused(whole, small)
        self._add(namer(small), int8, f"{network}, {imgsz} px", shown, "ONNX 8 bits", note)
        if note:
            int8.unlink()
            self.say(f"{int8.name}: {note}")

    def add_detector(self, detector: Detector, file: Path, room: float, note: str) -> None:
        """A row for a detector in place of a classifier: the surest face in a crop with ``room``
        around it."""
        model, kind = f"detector {file.stem}, {detector.imgsz} px", file.suffix[1:].upper()
        self._add(surest_class(detector, room), file, model, "its own", kind, note)

    def timed(self) -> list[Row]:
        """All rows, with milliseconds."""
        return time_all(self._rows, self._names, [rgb for rgb, _ in self.test])

    def _add(self, name: Name, file: Path, model: str, sampling: str, kind: str, note: str) -> None:
        mb = file.stat().st_size / 1e6
        row = judge(name, self.test, model=model, sampling=sampling, kind=kind, mb=mb)
        self._rows.append(replace(row, note=note))
        self._names.append(name)

    def refused(self, whole: Classifier, small: Classifier) -> str:
        """Why the 8-bit file is not kept, judged on val; empty where it is."""
        before, after = (
            judge(namer(c), self.val, model="", sampling="", kind="", mb=0.0)
            for c in (whole, small)
        )
        fell = [
            f"{what} on val fell from {a:.3f} to {b:.3f}"
            for what, a, b in (
                ("accuracy", before.accuracy, after.accuracy),
                ("macro recall", before.macro_recall, after.macro_recall),
            )
            if a - b > MAX_LOSS
        ]
        return f"not kept: {', '.join(fell)}" if fell else ""


def namer(classifier: Classifier) -> Name:
    """A classifier as a namer of crops: its likeliest class."""
    return lambda rgb: int(classifier.classify(rgb).argmax())
