"""A YOLO data set on the disk: ``images/<split>`` and ``labels/<split>``, and what is in them."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.classes import CLASS_NAMES
from facesort.dataset.jpeg import write_jpeg
from facesort.dataset.split import SPLITS, TRAIN
from facesort.errors import DatasetError
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
        """Write one picture and its label; raises `DatasetError` for synthetic labels that would be
        judged on instead of learned from."""
        path = self.root / "images" / split / f"{name}.jpg"
        if is_synthetic(path) and split != TRAIN:
            raise DatasetError(f"{path.name}: synthetic labels; for training only, not for {split}")
        write_jpeg(rgb, path)
        yolo.write(ImageLabels.of(path, (rgb.shape[1], rgb.shape[0]), xyxy_px, class_id))
        self.built.images[split] += 1
        self.built.boxes[split].update(CLASS_NAMES[c] for c in class_id if c != IGNORE)
