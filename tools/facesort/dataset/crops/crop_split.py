"""Which crops go to train, val and test: near-duplicates and, if asked, persons stay together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from facesort.dataset.splits import SPLITS, TRAIN, group_by_hash, perceptual_hash, split_names
from facesort.errors import LabelError, UsageError
from facesort.labels import flags
from facesort.labels.image_labels import LabelSet, is_synthetic
from facesort.reporter import Step, no_step

_FLAGS_LENGTH = len("1_0_1")


def parse_split(text: str) -> str | dict[str, float]:
    """``train``, ``val``, ``test``, or the shares of the three: ``0.75,0.1,0.15``."""
    if text in SPLITS:
        return text
    try:
        shares = [float(share) for share in text.split(",")]
    except ValueError:
        shares = []
    if len(shares) != 3 or not (min(shares) >= 0 and abs(sum(shares) - 1) < 1e-3):
        raise UsageError(
            f"--split {text}: expected one of {', '.join(SPLITS)}, or their shares, which add up "
            "to 1: 0.75,0.1,0.15"
        )
    return dict(zip(SPLITS, shares, strict=True))


def split_crops(
    labels: LabelSet,
    split: str | Mapping[str, float],
    group_by: str | None = None,
    step: Step = no_step,
) -> dict[str, LabelSet]:
    """``labels`` by split, empty splits left out.

    Groups are near-duplicates, and besides by ``folder`` (the image's own) or ``prefix`` (the
    file name without its number): a person's images are in one of the three. Whatever is grouped
    with an image of synthetic labels is for training, as that image is.
    """
    if isinstance(split, str):
        return {split: labels}
    paths = [labels.relative(image.path) for image in labels.images]
    hashes = [perceptual_hash(i.path) for i in step(labels.images, len(labels.images), "hash")]
    groups = merge(group_by_hash(hashes).tolist(), [_person(path, group_by) for path in paths])
    classes = [set(image.class_id.tolist()) for image in labels.images]
    shares = {name: split[name] for name in ("test", "val")}
    where = split_names([p.as_posix() for p in paths], groups, classes, fractions=shares)
    drawn = {g for g, image in zip(groups, labels.images, strict=True) if is_synthetic(image.path)}
    where = [TRAIN if g in drawn else name for g, name in zip(groups, where, strict=True)]
    parts = {
        name: tuple(i for i, w in zip(labels.images, where, strict=True) if w == name)
        for name in SPLITS
    }
    return {name: replace(labels, images=images) for name, images in parts.items() if images}


def missing_classes(parts: Mapping[str, LabelSet]) -> list[str]:
    """A line for each class that a split lacks though another has it."""
    counts = {split: part.counts() for split, part in parts.items()}
    every = sorted(set().union(*counts.values())) if counts else []
    lines = {s: [name for name in every if not has[name]] for s, has in counts.items()}
    return [f"{split} has no {', '.join(names)}" for split, names in lines.items() if names]


def merge(groups: Sequence[Hashable], others: Sequence[Hashable | None]) -> list[int]:
    """Groups in which whatever shares a group of either kind is together; None shares nothing.

    A group is numbered by its first member.
    """
    parent = list(range(len(groups)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    first: dict[tuple[str, Hashable], int] = {}
    for i, (group, other) in enumerate(zip(groups, others, strict=True)):
        for key in (("a", group), ("b", other)):
            if key[1] is not None:
                low, high = sorted((root(first.setdefault(key, i)), root(i)))
                parent[high] = low
    return [root(i) for i in range(len(groups))]


def _person(path: Path, group_by: str | None) -> str | None:
    if group_by == "folder":
        return path.parent.as_posix()
    if group_by == "prefix":
        return prefix(path.stem) or None
    return None


def prefix(stem: str) -> str:
    """``anna`` of ``anna_0012``, ``anna (3)`` and ``1_0_1_anna_0012``; nothing of ``0012``."""
    try:
        flags.parse(stem)
        stem = stem[_FLAGS_LENGTH:]
    except LabelError:
        pass
    return re.sub(r"[\W_]*\d+\W*$", "", stem).lstrip("_- ")
