"""Writes YOLO data sets: image and label folders, file names, links to originals, JPEGs."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.classes import CLASS_NAMES
from facesort.dataset.splits import SPLITS, TRAIN
from facesort.errors import DatasetError
from facesort.files import link_or_copy
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, ImageLabels, is_synthetic


@dataclass
class Built:
    """What was written and what was left out, for the person who reads the summary."""

    boxes: dict[str, Counter[str]] = field(default_factory=lambda: {s: Counter() for s in SPLITS})
    images: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


class Tree:
    """The folders ``images/<split>`` and ``labels/<split>`` of one data set under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.built = Built()

    def start(self) -> None:
        """Empty the two trees; raises `DatasetError` where they hold what we did not write."""
        marker = self.root / "BUILT_BY_FACESORT"
        if self.root.exists() and any(self.root.iterdir()) and not marker.exists():
            raise DatasetError(f"{self.root}: not empty and not built here; pass another --out")
        for kind in ("images", "labels"):
            shutil.rmtree(self.root / kind, ignore_errors=True)
            for split in SPLITS:
                (self.root / kind / split).mkdir(parents=True)
        marker.write_text("made by tools/build_dataset.py, which may replace everything here\n")

    def add(
        self,
        split: str,
        name: str,
        rgb: NDArray[np.uint8],
        xyxy_px: Boxes,
        class_id: NDArray[np.int64],
    ) -> None:
        """Write one image and its label; raises `DatasetError` for synthetic labels that would be
        judged on instead of learned from."""
        path = self.root / "images" / split / f"{name}.jpg"
        if is_synthetic(path) and split != TRAIN:
            raise DatasetError(f"{path.name}: synthetic labels; for training only, not for {split}")
        write_jpeg(rgb, path)
        yolo.write(ImageLabels.of(path, (rgb.shape[1], rgb.shape[0]), xyxy_px, class_id))
        self.built.images[split] += 1
        self.built.boxes[split].update(CLASS_NAMES[c] for c in class_id if c != IGNORE)


_KINDS = ("images", "labels")
_CONFIG = "data.yaml"


class DerivedSet:
    """The data set under ``root`` while it is being written by ``script``, whose ``marker`` says
    that it may be emptied and written again; ``files`` are what the script writes besides."""

    def __init__(self, root: Path, script: str, marker: str, files: Sequence[str] = ()) -> None:
        self.root = root
        self._script, self._marker, self._files = script, marker, files
        self._free = FreeNames()

    def check(self, sources: Iterable[Path]) -> None:
        """Raise `DatasetError` unless ``root`` is new, empty or ours, and apart from the folders
        ``sources``."""
        if self.root.exists() and not self.root.is_dir():
            raise DatasetError(f"{self.root}: is a file; expected a folder to fill; other --out")
        is_ours = (self.root / self._marker).exists()
        if self.root.exists() and any(self.root.iterdir()) and not is_ours:
            raise DatasetError(f"{self.root}: not empty and not made here; pass another --out")
        whole = self.root.resolve()
        for folder in {folder.resolve() for folder in sources}:
            if whole.is_relative_to(folder) or folder.is_relative_to(whole):
                raise DatasetError(f"{self.root}: holds or lies in {folder}; pass another --out")

    def start(self) -> None:
        """Empty ``root`` of what an earlier run wrote."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / self._marker).write_text(
            f"made by tools/{self._script}, which may replace everything here\n"
        )
        for kind in _KINDS:
            if (self.root / kind).exists():
                shutil.rmtree(self.root / kind)  # refuses a link: what it leads to is not ours
        for name in (_CONFIG, *self._files):
            (self.root / name).unlink(missing_ok=True)

    def target(self, split: str, inside: Path) -> Path:
        """Where the image ``inside`` a split goes."""
        return self._free.of(self.root / "images" / split / inside)

    def link(self, image: Path, target: Path) -> None:
        """``image`` at ``target``, with its label if it has one."""
        label, copy = yolo.label_path_of(image), yolo.label_path_of(target)
        if label.exists():  # first: an image whose label is refused must not seem without faces
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(label, copy)
        link_or_copy(image, target)

    def save(self, rgb: NDArray[np.uint8], labels: ImageLabels) -> None:
        """A new image and its label, at the path that ``labels`` names."""
        labels.path.parent.mkdir(parents=True, exist_ok=True)
        write_jpeg(rgb, labels.path)
        yolo.write(labels)

    def finish(self, names: Sequence[str]) -> None:
        """Write ``data.yaml``, relative to itself."""
        splits = [s for s in SPLITS if (self.root / "images" / s).is_dir()]
        content = {s: f"images/{s}" for s in splits} | {"names": dict(enumerate(names))}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (self.root / _CONFIG).write_text(text, encoding="utf-8")


def write_listed(file: Path, splits: Mapping[str, Iterable[Path]], names: Sequence[str]) -> None:
    """A data set YAML whose splits are lists of images, beside it; the images stay where they are.

    A list of ``data.yaml`` is called ``data_train.txt``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"path": str(file.parent.resolve())}
    for split, images in splits.items():
        content[split] = f"{file.stem}_{split}.txt"
        text = "".join(f"{image.resolve()}\n" for image in images)
        listed = file.with_name(content[split])
        listed.write_text(text, encoding="utf-8", errors="surrogateescape")
    content["names"] = dict(enumerate(names))
    file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def number_of(inside: Path) -> int:
    """A number of an image's name: what is diced with it does not depend on other images."""
    name = inside.as_posix().encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


class FreeNames:
    """Remembers the names given so far."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, target: Path) -> Path:
        """``target``, numbered where another image has its label's name, whatever the disk
        thinks of upper and lower case."""
        stem, number = target.stem, 2
        while (key := str(target.with_suffix("")).casefold()) in self._taken:
            target = target.with_name(f"{stem}_{number}{target.suffix}")
            number += 1
        self._taken.add(key)
        return target


JPEG_QUALITY = 92


def write_jpeg(rgb: NDArray[np.uint8], path: Path, quality: int = JPEG_QUALITY) -> None:
    """``rgb`` as a JPEG at ``path``, whatever letters that holds."""
    import cv2

    bgr = np.ascontiguousarray(rgb[..., ::-1])
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    path.write_bytes(data.tobytes())
