"""Evaluate one model file: on a split, on crops, its speed, its size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import DatasetError, PhotoError, UsageError
from facesort.evaluate.crop_metrics import CropMetrics, measure_crops, read_crops
from facesort.evaluate.error_analysis import ErrorCase, find_errors
from facesort.evaluate.intervals import RESAMPLES, Floats, image_weights
from facesort.evaluate.predict import (
    TIMED_IMAGES,
    Latency,
    SplitPredictions,
    measure_latency,
    predict,
    size_mb,
)
from facesort.evaluate.regression_gate import CROPS
from facesort.evaluate.reliability import Reliability, best_f1, reliability
from facesort.evaluate.split_metrics import (
    ACCURACY,
    OCCLUDED_AS_FACE,
    SplitMetrics,
    by_size,
    measure_split,
)
from facesort.models.detect import YoloDetector, load_detector
from facesort.photos import open_photo
from facesort.reporter import Step, no_step


@dataclass(frozen=True)
class Request:
    """What to judge a model on; ``data`` or ``crops`` may be None, not both.

    ``conf`` None is the model's own, unless ``choose_on`` names the split that chooses it.
    """

    data: Path | None
    split: str = "test"
    crops: Path | None = None
    conf: float | None = None
    choose_on: str | None = None
    imgsz: int | None = None
    min_side_px: float = 32.0
    threads: int = 1
    resamples: int = RESAMPLES


@dataclass(frozen=True, eq=False)
class OnSplit:
    """One model on one split; ``bands`` by face size in words, over faces of every size."""

    seen: SplitPredictions
    judged: SplitMetrics
    bands: dict[str, SplitMetrics]
    reliability: Reliability
    errors_found: list[ErrorCase]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """All that was measured of one model file."""

    weights: Path
    names: tuple[str, ...]
    imgsz: int
    conf: float
    conf_from: str
    megabytes: float
    latency: Latency
    split: OnSplit | None
    crops: CropMetrics | None

    @property
    def judged_on(self) -> list[Path]:
        """The images, in order: those of the split, then the crops."""
        paths = [labels.path for labels in self.split.seen.truth] if self.split else []
        return paths + [crop.path for crop in self.crops.outcomes] if self.crops else paths

    @property
    def overall(self) -> dict[str, Floats]:
        """The figures over all classes (1 + resamples,), those on crops with a prefix."""
        figures = dict(self.split.judged.overall) if self.split else {}
        of_crops = self.crops.overall if self.crops else {}
        return figures | {f"crops: {name}": draws for name, draws in of_crops.items()}

    def figures(self) -> dict[str, float]:
        """Every figure a bar may ask for, by its name there."""
        speed = {"ms": self.latency.median_ms, "p95_ms": self.latency.p95_ms}
        values = {"MB": self.megabytes} | speed
        if self.crops:
            of_crops = _flat(self.crops.overall, self.crops.per_class, self.names)
            values |= {CROPS + name.removeprefix("macro "): v for name, v in of_crops.items()}
            values[ACCURACY] = of_crops[ACCURACY]
        if self.split:
            values |= _flat(self.split.judged.overall, self.split.judged.per_class, self.names)
            values["ECE"] = self.split.reliability.ece
        return values


def short_names(files: Sequence[Path]) -> dict[str, Path]:
    """Model files by a name to show: the file's own, or its whole path where two are alike.

    Raises `UsageError` where a file is given twice.
    """
    alike = Counter(file.name for file in files)
    named = {file.name if alike[file.name] == 1 else file.as_posix(): file for file in files}
    if len(named) != len(files):
        raise UsageError("--compare: a model is given twice; pass different files")
    return named


def _flat(
    overall: Mapping[str, Floats], per_class: Mapping[str, Floats], names: Sequence[str]
) -> dict[str, float]:
    values = {
        f"{figure}_{name}": float(draws[0, c])
        for figure, draws in per_class.items()
        for c, name in enumerate(names)
    }
    values |= {figure: float(draws[0]) for figure, draws in overall.items()}
    if OCCLUDED_AS_FACE in values:
        values["called_clean"] = values[OCCLUDED_AS_FACE]
    return values


def evaluate(weights: Path, asked: Request, step: Step = no_step) -> Evaluated:
    """Judge ``weights`` as asked; raises `ModelError`, `DatasetError`, `LabelError`."""
    detector = load_detector(weights, asked.conf, asked.imgsz, threads=0)
    conf_from = "the model's own" if asked.conf is None else "given"
    seen = predict(detector, asked.data, asked.split, step) if asked.data else None
    if seen and asked.data and asked.choose_on:
        same = asked.choose_on == asked.split
        chooser = seen if same else predict(detector, asked.data, asked.choose_on, step)
        conf = best_f1(chooser.truth, chooser.found, asked.min_side_px).confidence
        detector = replace(detector, conf=conf)
        conf_from = f"chosen on {asked.choose_on} for the best mean F1"
        conf_from += ", the split judged: flattering" if same else ""
    split = judge_split(detector, seen, asked) if seen else None
    crops = None
    if asked.crops:
        named = read_crops(asked.crops, detector.names)
        crops = measure_crops(detector, named, step, asked.resamples)
    return Evaluated(
        weights,
        detector.names,
        detector.imgsz,
        detector.conf,
        conf_from,
        size_mb(weights),
        measure_latency(weights, _images(split, crops), detector.imgsz, asked.threads),
        split,
        crops,
    )


def evaluate_all(
    files: Sequence[Path], asked: Request, step: Step = no_step
) -> dict[str, Evaluated]:
    """`evaluate` each of ``files``, by `short_names`, on the very same images."""
    models = {name: evaluate(file, asked, step) for name, file in short_names(files).items()}
    if len({tuple(model.judged_on) for model in models.values()}) > 1:
        raise DatasetError("the images changed while the models were judged; run it again")
    return models


def judge_split(detector: YoloDetector, seen: SplitPredictions, asked: Request) -> OnSplit:
    """Everything to be said of what a detector saw, at the detector's own confidence."""
    truth, found, names, conf = seen.truth, seen.found, detector.names, detector.conf
    weights = image_weights(len(truth), asked.resamples)
    return OnSplit(
        seen,
        measure_split(truth, found, names, conf, weights, asked.min_side_px),
        by_size(truth, found, names, conf, weights),
        reliability(truth, found, conf, asked.min_side_px),
        find_errors(truth, found, names, conf, asked.min_side_px),
    )


def _images(split: OnSplit | None, crops: CropMetrics | None) -> list[NDArray[np.uint8]]:
    """The first images that open, for timing."""
    paths = [labels.path for labels in split.seen.truth] if split else []
    paths += [outcome.path for outcome in crops.outcomes] if crops else []
    images: list[NDArray[np.uint8]] = []
    for path in paths[: 2 * TIMED_IMAGES]:
        try:
            images.append(open_photo(path).rgb)
        except PhotoError:  # gone since it was judged
            continue
    return images[:TIMED_IMAGES]
