"""Counts and intervals of occlusion: four classes and two bits, by source, over groups of images.

A face counts as named when a detection overlaps it (IoU >= `MIN_IOU`); the pair that overlaps most
is taken first, whatever the classes. Bootstrap over groups of near-duplicates: images of one
burst are no independent witnesses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.detections import Detections
from facesort.evaluate.average_precision import pair
from facesort.evaluate.intervals import Interval, image_weights, interval, mean_known, share
from facesort.labels.image_labels import IGNORE, ImageLabels

MIN_IOU = 0.4  # sources differ in where a face ends
NONE = len(CLASS_NAMES)
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Face:
    """One labelled face of ``source``: its class and the class it was given (`NONE`: not found)."""

    source: str
    group: int
    true_id: int
    named_id: int


@dataclass(frozen=True)
class Scored:
    """The faces of one image, and how many detections lie on no labelled face."""

    faces: tuple[Face, ...]
    false_alarms: int


def score_image(
    source: str, group: int, truth: ImageLabels, found: Detections, least_px: float
) -> Scored:
    """Faces whose shorter side is ``least_px`` or more; smaller and unknown ones count nowhere."""
    paired = dict(pair(truth, found, MIN_IOU))
    asked = (truth.class_id != IGNORE) & (min_side(truth.xyxy_px) >= least_px)
    faces = tuple(
        Face(
            source,
            group,
            int(truth.class_id[i]),
            int(found.class_id[paired[i]]) if i in paired else NONE,
        )
        for i in np.flatnonzero(asked).tolist()
    )
    alone = set(range(len(found))) - set(paired.values())
    large = min_side(found.xyxy_px) >= least_px
    return Scored(faces, sum(bool(large[j]) for j in alone))


def score_crop(source: str, group: int, true_id: int, found: Detections) -> Scored:
    """A crop holds one face: its surest detection counts."""
    best = int(found.confidence.argmax()) if len(found) else -1
    named = int(found.class_id[best]) if best >= 0 else NONE
    return Scored((Face(source, group, true_id, named),), 0)


FIGURES = (
    "found",
    *(f"recall {name}" for name in CLASS_NAMES),
    "macro recall",
    "mouth recall",
    "mouth precision",
    "eyes recall",
    "eyes precision",
    "covered called bare",
    "bare called covered",
)


@dataclass(frozen=True)
class Table:
    """The figures of one source, ``counts`` of its faces by class."""

    source: str
    counts: tuple[int, ...]
    figures: dict[str, Interval]


def tables(faces: Sequence[Face], resamples: int = 1000) -> list[Table]:
    """One table a source, and one of all together first."""
    sources = sorted({face.source for face in faces})
    everything = [Table("all", _class_counts(faces), _figures(faces, resamples))]
    return everything + [
        Table(source, _class_counts(some), _figures(some, resamples))
        for source in sources
        for some in [[face for face in faces if face.source == source]]
    ]


def _class_counts(faces: Sequence[Face]) -> tuple[int, ...]:
    return tuple(np.bincount([f.true_id for f in faces], minlength=NONE)[:NONE].tolist())


def _figures(faces: Sequence[Face], resamples: int) -> dict[str, Interval]:
    groups = {group: i for i, group in enumerate(sorted({face.group for face in faces}))}
    side = NONE + 1
    counts = np.zeros((len(groups), side * side))
    for face in faces:
        counts[groups[face.group], face.true_id * side + face.named_id] += 1
    weights = image_weights(len(groups), resamples)
    draws = (weights @ counts).reshape(-1, side, side)[:, :NONE]
    return {name: interval(values) for name, values in _draws(draws).items()}


def _draws(confusion: Counts) -> dict[str, Counts]:
    """Each figure on each resample of ``confusion`` (resamples, true, named or none)."""
    whole = confusion.sum(axis=2)
    recall = share(np.stack([confusion[:, c, c] for c in range(NONE)], axis=1), whole)
    out = {"found": share(confusion[:, :, :NONE].sum(axis=(1, 2)), whole.sum(axis=1))}
    out |= {f"recall {name}": recall[:, c] for c, name in enumerate(CLASS_NAMES)}
    out["macro recall"] = mean_known(recall)
    bits: dict[str, Callable[[FaceClass], bool]] = {
        "mouth": lambda c: c.mouth_covered,
        "eyes": lambda c: c.eyes_covered,
    }
    for name, covered in bits.items():
        on = np.array([covered(FaceClass(c)) for c in range(NONE)])
        named_on = np.append(on, False)
        both = confusion[:, on][:, :, named_on].sum(axis=(1, 2))
        out[f"{name} recall"] = share(both, whole[:, on].sum(axis=1))
        out[f"{name} precision"] = share(both, confusion[:, :, named_on].sum(axis=(1, 2)))
    out["covered called bare"] = share(confusion[:, 1:, 0].sum(axis=1), whole[:, 1:].sum(axis=1))
    out["bare called covered"] = share(confusion[:, 0, 1:NONE].sum(axis=1), whole[:, 0])
    return out
