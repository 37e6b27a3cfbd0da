"""Write a data set whose training split also holds synthetic pictures; the rest stays as it is.

out/images/<split>/...   hard links to the originals (copies where the disk has no links), and
                         synthetic_x.jpg, a copy of x.jpg with something drawn on its faces
out/labels/<split>/...   a label file for each
out/synthetic.csv        what was drawn on which face
out/data.yaml            relative to itself: yolo detect train data=out/data.yaml
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.dataset.balance.train_split import TrainSplit
from facesort.dataset.layout import Placed
from facesort.dataset.links import link_or_copy
from facesort.dataset.split import SPLITS, TRAIN
from facesort.dataset.synth.picture import DrawnFace, draw_on_picture
from facesort.dataset.synth.sheet import Sheet
from facesort.dataset.tree import JPEG_QUALITY
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, SYNTHETIC_PREFIX, ImageLabels, is_synthetic
from facesort.photos import open_photo

DRAWN_LONG_SIDE_PX = 1600  # larger photos are drawn on at about this size: networks look at 640
COLUMNS = ("image", "x1", "y1", "x2", "y2", "drawn", "class_before", "class_after", "landmarks")
_MARKER = "SYNTHESIZED_BY_FACESORT"

Step = Callable[[Iterable[Any], int, str], Iterable[Any]]


@dataclass(frozen=True)
class Order:
    """What to draw: on this ``share`` of the training pictures, one of ``kinds`` (none: any) at
    every face. The same ``seed`` draws the same on a picture, whatever the others are."""

    kinds: tuple[str, ...] = ()
    share: float = 0.3
    seed: int = 0


@dataclass
class Result:
    """Boxes of each class before and in the synthetic pictures, kinds drawn, and what was left."""

    before: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faces_left: Counter[str] = field(default_factory=Counter)
    pictures_left: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)
    drawn: int = 0
    left_out: list[str] = field(default_factory=list)


class SynthSet:
    """The data set under ``root`` while it is being written."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self.root = root
        self.result = Result()
        self._names = tuple(names)
        self._to_class, self._to_id = _class_tables(names)
        self._taken: set[str] = set()
        self._rows: list[list[object]] = []

    def write(
        self,
        train: TrainSplit,
        others: Sequence[Placed],
        find: FaceFinder | None,
        order: Order,
        step: Step = lambda items, _total, _unit: items,
        sheet: Sheet | None = None,
    ) -> Result:
        """Link ``train`` and the pictures of the other splits, and draw as ``order`` says."""
        check_out(self.root, {path.parent for path in _paths(train, others)})
        self._start()
        pairs = list(zip(train.inside, train.labels, strict=True))
        for inside, labels in pairs:  # originals get their names before any drawing does
            self._link(labels, TRAIN, inside)
            self.result.before.update(self._names_of(self._classes(labels).class_id))
        for inside, labels in step(pairs, len(pairs), "photo"):
            self._draw(inside, self._classes(labels), find, order, sheet)
        for placed in others:
            self._link_other(placed)
        self._write_config()
        self._write_rows(order.seed)
        return self.result

    def _start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / _MARKER).write_text(
            "made by tools/synthesize_occlusion.py, which may replace everything here\n"
        )
        for kind in ("images", "labels"):
            if (self.root / kind).exists():
                shutil.rmtree(self.root / kind)  # refuses a link: what it leads to is not ours
        for name in ("data.yaml", "synthetic.csv"):
            (self.root / name).unlink(missing_ok=True)

    def _classes(self, labels: ImageLabels) -> ImageLabels:
        """The labels with `FaceClass` values instead of this data set's numbers."""
        known = labels.class_id != IGNORE
        classes = np.full_like(labels.class_id, IGNORE)
        classes[known] = self._to_class[labels.class_id[known]]
        return replace(labels, class_id=classes)

    def _names_of(self, classes: NDArray[np.int64]) -> list[str]:
        return [CLASS_NAMES[c] for c in classes if c != IGNORE]

    def _target(self, split: str, inside: Path) -> Path:
        """A name whose label nobody else has, whatever the disk thinks of upper and lower case."""
        target = self.root / "images" / split / inside
        stem, number = target.stem, 2
        while (key := str(target.with_suffix("")).casefold()) in self._taken:
            target = target.with_name(f"{stem}_{number}{target.suffix}")
            number += 1
        self._taken.add(key)
        return target

    def _link(self, labels: ImageLabels, split: str, inside: Path) -> None:
        target = self._target(split, inside)
        if yolo.label_path_of(labels.path).exists():
            _copy_label(labels.path, target)
        elif len(labels.class_id):
            yolo.write(replace(labels, path=target))
        link_or_copy(labels.path, target)
        self.result.linked[split] += 1

    def _link_other(self, placed: Placed) -> None:
        if not placed.path.is_file():
            self.result.left_out.append(f"{placed.path}: is not there; expected a picture")
            return
        target = self._target(placed.split, placed.inside)
        _copy_label(placed.path, target)
        link_or_copy(placed.path, target)
        self.result.linked[placed.split] += 1

    def _draw(
        self,
        inside: Path,
        labels: ImageLabels,
        find: FaceFinder | None,
        order: Order,
        sheet: Sheet | None,
    ) -> None:
        rng = np.random.default_rng([order.seed, _number_of(inside)])
        if rng.random() >= order.share:
            self.result.pictures_left["not chosen (--share)"] += 1
            return
        if is_synthetic(inside) or not len(labels.class_id):
            why = "synthetic already" if is_synthetic(inside) else "without a face"
            self.result.pictures_left[why] += 1
            return
        try:
            rgb = open_photo(labels.path, min_long_side_px=DRAWN_LONG_SIDE_PX).rgb
        except PhotoError as error:
            self.result.left_out.append(str(error))
            return
        drawn = draw_on_picture(rgb, _scaled(labels, rgb.shape[1]), find, order.kinds, rng)
        self.result.faces_left.update(drawn.left)
        if not drawn.faces:
            self.result.pictures_left["without a face to draw on"] += 1
            return
        name = f"{SYNTHETIC_PREFIX}{inside.stem}.jpg"
        target = self._target(TRAIN, inside.with_name(name))
        self._save(drawn.rgb, drawn.labels, target)
        self._note(target, drawn.faces)
        if sheet is not None:
            sheet.add(drawn.rgb, drawn.faces)

    def _save(self, rgb: NDArray[np.uint8], labels: ImageLabels, target: Path) -> None:
        import cv2

        bgr = np.ascontiguousarray(rgb[..., ::-1])
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.tobytes())
        known = labels.class_id != IGNORE
        ids = np.where(known, self._to_id[labels.class_id], IGNORE)
        yolo.write(replace(labels, path=target, class_id=ids))
        self.result.added.update(self._names_of(labels.class_id))
        self.result.drawn += 1

    def _note(self, target: Path, faces: Sequence[DrawnFace]) -> None:
        name = target.relative_to(self.root).as_posix()
        for face in faces:
            box = [f"{v:.1f}" for v in face.xyxy_px]
            classes = [face.before.name, face.after.name]
            self._rows.append([name, *box, face.kind, *classes, face.landmarks])
            self.result.kinds[face.kind] += 1

    def _write_rows(self, seed: int) -> None:
        with (self.root / "synthetic.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*COLUMNS, "seed"])
            table.writerows([*row, seed] for row in self._rows)

    def _write_config(self) -> None:
        splits = [s for s in SPLITS if (self.root / "images" / s).is_dir()]
        content = {s: f"images/{s}" for s in splits}
        named = content | {"names": dict(enumerate(self._names))}
        text = yaml.safe_dump(named, sort_keys=False, allow_unicode=True)
        (self.root / "data.yaml").write_text(text, encoding="utf-8")


def check_out(root: Path, sources: Iterable[Path] = ()) -> None:
    """Raise `DatasetError` unless ``root`` is new, empty or ours, and apart from the folders
    ``sources``."""
    if root.exists() and not root.is_dir():
        raise DatasetError(f"{root}: is a file; expected a folder to fill; pass another --out")
    is_ours = (root / _MARKER).exists()
    if root.exists() and any(root.iterdir()) and not is_ours:
        raise DatasetError(f"{root}: not empty and not made here; pass another --out")
    whole = root.resolve()
    for folder in {folder.resolve() for folder in sources}:
        if whole.is_relative_to(folder) or folder.is_relative_to(whole):
            raise DatasetError(f"{root}: holds or lies in {folder}; pass another --out")


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


def _copy_label(picture: Path, target: Path) -> None:
    label, copy = yolo.label_path_of(picture), yolo.label_path_of(target)
    if label.exists():  # copied, not linked: label files are edited in place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(label, copy)


def _scaled(labels: ImageLabels, width_px: int) -> ImageLabels:
    """The labels for the picture as it was opened, which may be smaller."""
    factor = width_px / labels.size_wh[0]
    size_wh = (width_px, round(labels.size_wh[1] * factor))
    return replace(labels, size_wh=size_wh, xyxy_px=labels.xyxy_px * factor)


def _number_of(inside: Path) -> int:
    """A number of the picture's name, so that its drawing does not depend on the other pictures."""
    name = inside.as_posix().encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
