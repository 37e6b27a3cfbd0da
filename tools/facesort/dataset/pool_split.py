"""The split of a pool of sources: one that is added later moves no image of an earlier one.

Scenes, selfies and crops are split together, as they always were. Each YOLO folder is then split
within its source blocks (the file name up to its first ``_``); a person's images and
near-duplicates stay together, and what nearly equals an image of the three kinds goes where that
image is, so that no test image is trained on under another name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from facesort.dataset.crops.crop_set import merge
from facesort.dataset.splits import MAX_BITS, group_by_hash, split_names

# A YOLO folder is large and its rare classes are worth most in training.
FOLDER_FRACTIONS: Mapping[str, float] = MappingProxyType({"test": 0.10, "val": 0.05})
_HELD_BACK_FIRST = ("test", "val", "train")


@dataclass(frozen=True)
class Splittable:
    """What the split of one image depends on. ``block`` is empty for the three first kinds;
    ``group`` names a person or burst within its source."""

    name: str
    kind: str
    classes: frozenset[int]
    hash64: int
    block: str = ""
    group: Hashable | None = None


def block_of(stem: str) -> str:
    """The source block that a file name tells: ``ccp`` of ``ccp_01a9e674e1``."""
    return stem.partition("_")[0] if "_" in stem else ""


def split_pool(first: Sequence[Splittable], folders: Sequence[Splittable]) -> list[str]:
    """The split of each image of ``first`` (the three kinds), then of ``folders``, in order."""
    early = split_names(
        [item.name for item in first],
        group_by_hash([item.hash64 for item in first]).tolist(),
        [set(item.classes) for item in first],
        [item.kind for item in first],
    )
    groups = merge(
        group_by_hash([item.hash64 for item in folders]).tolist(),
        [None if item.group is None else (item.kind, item.group) for item in folders],
    )
    late = split_names(
        [item.name for item in folders],
        groups,
        [set(item.classes) for item in folders],
        [f"{item.kind} {item.block}" for item in folders],
        FOLDER_FRACTIONS,
    )
    return [*early, *_follow_duplicates(first, early, folders, groups, late)]


def _follow_duplicates(
    first: Sequence[Splittable],
    early: Sequence[str],
    folders: Sequence[Splittable],
    groups: Sequence[int],
    late: Sequence[str],
) -> list[str]:
    """``late``, with each group moved to where a near-duplicate of it is among ``first``; held
    back, if it has several."""
    out = list(late)
    if not first:
        return out
    hashes = np.array([item.hash64 for item in first], dtype=np.uint64)
    near: dict[int, set[str]] = defaultdict(set)
    for item, group in zip(folders, groups, strict=True):
        bits = np.bitwise_count(hashes ^ np.uint64(item.hash64))
        near[group] |= {early[i] for i in np.flatnonzero(bits <= MAX_BITS).tolist()}
    for i, group in enumerate(groups):
        if near[group]:
            out[i] = next(split for split in _HELD_BACK_FIRST if split in near[group])
    return out
