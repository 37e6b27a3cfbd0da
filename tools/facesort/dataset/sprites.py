"""Crops and selfies as sprites: images whose faces are known, ready to be placed or drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import clip_xyxy, iou_matrix
from facesort.classes import FaceClass
from facesort.dataset.placement import Sprite
from facesort.dataset.repair import hand_drawn, paint_over
from facesort.dataset.synthesize import occlude
from facesort.detections import FaceFinder
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import open_photo

WHOLE_CROP_PX = 150  # a crop up to this size in which no face is found is all face
LIKELY_FACE = 0.35
POSSIBLE_FACE = 0.15
RARE_REPEATS = {FaceClass.sunglasses: 2, FaceClass.masked_sunglasses: 6}
_FINDER_PX = 320


@dataclass(frozen=True, eq=False)
class Drawable:
    """A sprite and where its faces have eyes and mouth: (n, 5, 2) px, NaN where nobody knows."""

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
    """A selfie as a sprite, its landmarks taken from the face model where boxes agree."""
    rgb = paint_over(open_photo(labels.path).rgb, labels)
    known = labels.class_id != IGNORE
    boxes = labels.xyxy_px[known]
    found = find(rgb, _FINDER_PX)
    overlap = iou_matrix(boxes, found.xyxy_px)
    landmarks = np.full((len(boxes), 5, 2), np.nan)
    for i in np.flatnonzero(overlap.max(axis=1, initial=0) > 0.5):
        landmarks[i] = found.landmarks_px[overlap[i].argmax()]
    return Drawable(Sprite(rgb, boxes, labels.class_id[known]), landmarks)


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
