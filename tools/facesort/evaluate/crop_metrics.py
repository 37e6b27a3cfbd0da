"""Crops, one face and one class each: does the detector name it rightly?

A face that fills its image is found only with room around it. That a crop holds a face is known:
so the surest detection counts, however weak, and a crop without any is an error: "no prediction".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.classes import parse_class
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.evaluate.intervals import RESAMPLES, Floats, image_weights, mean_known
from facesort.evaluate.multilabel import NONE
from facesort.evaluate.predict import Progress, silent
from facesort.evaluate.split_metrics import CLASS_ACCURACY, faults, rates
from facesort.labels import folders
from facesort.labels.named_crops import NamedCrops
from facesort.models.detect import YoloDetector
from facesort.models.letterbox import GREY
from facesort.photos import open_photo

# the best of 16 settings on the crops of the val split, at 160 px
ROOM = 0.25  # on each side, of the longer one
LOWEST_CONF = 0.001


@dataclass(frozen=True)
class Outcome:
    """A crop's true class and the class of its surest face (None: no face, ``confidence`` 0)."""

    path: Path
    true_id: int
    named_id: int | None
    confidence: float


@dataclass(frozen=True, eq=False)
class CropMetrics:
    """``confusion`` is [true, predicted] with "none" last; what came in = it + ``left_out``.

    Figures are ``overall`` (1 + resamples,) and ``per_class`` (1 + resamples, classes).
    """

    names: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    confusion: NDArray[np.int64]
    left_out: Counter[str]
    overall: dict[str, Floats]
    per_class: dict[str, Floats]

    @property
    def came_in(self) -> int:
        return len(self.outcomes) + self.left_out.total()

    @property
    def ids(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """True and named class of each crop, in order; `multilabel.NONE` for no prediction."""
        named = [NONE if o.named_id is None else o.named_id for o in self.outcomes]
        return np.array([o.true_id for o in self.outcomes]), np.array(named)

    @property
    def errors(self) -> list[Outcome]:
        """The wrong ones: covered called clean first, then other mix-ups, then no prediction."""
        wrong = [o for o in self.outcomes if o.named_id != o.true_id]
        return sorted(wrong, key=lambda o: (o.named_id is None, o.named_id != 0, -o.confidence))


def read_crops(source: Path, names: tuple[str, ...]) -> NamedCrops:
    """Class folders, or a CSV with columns image,class (the file itself)."""
    if source.suffix.lower() == ".csv":
        return folders.read_table(source, anywhere=True)  # they are only looked at
    return folders.read_classes(source, names)


def measure_crops(
    detector: YoloDetector,
    crops: NamedCrops,
    progress: Progress = silent,
    resamples: int = RESAMPLES,
) -> CropMetrics:
    """Name every crop; one that cannot be opened, or has an unknown class, is counted as such."""
    left_out = Counter(refused.reason for refused in crops.refused)
    outcomes: list[Outcome] = []
    eager = replace(detector, conf=LOWEST_CONF)
    for path, name in progress(crops.crops, len(crops.crops), "crop"):
        true = _class_id(name, detector.names)
        if true is None:
            left_out[f"unknown class '{name}'"] += 1
            continue
        try:
            rgb = open_photo(path).rgb
        except PhotoError:
            left_out["cannot be opened"] += 1
            continue
        outcomes.append(Outcome(path, true, *surest_face(eager, rgb)))
    if not outcomes:
        raise DatasetError(f"{crops.root}: no crop can be judged: {dict(left_out)}")
    return _judged(detector.names, tuple(outcomes), left_out, resamples)


def surest_face(detector: YoloDetector, rgb: NDArray[np.uint8]) -> tuple[int | None, float]:
    """The class of the surest face in a crop and its confidence; None and 0 where there is none."""
    margin = round(ROOM * max(rgb.shape[:2]))
    room = ((margin, margin), (margin, margin), (0, 0))
    found = detector.detect([np.pad(rgb, room, constant_values=GREY)])[0]
    if not len(found):
        return None, 0.0
    best = int(found.confidence.argmax())
    return int(found.class_id[best]), float(found.confidence[best])


def _class_id(name: str, names: tuple[str, ...]) -> int | None:
    if name in names:
        return names.index(name)
    try:
        return names.index(parse_class(name).name)
    except (LabelError, ValueError):
        return None


def _judged(
    names: tuple[str, ...], outcomes: tuple[Outcome, ...], left_out: Counter[str], resamples: int
) -> CropMetrics:
    none, side = len(names), len(names) + 1
    named = [none if o.named_id is None else o.named_id for o in outcomes]
    cells = np.array([o.true_id for o in outcomes]) * side + np.array(named)
    weights = image_weights(len(outcomes), resamples)
    counts = np.stack([np.bincount(cells, row, minlength=side * side) for row in weights])
    counts = counts.round().astype(np.int64).reshape(-1, side, side)
    by_class = rates(counts)
    overall = faults(counts, names)
    del overall[CLASS_ACCURACY]
    overall |= {f"macro {figure}": mean_known(draws) for figure, draws in by_class.items()}
    return CropMetrics(names, outcomes, counts[0], left_out, overall, by_class)
