"""Write a data set whose training split also holds synthetic images; the rest stays as it is.

out/images/<split>/...   hard links to the originals (copies where the disk has no links), and
                         synthetic_x.jpg, a copy of x.jpg with something drawn on its faces
out/labels/<split>/...   a label file for each
out/synthetic.csv        what was drawn on which face
out/data.yaml            relative to itself: yolo detect train data=out/data.yaml
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.csv_files import Writer
from facesort.dataset.balance.balanced_set import TrainSplit
from facesort.dataset.splits import TRAIN
from facesort.dataset.synth.contact_sheet import Sheet
from facesort.dataset.synth.draw_on_image import DrawnFace, draw_on_image
from facesort.dataset.writer import DerivedSet, number_of
from facesort.dataset.yolo_dataset import Placed
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, SYNTHETIC_PREFIX, ImageLabels, is_synthetic
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

DRAWN_LONG_SIDE_PX = 1600  # larger photos are drawn on at about this size: networks look at 640
COLUMNS = ("image", "x1", "y1", "x2", "y2", "drawn", "class_before", "class_after", "landmarks")
_MARKER = "SYNTHESIZED_BY_FACESORT"
_ROWS = "synthetic.csv"


@dataclass(frozen=True)
class Order:
    """What to draw: on this ``share`` of the training images, one of ``kinds`` (none: any) at
    every face. The same ``seed`` draws the same on an image, whatever the others are."""

    kinds: tuple[str, ...] = ()
    share: float = 0.3
    seed: int = 0


@dataclass
class Result:
    """Boxes of each class before and in the synthetic images, kinds drawn, and what was left."""

    before: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faces_left: Counter[str] = field(default_factory=Counter)
    images_left: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)
    drawn: int = 0
    left_out: list[str] = field(default_factory=list)


def folder_at(root: Path) -> DerivedSet:
    """The folder to write to."""
    return DerivedSet(root, "synthesize_occlusion.py", _MARKER, (_ROWS,))


class SynthSet:
    """The data set in ``out`` (see `folder_at`) while it is being written."""

    def __init__(self, out: DerivedSet, names: Sequence[str]) -> None:
        self._out = out
        self.result = Result()
        self._names = tuple(names)
        self._to_class, self._to_id = _class_tables(names)
        self._rows: list[list[object]] = []

    def write(
        self,
        train: TrainSplit,
        others: Sequence[Placed],
        find: FaceFinder | None,
        order: Order,
        step: Step = no_step,
        sheet: Sheet | None = None,
    ) -> Result:
        """Link ``train`` and the images of the other splits, and draw as ``order`` says."""
        self._out.check({path.parent for path in _paths(train, others)})
        self._out.start()
        pairs = list(zip(train.inside, train.labels, strict=True))
        for inside, labels in pairs:  # originals get their names before any drawing does
            self._link(labels, TRAIN, inside)
            self.result.before.update(self._names_of(self._classes(labels).class_id))
        for inside, labels in step(pairs, len(pairs), "photo"):
            self._draw(inside, self._classes(labels), find, order, sheet)
        for placed in others:
            self._link_other(placed)
        self._out.finish(self._names)
        self._write_rows(order.seed)
        return self.result

    def _classes(self, labels: ImageLabels) -> ImageLabels:
        """The labels with `FaceClass` values instead of this data set's numbers."""
        known = labels.class_id != IGNORE
        classes = np.full_like(labels.class_id, IGNORE)
        classes[known] = self._to_class[labels.class_id[known]]
        return replace(labels, class_id=classes)

    def _names_of(self, classes: NDArray[np.int64]) -> list[str]:
        return [CLASS_NAMES[c] for c in classes if c != IGNORE]

    def _link(self, labels: ImageLabels, split: str, inside: Path) -> None:
        target = self._out.target(split, inside)
        if len(labels.class_id) and not yolo.label_path_of(labels.path).exists():
            yolo.write(replace(labels, path=target))
        self._out.link(labels.path, target)
        self.result.linked[split] += 1

    def _link_other(self, placed: Placed) -> None:
        if not placed.path.is_file():
            self.result.left_out.append(f"{placed.path}: is not there; expected an image")
            return
        target = self._out.target(placed.split, placed.inside)
        self._out.link(placed.path, target)
        self.result.linked[placed.split] += 1

    def _draw(
        self,
        inside: Path,
        labels: ImageLabels,
        find: FaceFinder | None,
        order: Order,
        sheet: Sheet | None,
    ) -> None:
        rng = np.random.default_rng([order.seed, number_of(inside)])
        if rng.random() >= order.share:
            self.result.images_left["not chosen (--share)"] += 1
            return
        if is_synthetic(inside) or not len(labels.class_id):
            why = "synthetic already" if is_synthetic(inside) else "without a face"
            self.result.images_left[why] += 1
            return
        try:
            rgb = open_photo(labels.path, min_long_side_px=DRAWN_LONG_SIDE_PX).rgb
        except PhotoError as error:
            self.result.left_out.append(str(error))
            return
        drawn = draw_on_image(rgb, _scaled(labels, rgb.shape[1]), find, order.kinds, rng)
        self.result.faces_left.update(drawn.left)
        if not drawn.faces:
            self.result.images_left["without a face to draw on"] += 1
            return
        name = f"{SYNTHETIC_PREFIX}{inside.stem}.jpg"
        target = self._out.target(TRAIN, inside.with_name(name))
        self._save(drawn.rgb, drawn.labels, target)
        self._note(target, drawn.faces)
        if sheet is not None:
            sheet.add(drawn.rgb, drawn.faces)

    def _save(self, rgb: NDArray[np.uint8], labels: ImageLabels, target: Path) -> None:
        known = labels.class_id != IGNORE
        ids = np.where(known, self._to_id[labels.class_id], IGNORE)
        self._out.save(rgb, replace(labels, path=target, class_id=ids))
        self.result.added.update(self._names_of(labels.class_id))
        self.result.drawn += 1

    def _note(self, target: Path, faces: Sequence[DrawnFace]) -> None:
        name = target.relative_to(self._out.root).as_posix()
        for face in faces:
            box = [f"{v:.1f}" for v in face.xyxy_px]
            classes = [face.before.name, face.after.name]
            self._rows.append([name, *box, face.kind, *classes, face.landmarks])
            self.result.kinds[face.kind] += 1

    def _write_rows(self, seed: int) -> None:
        with (self._out.root / _ROWS).open("w", encoding="utf-8", newline="") as file:
            table = Writer(file, lineterminator="\n")
            table.writerow([*COLUMNS, "seed"])
            table.writerows([*row, seed] for row in self._rows)


def _paths(train: TrainSplit, others: Sequence[Placed]) -> list[Path]:
    return [labels.path for labels in train.labels] + [placed.path for placed in others]


def _class_tables(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """This data set's class number to `FaceClass`, and back."""
    to_class = np.array([int(parse_class(name)) for name in names], dtype=np.int64)
    missing = [c.name for c in FaceClass if int(c) not in to_class]
    if missing or len(to_class) != len(CLASS_NAMES):
        raise DatasetError(
            f"classes {', '.join(names)}: expected each of {', '.join(CLASS_NAMES)} once"
        )
    return to_class, np.argsort(to_class)


def _scaled(labels: ImageLabels, width_px: int) -> ImageLabels:
    """The labels for the image as it was opened, which may be smaller."""
    factor = width_px / labels.size_wh[0]
    size_wh = (width_px, round(labels.size_wh[1] * factor))
    return replace(labels, size_wh=size_wh, xyxy_px=labels.xyxy_px * factor)
