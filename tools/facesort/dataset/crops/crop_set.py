"""Face crops as a YOLO data set: classes mapped, faces boxed, split, composed, written, counted.
Near-duplicates and, if asked, persons stay together in a split.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from facesort.classes import CLASS_NAMES
from facesort.dataset.crops.box_crops import (
    file_for_review,
    find_boxes,
    given_labels,
    only_known,
    open_crops,
)
from facesort.dataset.crops.copy_paste import CopyPaste, compose_crops
from facesort.dataset.label_set_writer import check_out, write_yolo
from facesort.dataset.splits import SPLITS, TRAIN, group_by_hash, perceptual_hash, split_names
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, LabelError, UsageError
from facesort.labels import flags
from facesort.labels.class_table import DROP, IGNORE_NAME, map_classes
from facesort.labels.image_labels import LabelSet, is_synthetic
from facesort.labels.named_crops import NamedCrops
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


MARK = "# tools/crops_to_yolo.py may replace this file; without this line, it does not."
_REMARK = """
# One class a child, for: yolo detect train data={config}
# These are names of persons: keep them out of git.
"""


def check_replaceable(config: Path) -> None:
    """Raise `DatasetError` where ``config`` was not written by this program."""
    if not config.exists():
        return
    try:
        first = config.read_text(encoding="utf-8").split("\n", 1)[0]
    except (OSError, UnicodeDecodeError):
        first = ""
    if first.strip() != MARK:
        raise DatasetError(
            f"{config}: not made by this tool, so not replaced; pass another --config, or make "
            f"its first line: {MARK}"
        )


def write_config(config: Path, out: Path, names: Sequence[str], splits: Iterable[str]) -> None:
    """Write ``config`` for the data set at ``out`` that has ``splits``."""
    check_replaceable(config)
    there = [split for split in SPLITS if split in set(splits)]
    train = TRAIN if TRAIN in there else there[0]
    val = next(split for split in ("val", "test", train) if split in there)
    folders = {TRAIN: train, "val": val} | {split: split for split in there}
    paths = {key: _relative(out / "images" / folder, config) for key, folder in folders.items()}
    body = yaml.safe_dump(
        paths | {"names": dict(enumerate(names))}, sort_keys=False, allow_unicode=True
    )
    config.parent.mkdir(parents=True, exist_ok=True)
    remark = _REMARK.lstrip("\n").format(config=config.name)
    config.write_text(f"{MARK}\n{remark}{body}", encoding="utf-8")


def _relative(folder: Path, config: Path) -> str:
    start = config.parent.resolve()
    try:
        return Path(os.path.relpath(folder.resolve(), start)).as_posix()
    except ValueError:  # another drive: there is no way from here to there
        return folder.resolve().as_posix()


@dataclass(frozen=True)
class Options:
    """What to make of the crops. ``table`` is the class table; ``names`` the classes of the data
    set; ``split`` one name or the shares of all; ``find`` a face model; ``composing`` None where
    the crops themselves are the images."""

    out: Path
    table: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = CLASS_NAMES
    split: str | Mapping[str, float] = TRAIN
    group_by: str | None = None
    find: FaceFinder | None = None
    composing: CopyPaste | None = None


@dataclass(frozen=True)
class Result:
    """``crops_in`` = those in ``crops`` + ``left_out``; ``parts`` are what lies on the disk."""

    crops_in: int
    crops: Mapping[str, LabelSet]
    parts: Mapping[str, LabelSet]
    left_out: Counter[str]
    review: Path | None
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The table that accounts for every crop."""
        names = next(iter(self.parts.values())).names
        width = max(20, *(len(name) + 2 for name in names))
        rows = {name: [part.counts()[name] for part in self.parts.values()] for name in names}
        rows["images"] = [len(part.images) for part in self.parts.values()]
        shown = [f"{'':{width}}" + "".join(f"{split:>9}" for split in self.parts)]
        shown += [f"{k:{width}}" + "".join(f"{n:>9,}" for n in row) for k, row in rows.items()]
        out = sum(len(part.images) for part in self.crops.values())
        shown += [f"left out {reason}: {n:,}" for reason, n in sorted(self.left_out.items())]
        dropped = sum(self.left_out.values())
        shown.append(f"crops: {self.crops_in:,} in = {out:,} out + {dropped:,} left out")
        shown += [f"to look at: {self.review} (review.csv)"] if self.review else []
        return shown + list(self.notes)


def identity_names(source: NamedCrops, table: Mapping[str, str]) -> tuple[str, ...]:
    """The classes of an identity set: the folders' names, some put together by ``table``."""
    names = {table.get(name, name) for _, name in source.crops}
    return tuple(sorted(names - {DROP, IGNORE_NAME}))


def convert(source: NamedCrops, wanted: Options, step: Step = no_step) -> Result:
    """Write the data set. Raises `LabelError` for unknown classes and where nothing is left,
    `DatasetError` where ``wanted.out`` is taken; both before anything long is begun."""
    for split in [wanted.split] if isinstance(wanted.split, str) else SPLITS:
        check_out(wanted.names, wanted.out, split)
    opened = open_crops(source, step)
    mapped = map_classes(opened.labels, wanted.table, wanted.names)
    crops = only_known(replace(opened, labels=mapped))
    if wanted.find is not None:
        crops = find_boxes(crops, wanted.find, step)
    if not crops.labels.images:
        raise LabelError(f"{source.root}: nothing to convert; {given_labels(crops.left_out())}")
    parts = split_crops(crops.labels, wanted.split, wanted.group_by, step)
    written = _write(parts, wanted)
    return Result(
        crops_in=len(source.crops) + len(source.refused),
        crops=parts,
        parts=written,
        left_out=crops.left_out(),
        review=file_for_review(crops.refused, source.root, wanted.out),
        notes=(*crops.labels.notes, *missing_classes(written), *_empty(parts, wanted.split)),
    )


def _write(parts: Mapping[str, LabelSet], wanted: Options) -> dict[str, LabelSet]:
    if wanted.composing is None:
        return _write_all(parts, wanted.out)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    # composed beside the data set, then linked into it: a stop leaves no half of a data set
    with TemporaryDirectory(dir=wanted.out.parent, prefix=".composing_") as folder:
        return _write_all(compose_crops(parts, Path(folder), wanted.composing), wanted.out)


def _write_all(parts: Mapping[str, LabelSet], out: Path) -> dict[str, LabelSet]:
    return {split: write_yolo(part, out, split) for split, part in parts.items()}


def _empty(parts: Mapping[str, LabelSet], split: str | Mapping[str, float]) -> Sequence[str]:
    if isinstance(split, str):
        return []
    wanted = [name for name in SPLITS if split[name] > 0 and name not in parts]
    return [f"{name} is empty: there are too few groups of crops" for name in wanted]
