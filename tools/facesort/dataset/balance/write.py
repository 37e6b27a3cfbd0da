"""Write a data set whose training split is balanced: originals linked, labels and copies written.

out/images/<split>/...      hard links (copies where the disk has none); x_aug1.jpg is a changed
                            copy of x.jpg, x_rep1.jpg a second link to it
out/labels/<split>/...      a label file for each
out/data.yaml               relative to itself: yolo detect train data=out/data.yaml

A repeated picture is a link of its own: Ultralytics would also take a list with repeated lines (it
removes none), but a list knows no file names with line breaks, and other tools want folders.
"""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
import yaml

from facesort.dataset.balance.augment import augment
from facesort.dataset.balance.decide import Ints, count_classes
from facesort.dataset.balance.train_split import Step, TrainSplit
from facesort.dataset.layout import Layout, Placed
from facesort.dataset.links import link_or_copy
from facesort.dataset.split import SPLITS, TRAIN
from facesort.dataset.tree import JPEG_QUALITY
from facesort.errors import DatasetError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import open_photo

AUGMENT, REPEAT = "aug", "rep"
COPY_LONG_SIDE_PX = 1600  # an augmented copy is not made from more: networks look at 640
_MARKER = "BALANCED_BY_FACESORT"


@dataclass
class Written:
    """What was written, and what was lost on the way, one line each in ``left_out``."""

    rows: list[Ints] = field(default_factory=list)  # boxes of each training picture, (classes,)
    gone_boxes: int = 0  # that left their picture in a changed copy
    linked: Counter[str] = field(default_factory=Counter)  # pictures of the other splits
    left_out: list[str] = field(default_factory=list)


class BalancedSet:
    """The data set under ``root`` while it is being written."""

    def __init__(self, root: Path, layout: Layout) -> None:
        self.root = root
        self.written = Written()
        self._layout = layout
        self._taken: set[Path] = set()

    def check(self) -> None:
        """Raise `DatasetError` unless ``root`` is new, empty or ours, and apart from the source,
        and the source has pictures to judge a training on."""
        if not any(p.split == "val" for p in self._layout.pictures):
            raise DatasetError(f"{self._layout.file}: no picture in val; training needs some")
        if self.root.exists() and not self.root.is_dir():
            raise DatasetError(f"{self.root}: is a file; expected a folder to fill; other --out")
        is_ours = (self.root / _MARKER).exists()
        if self.root.exists() and any(self.root.iterdir()) and not is_ours:
            raise DatasetError(f"{self.root}: not empty and not balanced here; pass another --out")
        root = self.root.resolve()
        pictures = self._layout.pictures
        folders = {p.path.parent for p in pictures} | {f for _, f in self._layout.folders}
        for folder in {f.resolve() for f in folders}:
            if root.is_relative_to(folder) or folder.is_relative_to(root):
                raise DatasetError(f"{self.root}: holds or lies in {folder}; pass another --out")

    def write(self, train: TrainSplit, times: Ints, kind: str, seed: int, step: Step) -> Written:
        """Write each training picture ``times`` times, linked once, then as copies of ``kind``
        (`AUGMENT`, `REPEAT`); link the other splits as they are."""
        self._start()
        shown = [
            (inside, labels, int(n))
            for inside, labels, n in zip(train.inside, train.labels, times, strict=True)
            if n > 0
        ]
        for inside, labels, _ in shown:  # originals get their names before any copy does
            self._link(labels, self._target(TRAIN, inside))
        for inside, labels, n in step(shown, len(shown), "photo"):
            for number in range(1, n):
                self._copy(inside, labels, kind, number, seed)
        others = [p for p in self._layout.pictures if p.split != TRAIN]
        for placed in step(others, len(others), "photo"):
            self._link_other(placed)
        self._write_config()
        return self.written

    def _start(self) -> None:
        """Empty ``root`` of what an earlier run wrote."""
        self.check()
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / _MARKER).write_text(
            "made by tools/balance_dataset.py, which may replace everything here\n"
        )
        for kind in ("images", "labels"):
            if (self.root / kind).exists():
                shutil.rmtree(self.root / kind)  # refuses a link: what it leads to is not ours
        for name in ("data.yaml", "class_weights.json", "repeat_factors.csv", "left_out.txt"):
            (self.root / name).unlink(missing_ok=True)

    def _write_config(self) -> None:
        splits = [s for s in SPLITS if (self.root / "images" / s).is_dir()]
        content = {s: f"images/{s}" for s in splits}
        named = content | {"names": dict(enumerate(self._layout.names))}
        text = yaml.safe_dump(named, sort_keys=False, allow_unicode=True)
        (self.root / "data.yaml").write_text(text, encoding="utf-8")

    def _target(self, split: str, inside: Path) -> Path:
        """A name whose label nobody else has, whatever the disk thinks of upper and lower case."""
        target = self.root / "images" / split / inside
        stem, number = target.stem, 2
        while (key := Path(str(target.with_suffix("")).casefold())) in self._taken:
            target = target.with_name(f"{stem}_{number}{target.suffix}")
            number += 1
        self._taken.add(key)
        return target

    def _link(self, labels: ImageLabels, target: Path) -> None:
        with self._listed(labels.path):
            _link_with_label(labels.path, target)
            self._count(labels)

    def _copy(self, inside: Path, labels: ImageLabels, kind: str, number: int, seed: int) -> None:
        target = self._target(TRAIN, inside.with_stem(f"{inside.stem}_{kind}{number}"))
        if kind == REPEAT:
            self._link(labels, target)
        else:
            seeds = [seed, _number_of(inside), number]
            self._augment(labels, target.with_suffix(".jpg"), seeds)

    def _augment(self, labels: ImageLabels, target: Path, seeds: list[int]) -> None:
        import cv2

        with self._listed(labels.path):
            rgb = open_photo(labels.path, min_long_side_px=COPY_LONG_SIDE_PX).rgb
            copy = augment(rgb, labels, target, seeds)
            bgr = np.ascontiguousarray(copy.rgb[..., ::-1])
            data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.tobytes())
            yolo.write(copy.labels)
            self._count(copy.labels)
            self.written.gone_boxes += copy.gone

    def _link_other(self, placed: Placed) -> None:
        with self._listed(placed.path):
            if not placed.path.is_file():
                raise PhotoError(f"{placed.path}: is not there; expected a picture")
            _link_with_label(placed.path, self._target(placed.split, placed.inside))
            self.written.linked[placed.split] += 1

    def _count(self, labels: ImageLabels) -> None:
        self.written.rows.append(count_classes(labels, len(self._layout.names)))

    @contextmanager
    def _listed(self, picture: Path) -> Iterator[None]:
        """What one picture refuses is listed; what the disk refuses ends the run."""
        try:
            yield
        except PhotoError as error:
            self.written.left_out.append(str(error))
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                raise
            self.written.left_out.append(f"{picture}: {error.strerror}")


def _link_with_label(picture: Path, target: Path) -> None:
    label, copy = yolo.label_path_of(picture), yolo.label_path_of(target)
    if label.exists():  # first: a picture whose label is refused must not become one without faces
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(label, copy)
    link_or_copy(picture, target)


def _number_of(inside: Path) -> int:
    """A number of the picture's name, so that its copies do not depend on the other pictures."""
    name = inside.as_posix().encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
