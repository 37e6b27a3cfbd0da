"""Write a data set whose training split is balanced: originals linked, labels and copies written.

out/images/<split>/...      hard links (copies where the disk has none); x_aug1.jpg is a changed
                            copy of x.jpg, x_rep1.jpg a second link to it
out/labels/<split>/...      a label file for each
out/data.yaml               relative to itself: yolo detect train data=out/data.yaml

A repeated image is a link of its own: Ultralytics would also take a list with repeated lines (it
removes none), but a list knows no file names with line breaks, and other tools want folders.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from facesort.dataset.balance.augment import augment
from facesort.dataset.balance.sampling import Ints, count_classes
from facesort.dataset.balance.train_split import TrainSplit
from facesort.dataset.split import TRAIN
from facesort.dataset.writer import DerivedSet, number_of
from facesort.dataset.yolo_dataset import Layout, Placed
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import ImageLabels
from facesort.photos import open_photo
from facesort.progress import Step

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
