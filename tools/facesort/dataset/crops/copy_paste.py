"""Face crops on canvases: images with several faces at many scales, and their labels. Canvases are
real face-free images, or made of the crops' colours.

On every one of them lie some rectangles without a face, with the same soft edges as a placed crop:
where each rectangle is a face, a model learns rectangles.

Nothing is drawn on a face, so that these are real labels; only a crop that is itself marked
synthetic makes a synthetic image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.repair import SURE_FACE
from facesort.dataset.splits import SPLITS, TRAIN
from facesort.dataset.sprites import CANVAS_WH, Composed, Sprite, compose, paste
from facesort.dataset.writer import write_jpeg
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import SYNTHETIC_PREFIX, ImageLabels, LabelSet, is_synthetic
from facesort.photos import list_photos, open_photo
from facesort.reporter import Step, no_step

Image = NDArray[np.uint8]
Piece = Callable[[np.random.Generator], Image]

_MADE = 500  # as many different ones as anybody will look at
_DECOYS = 6
_DECOY_PX = (24.0, 300.0)
# Cells along each side, at least and below: plain, graded, blurred. A crop is averaged to so few
# cells, and these are shuffled: no face is left.
_KINDS = ((1, 2), (2, 3), (3, 9), (3, 9))


class Made(Sequence[Image]):
    """Plain, graded and blurred canvases in the colours of ``crops``; each is made when asked for,
    always the same one for the same number."""

    def __init__(self, crops: Sequence[Path], seed: int) -> None:
        self._crops, self._seed = crops, seed

    def __len__(self) -> int:
        return _MADE if self._crops else 0

    def __getitem__(self, index: Any) -> Any:
        rng = np.random.default_rng([self._seed, index])
        canvas = _scale(self._cells(rng, _KINDS[int(rng.integers(len(_KINDS)))]), CANVAS_WH)
        return _with_decoys(_grainy(canvas, rng), self._decoy, rng)

    def _decoy(self, rng: np.random.Generator) -> Image:
        return self._cells(rng, (3, 9))

    def _cells(self, rng: np.random.Generator, count: tuple[int, int]) -> Image:
        """The colours of a crop as a few cells in any order."""
        path = self._crops[int(rng.integers(len(self._crops)))]
        rgb = open_photo(path, min_long_side_px=64).rgb
        cells = _scale(rgb, (int(rng.integers(*count)), int(rng.integers(*count))))
        return np.ascontiguousarray(rng.permutation(cells.reshape(-1, 3)).reshape(cells.shape))


class Real(Sequence[Image]):
    """Images without faces, cut to the shape of the canvas so that nothing is stretched."""

    def __init__(self, paths: Sequence[Path], seed: int) -> None:
        self._paths, self._seed = paths, seed

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: Any) -> Any:
        rng = np.random.default_rng([self._seed, index])
        return _with_decoys(_covering(self._open(index), rng), self._piece, rng)

    def _piece(self, rng: np.random.Generator) -> Image:
        rgb = self._open(int(rng.integers(len(self._paths))))
        height, width = rgb.shape[:2]
        w, h = (max(1, int(rng.uniform(0.2, 0.8) * side)) for side in (width, height))
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        return rgb[y : y + h, x : x + w]

    def _open(self, index: int) -> Image:
        return open_photo(self._paths[index], min_long_side_px=max(CANVAS_WH)).rgb


def _with_decoys(canvas: Image, piece: Piece, rng: np.random.Generator) -> Image:
    for _ in range(int(rng.integers(0, _DECOYS + 1))):
        low, high = np.log(_DECOY_PX)
        w, h = (int(side) for side in np.exp(rng.uniform(low, high, size=2)))
        x, y = int(rng.integers(CANVAS_WH[0] - w + 1)), int(rng.integers(CANVAS_WH[1] - h + 1))
        paste(canvas, np.ascontiguousarray(piece(rng)), (x, y), (w, h), rng)
    return canvas


def _grainy(canvas: Image, rng: np.random.Generator) -> Image:
    """With the noise that every camera has."""
    noise = rng.normal(0, rng.uniform(1, 6), size=(*canvas.shape[:2], 1))
    return np.clip(canvas + noise, 0, 255).astype(np.uint8)


def _covering(rgb: Image, rng: np.random.Generator) -> Image:
    """The largest part of the canvas' shape, from anywhere in ``rgb``."""
    height, width = rgb.shape[:2]
    scale = min(width / CANVAS_WH[0], height / CANVAS_WH[1])
    w, h = max(1, int(CANVAS_WH[0] * scale)), max(1, int(CANVAS_WH[1] * scale))
    x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return _scale(rgb[y : y + h, x : x + w], CANVAS_WH)


def _scale(rgb: Image, size_wh: tuple[int, int]) -> Image:
    import cv2

    shrink = size_wh[0] < rgb.shape[1]
    how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
    scaled = cv2.resize(np.ascontiguousarray(rgb), size_wh, interpolation=how)
    return np.asarray(scaled, dtype=np.uint8)


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
