"""Decide how often each training image is shown, so that no class drowns in another.

An image is taken whole or not at all: its faces of all classes come with it. Every decision is an
(n,) array ``times`` over the images: 0 left out, 1 as it is, 1 + k with k copies. ``counts`` is
(n, classes): the boxes of each class in each image. Nothing here touches a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.errors import DatasetError
from facesort.labels.image_labels import IGNORE, ImageLabels

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_TIE = 1e-6  # below any real difference between two images


def count_classes(labels: ImageLabels, class_count: int) -> Ints:
    """Boxes of each class in one image, (classes,)."""
    counts: Ints = np.bincount(labels.class_id[labels.class_id != IGNORE], minlength=class_count)
    return counts


def stack(rows: Sequence[Ints], class_count: int) -> Ints:
    """``rows`` of images as one array, (n, classes), also where there is none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), class_count)


def present(counts: Ints) -> NDArray[np.bool_]:
    """Which classes have a box at all, (classes,). Raises `DatasetError` if none has."""
    has_box: NDArray[np.bool_] = counts.sum(axis=0) > 0
    if not has_box.any():
        raise DatasetError("train: not one box; expected labelled faces to balance")
    return has_box


def shown(counts: Ints, times: Ints) -> Ints:
    """``counts`` with one row for each time an image is shown."""
    rows: Ints = np.repeat(counts, times, axis=0)
    return rows


def undersample(counts: Ints, seed: int) -> Ints:
    """Keep images until each class has as many boxes as the rarest one has.

    Of the images without a box the same share is kept as of the others.
    """
    target = int(counts.sum(axis=0)[present(counts)].min())
    rng = np.random.default_rng(seed)
    times = _fill(counts, target, np.zeros(len(counts), dtype=np.int64), 1, rng)
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    share = times.sum() / (len(counts) - len(empty))
    times[rng.permutation(empty)[: round(share * len(empty))]] = 1
    return times


def oversample(counts: Ints, target: int, per_image: int, seed: int) -> Ints:
    """Add up to ``per_image`` copies of an image until each class has ``target`` boxes.

    A class ends below ``target`` where copies run out, and above it where its faces share
    images with a rarer class.
    """
    start = np.ones(len(counts), dtype=np.int64)
    return _fill(counts, target, start, 1 + per_image, np.random.default_rng(seed))


def target_boxes(counts: Ints, target: int | str) -> int:
    """Boxes per class that ``target`` means: a number, or the "max" or "median" of the classes."""
    boxes = counts.sum(axis=0)[present(counts)]
    if isinstance(target, int):
        return target
    return int(boxes.max() if target == "max" else np.median(boxes))


def _fill(counts: Ints, target: int, start: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Show one image more, until every class has ``target`` boxes or no image can help.

    Next is always the class with the least choice left: boxes still to be had beyond those it
    needs. Of its images comes the one with the largest share of boxes that are needed at all,
    halved when it is shown once already, and so on: rather two images than one twice.
    """
    times = start.copy()
    boxes = times @ counts
    total = np.maximum(counts.sum(axis=1), 1)
    tie_break = rng.random(len(counts)) * _TIE
    left = (most - times) @ counts  # boxes still to be had, per class
    while True:
        needed = np.maximum(target - boxes, 0)
        helped = (needed > 0) & (left > 0)
        if not helped.any():
            return times
        scarcest = int(np.argmin(np.where(helped, left - needed, np.inf)))
        able = np.flatnonzero((times < most) & (counts[:, scarcest] > 0))
        useful = np.minimum(counts[able], needed).sum(axis=1) / total[able]
        best = able[np.argmax(useful / (1 + times[able]) + tie_break[able])]
        times[best] += 1
        boxes = boxes + counts[best]
        left = left - counts[best]


def repeat_factors(counts: Ints, threshold: float | None = None) -> Floats:
    """How often to show each image, at least 1: by the rarest class in it, (n,).

    Gupta et al. 2019 (LVIS, arXiv:1908.03195, B.2): r(I) = max over c in I of
    max(1, sqrt(t / f(c))), where f(c) is the share of the images that hold class c. ``threshold``
    is t; by default the share of the commonest class, since LVIS's 0.001 is made for 1,203 classes
    and would change nothing among four.
    """
    has, has_box = counts > 0, present(counts)
    share = has.mean(axis=0)
    t = share.max() if threshold is None else threshold
    ratio = np.divide(t, share, out=np.ones_like(share), where=has_box)
    per_class = np.sqrt(np.maximum(1.0, ratio))
    factors: Floats = np.where(has, per_class, 1.0).max(axis=1)
    return factors


def draw_repeats(factors: Floats, seed: int) -> Ints:
    """Whole numbers that are ``factors`` on average: 1.4 becomes 2 in four of ten images."""
    whole = np.floor(factors)
    more = np.random.default_rng(seed).random(len(factors)) < factors - whole
    times: Ints = whole.astype(np.int64) + more
    return times


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """Weights for a loss, (classes,) each: cw1 = 1 - n/N, cw2 = N / (C n).

    n are the boxes of the class, N those of all, C the number of classes that have any, so that
    cw2 is sklearn's "balanced" and 1 on the average box. A class without a box gets the mean of
    the others in both, as in Ultralytics (``cls_pw=1`` there is cw2 divided by its mean).
    """

    cw1: Floats
    cw2: Floats
    absent: NDArray[np.bool_]

    @classmethod
    def of(cls, counts: Ints) -> ClassWeights:
        has_box = present(counts)
        boxes = counts.sum(axis=0)[has_box]
        cw1 = np.empty(len(has_box))
        cw2 = np.empty(len(has_box))
        cw1[has_box] = 1 - boxes / boxes.sum()
        cw2[has_box] = boxes.sum() / (len(boxes) * boxes)
        for weights in (cw1, cw2):
            weights[~has_box] = weights[has_box].mean()
        return cls(cw1, cw2, ~has_box)
