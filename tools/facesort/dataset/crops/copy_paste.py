"""Face crops on canvases: images with several faces at many scales, and their labels.

Nothing is drawn on a face, so that these are real labels; only a crop that is itself marked
synthetic makes a synthetic image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facesort.dataset.crops.backgrounds import Made, Real
from facesort.dataset.repair import SURE_FACE
from facesort.dataset.splits import SPLITS, TRAIN
from facesort.dataset.sprites import CANVAS_WH, Composed, Sprite, compose
from facesort.dataset.writer import write_jpeg
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import SYNTHETIC_PREFIX, ImageLabels, LabelSet, is_synthetic
from facesort.photos import list_photos, open_photo
from facesort.reporter import Step, no_step

_FINDER_PX = 640
_DEAL = 5


@dataclass(frozen=True)
class CopyPaste:
    """How to compose: on ``backgrounds`` (none: made ones), each training crop ``times`` times."""

    backgrounds: Sequence[Path] = ()
    times: int = 1
    seed: int = 0


class _Sprites(Sequence[Sprite]):
    """Crops opened when they are asked for: thousands of them need not fit in memory."""

    def __init__(self, images: Sequence[ImageLabels], times: int, jitter_seed: int | None) -> None:
        self._images, self._times, self._seed = images, times, jitter_seed

    def __len__(self) -> int:
        return len(self._images) * self._times

    def __getitem__(self, index: Any) -> Any:
        image = self._images[index % len(self._images)]
        photo = open_photo(image.path, min_long_side_px=max(CANVAS_WH))
        sprite = Sprite(photo.rgb, image.xyxy_px * photo.scale, image.class_id)
        if self._seed is None:
            return sprite
        return jittered(sprite, np.random.default_rng([self._seed, index]))


def jittered(sprite: Sprite, rng: np.random.Generator) -> Sprite:
    """In another light (brightness, contrast, a tint), and mirrored every second time."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.95, 1.05, size=3)
    rgb = np.clip((sprite.rgb - 128.0) * gain + 128.0 + rng.uniform(-25, 25), 0, 255)
    boxes = sprite.xyxy_px
    if rng.random() < 0.5:
        rgb = rgb[:, ::-1]
        x1, y1, x2, y2 = boxes.T
        width = rgb.shape[1]
        boxes = np.stack([width - x2, y1, width - x1, y2], axis=1)
    return replace(sprite, rgb=np.ascontiguousarray(rgb.astype(np.uint8)), xyxy_px=boxes)


def compose_crops(
    parts: Mapping[str, LabelSet], folder: Path, how: CopyPaste
) -> dict[str, LabelSet]:
    """Each split's crops composed into images in ``folder``, and the labels of these.

    Every crop is placed once, and in training ``how.times`` times, in changing light. No two
    splits share a background, as long as there are enough.
    """
    composed = {}
    for split, labels in parts.items():
        training = split == TRAIN
        seed = how.seed * len(SPLITS) + SPLITS.index(split)
        rng = np.random.default_rng(seed)
        real = [image for image in labels.images if not is_synthetic(image.path)]
        drawn = [image for image in labels.images if is_synthetic(image.path)]
        images = []
        for prefix, chosen in (("", real), (SYNTHETIC_PREFIX, drawn)):
            sprites = _Sprites(chosen, how.times if training else 1, seed if training else None)
            chosen_from = dealt(how.backgrounds, split, list(parts))
            made = Made([image.path for image in chosen], seed)
            canvases = compose(sprites, Real(chosen_from, seed) if chosen_from else made, rng)
            for i, canvas in enumerate(canvases):
                images.append(_write(canvas, folder / split / f"{prefix}composed_{i:05d}.jpg"))
        composed[split] = replace(labels, images=tuple(images), root=folder / split)
    return composed


def face_free(
    folder: Path, find: FaceFinder | None, step: Step = no_step
) -> tuple[list[Path], list[str]]:
    """The images of ``folder`` that can be opened and, with a face model, hold no face for it;
    and lines on those left out. Raises `DatasetError` where none is left."""
    kept, unreadable, faces = [], 0, 0
    photos = list_photos(folder).photos
    for photo in step(photos, len(photos), "background"):
        try:
            rgb = open_photo(photo.path, min_long_side_px=max(CANVAS_WH)).rgb
        except PhotoError:
            unreadable += 1
            continue
        if find is not None and (find(rgb, _FINDER_PX).confidence >= SURE_FACE).any():
            faces += 1
            continue
        kept.append(photo.path)
    counts = (("unreadable", unreadable), ("with a face", faces))
    lines = [f"backgrounds left out, {reason}: {n:,}" for reason, n in counts if n]
    if not kept:
        raise DatasetError(f"{folder}: no background left of {len(photos):,}; {'; '.join(lines)}")
    return kept, lines


def dealt(backgrounds: Sequence[Path], split: str, splits: Sequence[str]) -> Sequence[Path]:
    """The backgrounds of one split: each of val and test has one of five, so that none is shared;
    all have all where there are fewer than five."""
    if len(backgrounds) < _DEAL or len(splits) == 1:
        return backgrounds
    others = [name for name in splits if name != TRAIN]
    if split in others:
        return backgrounds[others.index(split) :: _DEAL]
    return [path for i, path in enumerate(backgrounds) if i % _DEAL >= len(others)]


def _write(canvas: Composed, path: Path) -> ImageLabels:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_jpeg(canvas.rgb, path)
    return ImageLabels.of(path, CANVAS_WH, canvas.xyxy_px, canvas.class_id)
