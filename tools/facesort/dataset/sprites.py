"""Faces as sprites: cut from crops and selfies, placed at many scales on backgrounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, SizeWH, as_boxes, clip_xyxy, iou_matrix, min_side
from facesort.classes import FaceClass
from facesort.dataset.repair import hand_drawn, paint_over
from facesort.dataset.synthesize import occlude
from facesort.detections import FaceFinder
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import open_photo

Image = NDArray[np.uint8]

CANVAS_WH: SizeWH = (640, 640)
FACE_PX = (24.0, 300.0)  # range of the shorter face side on the canvas, drawn log-uniformly
MAX_ENLARGE = 2.0  # beyond, a small crop is only blur
_TRIES = 40


@dataclass(frozen=True, eq=False)
class Sprite:
    """An image to be placed: ``rgb`` (h, w, 3), its boxes (n, 4) in pixels, their classes (n,)."""

    rgb: Image
    xyxy_px: Boxes
    class_id: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Composed:
    """A canvas with the boxes and classes of everything placed on it."""

    rgb: Image
    xyxy_px: Boxes
    class_id: NDArray[np.int64]


def compose(
    sprites: Sequence[Sprite], backgrounds: Sequence[Image], rng: np.random.Generator
) -> Iterator[Composed]:
    """Place every sprite exactly once and yield the canvases, in the order they fill up."""
    waiting = list(rng.permutation(len(sprites)))
    while waiting:
        canvas = _background(backgrounds, rng)
        placed: list[list[float]] = []
        boxes: list[Boxes] = []
        classes: list[NDArray[np.int64]] = []
        for _ in range(int(rng.integers(1, 10))):
            if not waiting:
                break
            sprite = sprites[waiting[-1]]
            spot = _find_room(sprite, placed, rng)
            if spot is None:
                break
            x, y, scale, w, h = spot
            paste(canvas, sprite.rgb, (x, y), (w, h), rng)
            placed.append([x, y, x + w, y + h])
            boxes.append(sprite.xyxy_px * scale + [x, y, x, y])
            classes.append(sprite.class_id)
            waiting.pop()
        if placed:
            yield Composed(canvas, np.concatenate(boxes), np.concatenate(classes))


def _find_room(
    sprite: Sprite, placed: list[list[float]], rng: np.random.Generator
) -> tuple[int, int, float, int, int] | None:
    """A free place and scale for ``sprite``; None when the canvas is full."""
    height, width = sprite.rgb.shape[:2]
    face_px = float(min_side(sprite.xyxy_px).max())
    for _ in range(_TRIES):
        want_px = float(np.exp(rng.uniform(*np.log(FACE_PX))))
        fit = min(CANVAS_WH[0] / width, CANVAS_WH[1] / height)
        scale = min(want_px / face_px, MAX_ENLARGE, fit)
        w, h = max(1, int(width * scale)), max(1, int(height * scale))
        x = int(rng.integers(0, CANVAS_WH[0] - w + 1))
        y = int(rng.integers(0, CANVAS_WH[1] - h + 1))
        if not iou_matrix([[x, y, x + w, y + h]], as_boxes(placed)).any():
            return x, y, scale, w, h
    return None


def paste(
    canvas: Image, rgb: Image, xy: tuple[int, int], size_wh: SizeWH, rng: np.random.Generator
) -> None:
    """Blend ``rgb`` in with a soft border, so that the edge is no sign of a face."""
    import cv2

    w, h = size_wh
    x, y = xy
    shrink = w < rgb.shape[1]
    small = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    soft_px = max(1.0, float(rng.uniform(0.0, 0.06)) * min(w, h))
    across = np.minimum(np.arange(w) + 1, np.arange(w)[::-1] + 1)
    down = np.minimum(np.arange(h) + 1, np.arange(h)[::-1] + 1)
    alpha = np.clip(np.minimum(across[None, :], down[:, None]) / soft_px, 0, 1)[..., None]
    under = canvas[y : y + h, x : x + w]
    under[:] = (alpha * small + (1 - alpha) * under).astype(np.uint8)


def _background(backgrounds: Sequence[Image], rng: np.random.Generator) -> Image:
    """A real face-free image stretched over the canvas, or (one in four) a plain gradient."""
    import cv2

    if backgrounds and rng.random() > 0.25:
        picked = backgrounds[int(rng.integers(len(backgrounds)))]
        return np.ascontiguousarray(cv2.resize(picked, CANVAS_WH, interpolation=cv2.INTER_LINEAR))
    ends = rng.uniform(20, 235, size=(2, 1, 1, 3))
    ramp = np.linspace(0, 1, CANVAS_WH[1])[:, None, None]
    column = ends[0] * (1 - ramp) + ends[1] * ramp
    return np.repeat(column.astype(np.uint8), CANVAS_WH[0], axis=1)


def face_free(
    rgb: Image, xyxy_px: Boxes, rng: np.random.Generator, tries: int = 20
) -> Image | None:
    """A rectangle of at least 160 px cut from an image where no labelled face is, or None."""
    height, width = rgb.shape[:2]
    least = 160
    if width < least or height < least:
        return None
    for _ in range(tries):
        w, h = int(rng.integers(least, width + 1)), int(rng.integers(least, height + 1))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        if not iou_matrix([[x, y, x + w, y + h]], xyxy_px).any():
            return rgb[y : y + h, x : x + w].copy()
    return None


WHOLE_CROP_PX = 150  # a crop up to this size in which no face is found is all face
LIKELY_FACE = 0.35
POSSIBLE_FACE = 0.15
RARE_REPEATS = {FaceClass.sunglasses: 2, FaceClass.masked_sunglasses: 6}
_FINDER_PX = 320


@dataclass(frozen=True, eq=False)
class Drawable:
    """A sprite and where its faces have eyes and mouth: (n, 5, 2) px, NaN where unknown."""

    sprite: Sprite
    landmarks_px: NDArray[np.float64]


def crop_sprite(path: Path, face_class: FaceClass, find: FaceFinder) -> Drawable | str:
    """The face of one crop with its box and landmarks, or the reason to leave the crop out."""
    rgb = open_photo(path).rgb
    height, width = rgb.shape[:2]
    margin = max(height, width) // 2  # a face that fills the image is found only with room
    padded = np.pad(rgb, ((margin, margin), (margin, margin), (0, 0)), constant_values=114)
    found = find(padded, _FINDER_PX)
    if (found.confidence >= LIKELY_FACE).sum() > 1:
        return "several faces, one class"
    landmarks = np.full((1, 5, 2), np.nan)
    if (found.confidence >= POSSIBLE_FACE).any():
        best = int(found.confidence.argmax())
        box = clip_xyxy(hand_drawn(found.xyxy_px[best : best + 1] - margin), (width, height))
        landmarks = found.landmarks_px[best : best + 1] - margin
    elif max(width, height) <= WHOLE_CROP_PX:
        box = np.array([[0.0, 0.0, width, height]])
    else:
        return "no face found"
    return Drawable(Sprite(rgb, box, np.array([int(face_class)])), landmarks)


def selfie_sprite(labels: ImageLabels, find: FaceFinder) -> Drawable:
    """A selfie as a sprite, its landmarks taken from the face model where boxes agree.
    ``labels`` are that model's boxes."""
    rgb = paint_over(open_photo(labels.path).rgb, labels)
    known = labels.class_id != IGNORE
    boxes = labels.xyxy_px[known]
    found = find(rgb, _FINDER_PX)
    overlap = iou_matrix(boxes, found.xyxy_px)
    landmarks = np.full((len(boxes), 5, 2), np.nan)
    for i in np.flatnonzero(overlap.max(axis=1, initial=0) > 0.5):
        landmarks[i] = found.landmarks_px[overlap[i].argmax()]
    return Drawable(Sprite(rgb, hand_drawn(boxes), labels.class_id[known]), landmarks)


def synthesise(item: Drawable, rng: np.random.Generator) -> Sprite | None:
    """The same image with something drawn on each face that has landmarks: mostly what makes the
    classes that photos lack, else a hard negative. None where nothing is drawn."""
    sprite, rgb = item.sprite, item.sprite.rgb
    classes = sprite.class_id.copy()
    for i, points in enumerate(item.landmarks_px):
        if not np.isnan(points).any():
            rgb, classes[i], _ = occlude(rgb, points, int(classes[i]), rng)
    return None if rgb is sprite.rgb else replace(sprite, rgb=rgb, class_id=classes)


def repeat_rare(items: Sequence[Drawable]) -> list[Drawable]:
    """Every sprite once, and those with a rare class as often as `RARE_REPEATS` says."""
    out: list[Drawable] = []
    for item in items:
        times = max(
            (RARE_REPEATS.get(FaceClass(int(c)), 1) for c in item.sprite.class_id), default=0
        )
        out += [item] * times
    return out
