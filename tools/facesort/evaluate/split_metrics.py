"""Everything a split says about a model, each figure with its resamples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.detections import Detections
from facesort.evaluate.average_precision import Counts, RankedDetections, confusion, rank
from facesort.evaluate.intervals import Floats, Interval, interval, mean_known, share
from facesort.evaluate.predict import at_least
from facesort.labels.image_labels import ImageLabels

ACCURACY, CLASS_ACCURACY = "accuracy", "right class where found"
OCCLUDED_AS_FACE = "occluded predicted clean"
BANDS_PX = ((0.0, 32.0), (32.0, 64.0), (64.0, 128.0), (128.0, np.inf))


@dataclass(frozen=True, eq=False)
class SplitMetrics:
    """One model on one split, faces of one range of sizes.

    ``per_class`` has AP50, AP50-95 and `rates` (1 + resamples, classes), ``overall`` their macro
    means and figures without a class (1 + resamples,). ``by_image`` holds a confusion [true,
    predicted] with "none" last of each image, at ``conf``.
    """

    names: tuple[str, ...]
    conf: float
    min_side_px: float
    faces: NDArray[np.int64]
    per_class: Mapping[str, Floats]
    overall: Mapping[str, Floats]
    by_image: Counts
    ranked: tuple[RankedDetections, ...]

    @property
    def images(self) -> int:
        return len(self.by_image)

    @property
    def confusion(self) -> Counts:
        counts: Counts = self.by_image.sum(axis=0)
        return counts

    def of_class(self, figure: str, class_id: int) -> Interval:
        return interval(self.per_class[figure][:, class_id])

    def whole(self, figure: str) -> Interval:
        return interval(self.overall[figure])


def measure_split(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    names: tuple[str, ...],
    conf: float,
    weights: NDArray,
    min_side_px: float = 0.0,
    below_px: float = np.inf,
) -> SplitMetrics:
    """Judge detections (down to a very low confidence) on faces of one range of sizes."""
    classes = range(len(names))
    ranked = tuple(rank(truth, found, c, min_side_px, below_px) for c in classes)
    by_image = np.array(
        [
            confusion(labels, at_least(detections, conf), len(names), min_side_px, below_px)
            for labels, detections in zip(truth, found, strict=True)
        ]
    ).reshape(-1, len(names) + 1, len(names) + 1)
    counts = np.tensordot(weights, by_image, axes=1)  # resample, true, predicted
    aps = [item.average_precision(weights) for item in ranked]
    per_class = {
        "AP50": np.stack([ap50 for ap50, _ in aps], axis=1),
        "AP50-95": np.stack([ap50_95 for _, ap50_95 in aps], axis=1),
        **rates(counts),
    }
    overall = {name: mean_known(draws) for name, draws in per_class.items()} | faults(counts, names)
    faces = np.array([item.faces.sum() for item in ranked])
    return SplitMetrics(names, conf, min_side_px, faces, per_class, overall, by_image, ranked)


def by_size(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    names: tuple[str, ...],
    conf: float,
    weights: NDArray,
) -> dict[str, SplitMetrics]:
    """`measure_split` for each of `BANDS_PX`, by the band in words."""
    return {
        _in_words(low, below): measure_split(truth, found, names, conf, weights, low, below)
        for low, below in BANDS_PX
    }


def _in_words(low: float, below: float) -> str:
    if not low:
        return f"< {below:g} px"
    return f"{low:g} to {below:g} px" if np.isfinite(below) else f">= {low:g} px"


def rates(counts: NDArray) -> dict[str, Floats]:
    """Precision, recall and F1 (..., classes) of confusions (..., classes + 1, classes + 1).

    NaN for a class without faces; 0 for one that has faces and is never named.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)[..., :-1]
    true, named = counts.sum(axis=-1)[..., :-1], counts.sum(axis=-2)[..., :-1]
    parts = {
        "precision": share(right, np.maximum(named, 1)),
        "recall": share(right, true),
        "F1": share(2 * right, true + named),
    }
    return {name: np.where(true > 0, part, np.nan) for name, part in parts.items()}


def faults(counts: NDArray, names: Sequence[str]) -> dict[str, Floats]:
    """Figures over all faces (...): a missed face is an error.

    `ACCURACY`: faces found and rightly named; `CLASS_ACCURACY`: rightly named of those found;
    `OCCLUDED_AS_FACE`: covered faces called ``face``, where the four classes are judged.
    """
    right = np.trace(counts[..., :-1, :-1], axis1=-2, axis2=-1)
    figures = {
        ACCURACY: share(right, counts[..., :-1, :].sum(axis=(-2, -1))),
        CLASS_ACCURACY: share(right, counts[..., :-1, :-1].sum(axis=(-2, -1))),
    }
    if tuple(names) == CLASS_NAMES:
        covered = counts[..., FaceClass.masked : -1, :]
        figures[OCCLUDED_AS_FACE] = share(
            covered[..., FaceClass.face].sum(axis=-1), covered.sum(axis=(-2, -1))
        )
    return figures
