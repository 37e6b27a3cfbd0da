"""Every network with every sampling of the training crops: trained, exported, judged, timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.crops.class_folders import how_often, write_class_folders
from facesort.dataset.split import TRAIN
from facesort.evaluate.classifiers import Name, Row, judge, surest_class, time_all
from facesort.labels.label_set import LabelSet
from facesort.models.classify.classifier import Classifier, load_classifier, squared
from facesort.models.classify.fit import Recipe, fit
from facesort.models.classify.onnx_files import export, quantize
from facesort.models.detect import Detector
from facesort.progress import Step, no_step

MAX_LOSS = 0.01  # of accuracy and of macro recall on val, that 8 bits may cost
_COMPARED = 50  # crops on which checkpoint and ONNX file have to say the same

Image = NDArray[np.uint8]
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
