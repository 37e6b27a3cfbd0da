"""Build a YOLO data set from scenes, selfies, crops and YOLO folders: repair, group, split, write.

Images with boxes are written as they are; crops (and selfies once more) are also composed onto
canvases at many scales. Training also sees crops as they are, and pieces of photos without a face.
Faces of unknown class are painted over: they must teach nothing, neither a class nor that a face is
background.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import as_boxes
from facesort.classes import FaceClass
from facesort.dataset.pool_split import Splittable, block_of, split_pool
from facesort.dataset.repair import hand_drawn, ignore_unlabelled, paint_over
from facesort.dataset.splits import SPLITS, TRAIN, perceptual_hash
from facesort.dataset.sprites import (
    LIKELY_FACE,
    Drawable,
    Sprite,
    compose,
    crop_sprite,
    face_free,
    repeat_rare,
    selfie_sprite,
    synthesise,
)
from facesort.dataset.writer import Built, Tree, number_of
from facesort.dataset.yolo_folders import RESERVED, YoloFolder
from facesort.detections import FaceFinder
from facesort.errors import PhotoError
from facesort.labels.image_labels import IGNORE, SYNTHETIC_PREFIX, ImageLabels
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

SYNTHETIC_SHARE = 0.4  # of the training sprites with landmarks, beside the real ones
BACKGROUND_SHARE = 0.5  # of the training photos give a piece without a face, against false alarms
BACKGROUND_PREFIX = "background_"
_FINDER_PX = 640


@dataclass(frozen=True)
class Item:
    """One image of a source: a scene, a selfie or one of a YOLO folder (whose name is its
    ``kind``) with its labels, or a crop with its class. ``face_model_boxes``: no person drew
    its boxes; they are written where one would have drawn them."""

    kind: str
    path: Path
    labels: ImageLabels | None = None
    face_class: FaceClass = FaceClass.face
    group: str | None = None
    face_model_boxes: bool = False

    @property
    def of_folder(self) -> bool:
        return self.kind not in RESERVED

    @property
    def name(self) -> str:
        return f"{self.kind}_{self.path.parent.name}_{self.path.stem}"

    @property
    def classes(self) -> set[int]:
        if self.labels is None:
            return {int(self.face_class)}
        return set(self.labels.class_id.tolist()) - {IGNORE}


@dataclass(frozen=True)
class Sources:
    """What a data set is built from; any of them may be empty."""

    scenes: Sequence[ImageLabels] = ()
    selfies: Sequence[ImageLabels] = ()
    crops: Sequence[tuple[Path, FaceClass]] = ()
    folders: Sequence[YoloFolder] = ()

    def items(self) -> Iterator[Item]:
        yield from (Item("scene", labels.path, labels) for labels in self.scenes)
        for labels in self.selfies:
            yield Item("selfie", labels.path, labels, face_model_boxes=True)
        yield from (Item("crop", path, None, face_class) for path, face_class in self.crops)
        for folder in self.folders:
            for labels in folder.images:
                group = folder.groups.get(labels.path.name)
                made = folder.face_model_boxes
                yield Item(folder.name, labels.path, labels, group=group, face_model_boxes=made)


def build(
    sources: Sources,
    out: Path,
    find: FaceFinder,
    seed: int = 0,
    synthetic_share: float = SYNTHETIC_SHARE,
    step: Step = no_step,
) -> Built:
    """Write the data set and return what it holds.

    ``find`` is the face model that gives crops their boxes, points out unlabelled faces, and
    places synthetic masks and sunglasses (in the training split only, on ``synthetic_share`` of the
    faces there). ``step`` wraps the two long loops, for a progress bar.
    """
    tree = Tree(out)
    tree.start()
    for folder in sources.folders:
        tree.built.left_out.update(f"{folder.name}: {why}" for why in folder.left_out)
    items, splits, problems = split_sources(sources, step)
    tree.built.left_out.update(problems)
    parts = {
        # dice of their own: what changes in training must not change an image of the test
        split: _Part(split, tree, find, np.random.default_rng([seed, number]), synthetic_share)
        for number, split in enumerate(SPLITS)
    }
    for item, split in zip(step(items, len(items), "photo"), splits, strict=True):
        parts[split].add(item)
    for part in parts.values():
        part.add_composed()
    return tree.built


def split_sources(
    sources: Sources, step: Step = no_step
) -> tuple[list[Item], list[str], list[str]]:
    """The images that can be opened, the split of each, and a line for each that cannot."""
    first: list[tuple[Item, Splittable]] = []
    folders: list[tuple[Item, Splittable]] = []
    problems: list[str] = []
    given = list(sources.items())
    for item in step(given, len(given), "hash"):
        try:
            found = perceptual_hash(item.path)
        except PhotoError as error:  # one bad image must not cost the other thousands
            problems.append(f"{item.kind}: {error}")
            continue
        block = block_of(item.path.stem) if item.of_folder else ""
        classes = frozenset(item.classes)
        split = Splittable(item.name, item.kind, classes, found, block, item.group)
        (folders if item.of_folder else first).append((item, split))
    names = split_pool([split for _, split in first], [split for _, split in folders])
    return [item for item, _ in (*first, *folders)], names, problems


class _Part:
    """One split while it is being filled."""

    def __init__(
        self,
        split: str,
        tree: Tree,
        find: FaceFinder,
        rng: np.random.Generator,
        synthetic_share: float,
    ) -> None:
        self._split, self._tree, self._find, self._rng = split, tree, find, rng
        self._synthetic_share = synthetic_share
        self._sprites: list[Drawable] = []
        self._backgrounds: list[NDArray[np.uint8]] = []

    def add(self, item: Item) -> None:
        if item.labels is None:
            self._add_crop(item)
        else:
            self._add_photo(item, item.labels)

    def _add_crop(self, item: Item) -> None:
        sprite = crop_sprite(item.path, item.face_class, self._find)
        if isinstance(sprite, str):
            self._tree.built.left_out[f"crop: {sprite}"] += 1
            return
        self._sprites.append(sprite)
        if self._split == TRAIN:
            crop = sprite.sprite
            self._tree.add(TRAIN, item.name, crop.rgb, crop.xyxy_px, crop.class_id)

    def _add_photo(self, item: Item, labels: ImageLabels) -> None:
        rgb = open_photo(item.path).rgb
        if not item.of_folder:
            labels = ignore_unlabelled(labels, self._find(rgb, _FINDER_PX))
        ignored = labels.class_id == IGNORE
        reason = f"{item.kind}: face of unknown class, painted over"
        self._tree.built.left_out[reason] += int(ignored.sum())
        painted = paint_over(rgb, labels)
        drawn = hand_drawn(labels.xyxy_px) if item.face_model_boxes else labels.xyxy_px
        self._tree.add(self._split, item.name, painted, drawn, labels.class_id)
        if item.kind == "selfie" and self._split == TRAIN and not ignored.all():
            self._sprites.append(selfie_sprite(labels, self._find))
        if item.kind == "scene":
            free = face_free(rgb, labels.xyxy_px, self._rng)
            self._backgrounds += [] if free is None else [free]
        if self._split == TRAIN:
            self._add_background(item, rgb, labels)

    def _add_background(self, item: Item, rgb: NDArray[np.uint8], labels: ImageLabels) -> None:
        """A piece of a photo in which neither the labels nor the face model know a face."""
        rng = np.random.default_rng(number_of(Path(item.name)))  # moves no dice of the composing
        if rng.random() >= BACKGROUND_SHARE:
            return
        piece = face_free(rgb, labels.xyxy_px, rng)
        if piece is None or (self._find(piece, _FINDER_PX).confidence >= LIKELY_FACE).any():
            return
        nothing = np.zeros(0, np.int64)
        self._tree.add(TRAIN, f"{BACKGROUND_PREFIX}{item.name}", piece, as_boxes([]), nothing)

    def add_composed(self) -> None:
        """Place the crops; only training sees repeats of rare ones and synthetic occlusions."""
        training = self._split == TRAIN
        faces = repeat_rare(self._sprites) if training else self._sprites
        self._compose("composed", [face.sprite for face in faces])
        if training:  # after the real ones, which are then the same whatever is drawn
            self._compose(f"{SYNTHETIC_PREFIX}composed", self._drawn())

    def _compose(self, name: str, sprites: list[Sprite]) -> None:
        for number, canvas in enumerate(compose(sprites, self._backgrounds, self._rng)):
            stem = f"{name}_{number:05d}"
            self._tree.add(self._split, stem, canvas.rgb, canvas.xyxy_px, canvas.class_id)

    def _drawn(self) -> list[Sprite]:
        """Sprites with a synthetic mask or sunglasses, drawn on a share of the real ones."""
        chosen = [s for s in self._sprites if self._rng.random() < self._synthetic_share]
        drawn = (synthesise(item, self._rng) for item in chosen)
        return [sprite for sprite in drawn if sprite is not None]
