"""Build a YOLO data set from scenes, selfies and crops: mend, group, split, compose, write.

Scenes and selfies are written as they are; crops (and selfies once more) are also composed onto
canvases at many scales. Faces of unknown class are painted over: they must teach nothing, neither
a class nor that a face is background.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset.compose import Sprite, compose, face_free
from facesort.dataset.duplicates import group_photos
from facesort.dataset.mend import ignore_unlabelled, paint_over
from facesort.dataset.split import SPLITS, split_names
from facesort.dataset.sprites import (
    Drawable,
    crop_sprite,
    repeat_rare,
    selfie_sprite,
    synthesise,
)
from facesort.detections import FaceFinder
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import open_photo

Image = NDArray[np.uint8]

SYNTHETIC_SHARE = 0.25  # of the training sprites with landmarks, beside the real ones
_FINDER_PX = 640


@dataclass(frozen=True)
class Sources:
    """What a data set is built from; any of the three may be empty."""

    scenes: Sequence[ImageLabels] = ()
    selfies: Sequence[ImageLabels] = ()
    crops: Sequence[tuple[Path, FaceClass]] = ()

    def paths(self) -> list[Path]:
        whole = [labels.path for labels in (*self.scenes, *self.selfies)]
        return whole + [path for path, _ in self.crops]

    def kinds(self) -> list[str]:
        return (
            ["scene"] * len(self.scenes)
            + ["selfie"] * len(self.selfies)
            + ["crop"] * len(self.crops)
        )

    def classes(self) -> list[set[int]]:
        whole = [set(labels.class_id.tolist()) for labels in (*self.scenes, *self.selfies)]
        return [c - {IGNORE} for c in whole] + [{int(c)} for _, c in self.crops]


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
        self, split: str, name: str, rgb: Image, xyxy_px: Boxes, class_id: NDArray[np.int64]
    ) -> None:
        """Write one picture and its label."""
        import cv2

        path = self.root / "images" / split / f"{name}.jpg"
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
        path.write_bytes(data.tobytes())
        yolo.write(ImageLabels.of(path, (rgb.shape[1], rgb.shape[0]), xyxy_px, class_id))
        self.built.images[split] += 1
        self.built.boxes[split].update(CLASS_NAMES[c] for c in class_id if c != IGNORE)


def build(
    sources: Sources,
    out: Path,
    find: FaceFinder,
    seed: int = 0,
    step: Callable[[Iterable[int], int, str], Iterable[int]] = lambda items, total, unit: items,
) -> Built:
    """Write the data set and return what it holds.

    ``find`` is the face model that gives crops their boxes, points out unlabelled faces, and
    places synthetic masks and sunglasses (in the training split only). ``step`` wraps the long
    loops, for a progress bar.
    """
    tree = Tree(out)
    tree.start()
    paths, kinds = sources.paths(), sources.kinds()
    names = [f"{kind}_{path.parent.name}_{path.stem}" for kind, path in zip(kinds, paths)]
    groups = group_photos(paths[i] for i in step(range(len(paths)), len(paths), "hash"))
    splits = split_names(names, groups.tolist(), sources.classes(), kinds)
    whole = [*sources.scenes, *sources.selfies]
    items: dict[str, list[Drawable]] = {split: [] for split in SPLITS}
    backgrounds: dict[str, list[Image]] = {split: [] for split in SPLITS}
    rng = np.random.default_rng(seed)
    for i in step(range(len(paths)), len(paths), "photo"):
        split = splits[i]
        if kinds[i] == "crop":
            path, face_class = sources.crops[i - len(whole)]
            item = crop_sprite(path, face_class, find)
            if isinstance(item, str):
                tree.built.left_out[f"crop: {item}"] += 1
            else:
                items[split].append(item)
            continue
        rgb = open_photo(paths[i]).rgb
        labels = ignore_unlabelled(whole[i], find(rgb, _FINDER_PX))
        tree.built.left_out[f"{kinds[i]}: face of unknown class, painted over"] += int(
            (labels.class_id == IGNORE).sum()
        )
        tree.add(split, names[i], paint_over(rgb, labels), labels.xyxy_px, labels.class_id)
        if kinds[i] == "selfie" and split == "train" and (labels.class_id != IGNORE).any():
            items[split].append(selfie_sprite(labels, find))
        if kinds[i] == "scene":
            free = face_free(rgb, labels.xyxy_px, rng)
            backgrounds[split] += [] if free is None else [free]
    for split in SPLITS:
        sprites = _sprites(items[split], rng, training=split == "train")
        for n, canvas in enumerate(compose(sprites, backgrounds[split], rng)):
            name = f"composed_{n:05d}"
            tree.add(split, name, canvas.rgb, canvas.xyxy_px, canvas.class_id)
    return tree.built


def _sprites(
    items: Sequence[Drawable], rng: np.random.Generator, training: bool
) -> list[Sprite]:
    """The sprites of one split; only training sees repeats and synthetic occlusions."""
    if not training:
        return [item.sprite for item in items]
    drawn = [synthesise(item, rng) for item in items if rng.random() < SYNTHETIC_SHARE]
    return [item.sprite for item in repeat_rare(items)] + [s for s in drawn if s is not None]
