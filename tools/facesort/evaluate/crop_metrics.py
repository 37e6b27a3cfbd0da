"""Crops of one face and one class: does the detector name it rightly, as a class and as two labels?

A face that fills its image is found only with room around it. That a crop holds a face is known:
so the surest detection counts, however weak, and a crop without any is an error: "no prediction".

The two labels are mouth covered, eyes covered. "Samples average": precision, recall and F1 of each
face's own set of labels, then their mean, as in scikit-learn's ``average="samples"``. A plain face
rightly called plain has neither true nor named labels, 0 / 0: that counts as 1 here. A face that
was not found scores 0 in everything. The system this one follows
(github.com/lee-jingu/occluded-face-detection, utils/metric.py) has a third label for "plain", which
gives each face the same scores, and takes the mean of batches of 256 in the order of the data: a
last batch of few faces weighs as much as a full one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.classes import EYES, MOUTH, parse_class
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.evaluate.intervals import RESAMPLES, Floats, image_weights, mean_known, share
from facesort.evaluate.split_metrics import CLASS_ACCURACY, faults, rates
from facesort.labels import folders
from facesort.labels.named_crops import NamedCrops
from facesort.models.detect import YoloDetector
from facesort.models.letterbox import GREY
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

BATCH = 256  # of the per-batch way
NONE = -1  # no prediction
BITS = {"mouth covered": MOUTH, "eyes covered": EYES}


@dataclass(frozen=True)
class SamplesAverage:
    """Means over ``faces`` faces; ``way`` says how they were averaged."""

    way: str
    faces: int
    precision: float
    recall: float
    f1: float
    subset_accuracy: float


@dataclass(frozen=True)
class BitScores:
    """One label by itself over all faces; a face that was not found is named uncovered."""

    bit: str
    faces: int
    precision: float
    recall: float
    f1: float


def samples_averages(true_id: ArrayLike, named_id: ArrayLike) -> list[SamplesAverage]:
    """The right way, then the per-batch way; ids (n,) in order, ``named_id`` may be `NONE`."""
    true, named = _ids(true_id), _ids(named_id)
    if not len(true):
        return []
    scores = _scores(true, named)
    batches = [scores[k : k + BATCH].mean(axis=0) for k in range(0, len(true), BATCH)]
    ways = {"all faces at once": scores.mean(axis=0)}
    ways[f"mean of batches of {BATCH}"] = np.mean(batches, axis=0)
    return [SamplesAverage(way, len(true), *map(float, means)) for way, means in ways.items()]


def bit_scores(true_id: ArrayLike, named_id: ArrayLike) -> list[BitScores]:
    """Precision, recall and F1 of either label; ids (n,), ``named_id`` may be `NONE`."""
    true, named = _ids(true_id), _ids(named_id)
    rows = []
    for name, bit in BITS.items():
        has, said = (true & bit) > 0, ((named & bit) > 0) & (named != NONE)
        both, of_true, of_said = (has & said).sum(), has.sum(), said.sum()
        parts = share([both, both, 2 * both], [of_said, of_true, of_true + of_said])
        rows.append(BitScores(name, int(of_true), *map(float, parts)))
    return rows


def _ids(ids: ArrayLike) -> NDArray[np.int64]:
    return np.asarray(ids, dtype=np.int64).reshape(-1)


def _scores(true: NDArray[np.int64], named: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision, recall, F1, all labels right of each face: (n, 4)."""
    bits = np.array(list(BITS.values()))
    has, said = (true[:, None] & bits) > 0, (named[:, None] & bits) > 0
    both, of_true, of_said = (has & said).sum(axis=1), has.sum(axis=1), said.sum(axis=1)
    parts = [share(both, of_said), share(both, of_true), share(2 * both, of_true + of_said)]
    empty = (of_true == 0) & (of_said == 0)
    rows = [np.where(empty, 1.0, np.nan_to_num(part)) for part in parts]
    rows.append((true == named).astype(np.float64))
    return np.where(named == NONE, 0.0, np.stack(rows)).T


def per_face(
    confusions: Iterable[NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True and named class of each true face behind confusions with "none" last, in order."""
    true_ids: list[int] = []
    named_ids: list[int] = []
    for counts in confusions:
        for true, named in zip(*np.nonzero(counts[:-1]), strict=True):
            often = int(counts[true, named])
            true_ids += [int(true)] * often
            named_ids += [NONE if named == len(counts) - 1 else int(named)] * often
    return _ids(true_ids), _ids(named_ids)


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
        """True and named class of each crop, in order; `NONE` for no prediction."""
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
    step: Step = no_step,
    resamples: int = RESAMPLES,
) -> CropMetrics:
    """Name every crop; one that cannot be opened, or has an unknown class, is counted as such."""
    left_out = Counter(refused.reason for refused in crops.refused)
    outcomes: list[Outcome] = []
    eager = replace(detector, conf=LOWEST_CONF)
    for path, name in step(crops.crops, len(crops.crops), "crop"):
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
