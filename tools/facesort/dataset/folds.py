"""K folds of a data set for cross-validation: whole groups of like images stay in one fold.

The train and val splits are dealt out; test is not touched. Images pasted together from several
(``composed_``, ``synthetic_``) are left out: the same face may be in many of them, and would be
trained on in one fold and judged in another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.splits import TRAIN, group_by_hash, perceptual_hash
from facesort.dataset.writer import write_listed
from facesort.dataset.yolo_dataset import read_layout
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import SYNTHETIC_PREFIX
from facesort.reporter import Step, no_step

PASTED = ("composed_", SYNTHETIC_PREFIX)


@dataclass(frozen=True, eq=False)
class Folds:
    """The images dealt out, the fold of each (n,), and the reasons of those left out."""

    names: tuple[str, ...]
    images: tuple[Path, ...]
    fold: NDArray[np.int64]
    groups: int
    left_out: Counter[str]

    def digest(self) -> str:
        """One number for who is in which fold, wherever the images lie."""
        dealt = sorted(zip((p.name for p in self.images), self.fold.tolist(), strict=True))
        return blake2b(repr(dealt).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def read_folds(data: Path, k: int, step: Step = no_step) -> Folds:
    """Deal the train and val images of ``data`` (a YOLO data set YAML) into ``k`` folds.

    Raises `DatasetError` where there are fewer groups of like images than folds.
    """
    layout = read_layout(data, only=(TRAIN, "val"))
    images, hashes, classes, left_out = [], [], [], Counter[str]()
    for placed in step(layout.images, len(layout.images), "photo"):
        path = placed.path
        if path.name.startswith(PASTED):
            left_out["pasted together from several"] += 1
            continue
        try:
            labels = yolo.read(path, (1, 1), len(layout.names))
            hashes.append(perceptual_hash(path))
        except (PhotoError, LabelError, OSError) as error:
            left_out[str(error)] += 1
            continue
        images.append(path)
        classes.append(set(labels.class_id.tolist()))
    groups = group_by_hash(hashes).tolist()
    if len(set(groups)) < k:
        raise DatasetError(
            f"{data}: {len(set(groups))} groups of like images in train and val; "
            f"expected at least {k} for {k} folds"
        )
    fold = deal([p.name for p in images], groups, classes, k)
    return Folds(layout.names, tuple(images), fold, len(set(groups)), left_out)


def deal(
    names: Sequence[str], groups: Sequence[int], classes: Sequence[set[int]], k: int
) -> NDArray[np.int64]:
    """The fold of each image, (n,), 0 to k - 1.

    Groups are dealt like cards, by their rarest class and within it by a hash of their first name,
    so that each fold has its share of each class and nothing depends on the order of the images.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    frequency = Counter(c for present in classes for c in present)

    def rank(indices: list[int]) -> tuple[int, int, bytes]:
        present = set().union(*(classes[i] for i in indices))
        rarest = min(present, key=lambda c: (frequency[c], c), default=-1)
        name = min(names[i] for i in indices).encode("utf-8", "surrogateescape")
        return frequency[rarest], rarest, blake2b(name, digest_size=8).digest()

    fold = np.zeros(len(names), dtype=np.int64)
    for number, indices in enumerate(sorted(members.values(), key=rank)):
        fold[indices] = number % k
    return fold


def write_folds(folds: Folds, out: Path) -> list[Path]:
    """Write ``out/fold1.yaml`` ... with their lists of images, and return the YAMLs."""
    configs = []
    for number in range(int(folds.fold.max()) + 1):
        parts = {TRAIN: folds.fold != number, "val": folds.fold == number}
        config = out / f"fold{number + 1}.yaml"
        splits = {
            split: [folds.images[i] for i in np.flatnonzero(chosen)]
            for split, chosen in parts.items()
        }
        write_listed(config, splits, folds.names)
        configs.append(config)
    return configs
