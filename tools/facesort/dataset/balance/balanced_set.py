"""Reads a training split and writes it balanced: originals linked, labels and copies written; and
counts per class before and after, as text and as files for the trainer.
"""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.console import one_line
from facesort.csv_files import Writer
from facesort.dataset.balance.augment import augment
from facesort.dataset.balance.sampling import ClassWeights, Floats, Ints, count_classes, stack
from facesort.dataset.splits import TRAIN
from facesort.dataset.writer import DerivedSet, number_of
from facesort.dataset.yolo_dataset import Layout, Placed
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import open_photo
from facesort.reporter import Step, no_step


@dataclass(frozen=True, eq=False)
class TrainSplit:
    """The images of the training split that can be read, ``inside`` its folder, and their labels.

    ``left_out`` says, one line each, what cannot be read; ``notes`` what is odd but used.
    """

    names: tuple[str, ...]
    inside: tuple[Path, ...]
    labels: tuple[ImageLabels, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def counts(self) -> Ints:
        """Boxes of each class in each image, (images, classes)."""
        size = len(self.names)
        return stack([count_classes(labels, size) for labels in self.labels], size)


def read_train(layout: Layout, step: Step = no_step) -> TrainSplit:
    """Read every image and label of the training split; raises `DatasetError` if none is left."""
    placed = [p for p in layout.images if p.split == TRAIN]
    inside, labels, left_out, unlabelled = [], [], [], []
    for image in step(placed, len(placed), "photo"):
        try:
            size_wh = open_photo(image.path, min_long_side_px=1).size_wh
            labels.append(yolo.read(image.path, size_wh, len(layout.names)))
        except (PhotoError, LabelError, PermissionError) as error:
            left_out.append(str(error))
            continue
        inside.append(image.inside)
        if not yolo.label_path_of(image.path).exists():
            unlabelled.append(image.path)
    if not labels:
        why = f"; the first of {len(left_out)} reasons: {left_out[0]}" if left_out else ""
        raise DatasetError(f"{layout.file}: train has no image that can be used{why}")
    notes = [f"{split}: {where} has no image: left out" for split, where in layout.missing]
    if unlabelled:
        notes.append(
            f"images without a label file, taken as without a face: {len(unlabelled):,}, "
            f"the first {unlabelled[0]}"
        )
    return TrainSplit(layout.names, tuple(inside), tuple(labels), tuple(left_out), tuple(notes))


AUGMENT, REPEAT = "aug", "rep"
COPY_LONG_SIDE_PX = 1600  # an augmented copy is not made from more: networks look at 640
_MARKER = "BALANCED_BY_FACESORT"
_FILES = ("class_weights.json", "repeat_factors.csv", "left_out.txt")


@dataclass
class Written:
    """What was written, and what was lost on the way, one line each in ``left_out``."""

    rows: list[Ints] = field(default_factory=list)  # boxes of each training image, (classes,)
    gone_boxes: int = 0  # that left their image in a changed copy
    linked: Counter[str] = field(default_factory=Counter)  # images of the other splits
    left_out: list[str] = field(default_factory=list)


class BalancedSet:
    """The data set under ``root`` while it is being written."""

    def __init__(self, root: Path, layout: Layout) -> None:
        self.written = Written()
        self._layout = layout
        self._out = DerivedSet(root, "balance_dataset.py", _MARKER, _FILES)

    def check(self) -> None:
        """Raise `DatasetError` unless ``root`` is new, empty or ours, and apart from the source,
        and the source has images to judge a training on."""
        if not any(p.split == "val" for p in self._layout.images):
            raise DatasetError(f"{self._layout.file}: no image in val; training needs some")
        images = self._layout.images
        self._out.check({p.path.parent for p in images} | {f for _, f in self._layout.folders})

    def write(self, train: TrainSplit, times: Ints, kind: str, seed: int, step: Step) -> Written:
        """Write each training image ``times`` times, linked once, then as copies of ``kind``
        (`AUGMENT`, `REPEAT`); link the other splits as they are."""
        self.check()
        self._out.start()
        shown = [
            (inside, labels, int(n))
            for inside, labels, n in zip(train.inside, train.labels, times, strict=True)
            if n > 0
        ]
        for inside, labels, _ in shown:  # originals get their names before any copy does
            self._link(labels, self._out.target(TRAIN, inside))
        for inside, labels, n in step(shown, len(shown), "photo"):
            for number in range(1, n):
                self._copy(inside, labels, kind, number, seed)
        others = [p for p in self._layout.images if p.split != TRAIN]
        for placed in step(others, len(others), "photo"):
            self._link_other(placed)
        self._out.finish(self._layout.names)
        return self.written

    def _link(self, labels: ImageLabels, target: Path) -> None:
        with self._listed(labels.path):
            self._out.link(labels.path, target)
            self._count(labels)

    def _copy(self, inside: Path, labels: ImageLabels, kind: str, number: int, seed: int) -> None:
        target = self._out.target(TRAIN, inside.with_stem(f"{inside.stem}_{kind}{number}"))
        if kind == REPEAT:
            self._link(labels, target)
        else:
            seeds = [seed, number_of(inside), number]
            self._augment(labels, target.with_suffix(".jpg"), seeds)

    def _augment(self, labels: ImageLabels, target: Path, seeds: list[int]) -> None:
        with self._listed(labels.path):
            rgb = open_photo(labels.path, min_long_side_px=COPY_LONG_SIDE_PX).rgb
            copy = augment(rgb, labels, target, seeds)
            self._out.save(copy.rgb, copy.labels)
            self._count(copy.labels)
            self.written.gone_boxes += copy.gone

    def _link_other(self, placed: Placed) -> None:
        with self._listed(placed.path):
            if not placed.path.is_file():
                raise PhotoError(f"{placed.path}: is not there; expected an image")
            self._out.link(placed.path, self._out.target(placed.split, placed.inside))
            self.written.linked[placed.split] += 1

    def _count(self, labels: ImageLabels) -> None:
        self.written.rows.append(count_classes(labels, len(self._layout.names)))

    @contextmanager
    def _listed(self, image: Path) -> Iterator[None]:
        """What one image refuses is listed; what the disk refuses ends the run."""
        try:
            yield
        except PhotoError as error:
            self.written.left_out.append(str(error))
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                raise
            self.written.left_out.append(f"{image}: {error.strerror}")


_BITS = ("mouth free", "mouth covered", "eyes free", "eyes covered")
_WIDTH = 20


def before_after(names: Sequence[str], before: Ints, after: Ints) -> str:
    """One row a class, then one row a bit where the classes are our four.

    ``before`` and ``after`` are (images, classes) box counts; after balancing an image has one
    row for each time it is shown.
    """
    lines = [
        f"{'':{_WIDTH}}{'before':>16}{'':11}{'after':>16}",
        f"{'class':{_WIDTH}}" + f"{'images':>8}{'boxes':>8}{'share':>8}   " * 2,
    ]
    lines += _rows(names, before, after)
    if tuple(names) == CLASS_NAMES:
        lines += ["", *_rows(_BITS, before @ _bit_columns(), after @ _bit_columns(), 2)]
    empty = [f"{(counts.sum(axis=1) == 0).sum():>8,}{0:>8}{'':11}" for counts in (before, after)]
    total = [f"{len(counts):>8,}{counts.sum():>8,}{'':11}" for counts in (before, after)]
    lines += ["", f"{'no box':{_WIDTH}}" + "".join(empty), f"{'all':{_WIDTH}}" + "".join(total)]
    return "\n".join(line.rstrip() for line in lines)


def _rows(names: Sequence[str], before: Ints, after: Ints, per_box: int = 1) -> list[str]:
    """A box counts in ``per_box`` of the rows."""
    cells = zip(_cells(before, per_box), _cells(after, per_box), strict=True)
    return [f"{name:{_WIDTH}}{b}{a}" for name, (b, a) in zip(names, cells, strict=True)]


def _cells(counts: Ints, per_box: int) -> list[str]:
    images, boxes = (counts > 0).sum(axis=0), counts.sum(axis=0)
    share = boxes * per_box / max(int(boxes.sum()), 1)
    return [f"{i:>8,}{b:>8,}{s:>8.1%}   " for i, b, s in zip(images, boxes, share, strict=True)]


def _bit_columns() -> Ints:
    """(4 classes, 4 columns of `_BITS`): which bit each class counts for."""
    rows = [
        [not c.mouth_covered, c.mouth_covered, not c.eyes_covered, c.eyes_covered]
        for c in FaceClass
    ]
    return np.array(rows, dtype=np.int64)


def weights_table(names: Sequence[str], weights: ClassWeights) -> str:
    """cw1 and cw2 of each class."""
    lines = [f"{'class weight':{_WIDTH}}{'cw1':>8}{'cw2':>8}"]
    rows = zip(names, weights.cw1, weights.cw2, weights.absent, strict=True)
    for name, cw1, cw2, absent in rows:
        note = "   no box in train: mean of the others" if absent else ""
        lines.append(f"{name:{_WIDTH}}{cw1:>8.3f}{cw2:>8.3f}{note}")
    return "\n".join(lines)


def shortfalls(names: Sequence[str], counts: Ints, times: Ints, target: int | None) -> list[str]:
    """What balancing cannot do, one line each; ``target`` is the boxes that over-sampling wants."""
    lines = []
    for name, before, after in zip(names, counts.sum(axis=0), times @ counts, strict=True):
        if before == 0:
            lines.append(f"{name}: no box in train; nothing to balance, label some")
        elif target and after < target:
            lines.append(
                f"{name}: {after:,} of {target:,} boxes, its images have all the copies they "
                "may; raise --per-image, or label more"
            )
    return lines


def account(unusable: int, times: Ints, written: int, result: str) -> str:
    """Where each image of the training split went; ``result`` says of ``written`` what it is."""
    used = int((times > 0).sum())
    lost = int(times.sum()) - written
    return (
        f"train: {len(times) + unusable:,} images = {used:,} used + {len(times) - used:,} not "
        f"needed + {unusable:,} unusable; {used:,} + {times.sum() - used:,} copies = "
        f"{written:,} {result}{f' + {lost:,} left out' if lost else ''}"
    )


def also_written(written: Written) -> str:
    """The other splits, and the boxes that turning an image has cost."""
    linked = " and ".join(f"{n:,} of {split}" for split, n in written.linked.items())
    gone = f"{written.gone_boxes:,} boxes left their image in a copy: painted over, not counted"
    return f"linked as they are: {linked}; {gone}"


def write_left_out(file: Path, lines: Sequence[str]) -> None:
    """``left_out.txt``, one line each, where there is any."""
    if lines:
        text = "".join(f"{one_line(line)}\n" for line in lines)
        file.write_text(text, encoding="utf-8")


def write_weights(file: Path, names: Sequence[str], after: Ints) -> None:
    """``class_weights.json``: lists by class index, of the training split as it is written."""
    weights = ClassWeights.of(after)
    content = {
        "names": list(names),
        "boxes": after.sum(axis=0).tolist(),
        "cw1": weights.cw1.round(6).tolist(),
        "cw2": weights.cw2.round(6).tolist(),
        "absent": [name for name, gone in zip(names, weights.absent, strict=True) if gone],
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_factors(file: Path, images: Sequence[Path], factors: Floats, times: Ints) -> None:
    """``repeat_factors.csv``: each image's repeat factor, and how often it is shown here."""
    with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as out:
        writer = Writer(out)
        writer.writerow(["image", "repeat_factor", "times"])
        for image, factor, shown in zip(images, factors, times, strict=True):
            writer.writerow([image.as_posix(), f"{factor:.4f}", int(shown)])
