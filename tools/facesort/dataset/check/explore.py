"""Count what a data set holds: per split and class, and the four classes seen as two bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.dataset.check.sample import ImageStats, Sample

_BIT_NAMES = {"mouth": MOUTH, "eyes": EYES}


@dataclass(frozen=True)
class SplitCounts:
    """One split: images, images without a box, and boxes per class index."""

    split: str
    images: int
    background: int
    boxes: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.boxes)

    def share(self, class_id: int) -> float:
        return self.boxes[class_id] / self.total if self.total else 0.0

    @property
    def imbalance(self) -> float:
        """The largest class over the smallest that has a box."""
        present = [n for n in self.boxes if n]
        return max(present) / min(present) if present else 0.0


@dataclass(frozen=True)
class BitCounts:
    """One split, one bit of the class: boxes where it is covered and where it is free."""

    split: str
    bit: str
    covered: int
    free: int


@dataclass(frozen=True, eq=False)
class BoxTable:
    """Every sound box of a readable image, a row each: what the plots are drawn from."""

    split: NDArray[np.str_]
    class_id: NDArray[np.int64]
    xywhn: NDArray[np.float64]
    side_px: NDArray[np.float64]


def count_splits(samples: Sequence[Sample], splits: Sequence[str]) -> list[SplitCounts]:
    counts = []
    for split in splits:
        here = [s for s in samples if s.split == split]
        classes = here[0].class_count if here else 0
        boxes = np.zeros(classes, dtype=np.int64)
        for sample in here:
            boxes += np.bincount(sample.class_id, minlength=classes)
        background = sum(not sample.sound for sample in here)
        counts.append(SplitCounts(split, len(here), background, tuple(boxes.tolist())))
    return counts


def has_two_bits(names: Sequence[str]) -> bool:
    """Whether the classes are this project's four, so that they can be seen as two bits."""
    return tuple(names) == CLASS_NAMES


def count_bits(counts: Sequence[SplitCounts]) -> list[BitCounts]:
    """Both bits of each split, of a data set that `has_two_bits`."""
    rows = []
    for split in counts:
        for name, bit in _BIT_NAMES.items():
            covered = sum(n for class_id, n in enumerate(split.boxes) if class_id & bit)
            rows.append(BitCounts(split.split, name, covered, split.total - covered))
    return rows


def box_table(faces: Sequence[tuple[Sample, ImageStats]]) -> BoxTable:
    boxes = [sample.labels(look.size_wh).xyxy_px for sample, look in faces]
    return BoxTable(
        np.array([sample.split for sample, _ in faces for _ in sample.sound], dtype=np.str_),
        np.concatenate([np.zeros(0, dtype=np.int64), *(sample.class_id for sample, _ in faces)]),
        np.concatenate([np.zeros((0, 4)), *(sample.xywhn for sample, _ in faces)]),
        min_side(np.concatenate([np.zeros((0, 4)), *boxes])),
    )
