"""Portraits of known people, dressed in masks and sunglasses, and put onto scenes as photos.

A burst is one portrait in one mask, imaged several times: each time turned, shifted, lit, blurred
and compressed a little otherwise. Real bursts differ in the look on a face, too; these do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.dataset.sprites import paste
from facesort.dataset.synthesize import draw_kind
from facesort.detections import FaceFinder
from facesort.errors import PhotoError
from facesort.models.people.covered_faces import open_portrait

Pixels = NDArray[np.uint8]
KINDS = ("", "mask", "sunglasses", "mask+sunglasses")  # in the order of the class index
CANVAS_WH = (1280, 960)


@dataclass(frozen=True, eq=False)
class Portrait:
    """The face in the middle of ``rgb``: its box (4,) and its five points (5, 2), in pixels."""

    path: Path
    person: int
    rgb: Pixels
    xyxy_px: NDArray[np.float64]
    points_px: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shot:
    """A portrait as imaged once, with the box (4,) of its face."""

    rgb: Pixels
    xyxy_px: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Photo:
    """``rgb`` and the box of each face that was put into it, (n, 4)."""

    rgb: Pixels
    xyxy_px: Boxes


def read_portraits(
    people: dict[str, list[Path]],
    find: FaceFinder,
    progress: Callable[..., object] = lambda items, total: items,
) -> list[Portrait]:
    """Portraits of ``people`` (name: photos); one in which no face is found is left out."""
    items = [(i, path) for i, paths in enumerate(people.values()) for path in paths]
    portraits = []
    for person, path in progress(items, len(items)):  # type: ignore[attr-defined]
        try:
            rgb, face = open_portrait(path, find)
        except PhotoError:
            continue
        portraits.append(Portrait(path, person, rgb, face.xyxy_px, face.points_px))
    return portraits


def dress(portrait: Portrait, kind: int, day: int = 0) -> Pixels:
    """The portrait wearing `KINDS[kind]`; on one ``day`` always the same mask."""
    seed = (sum(portrait.path.name.encode()), len(portrait.rgb), kind, day)
    if not KINDS[kind]:
        return portrait.rgb
    rng = np.random.default_rng(seed)
    return draw_kind(portrait.rgb, portrait.points_px, 0, KINDS[kind], rng)[0]


def shoot(portrait: Portrait, dressed: Pixels, rng: np.random.Generator) -> Shot:
    """One image of a burst."""
    import cv2

    height, width = dressed.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), float(rng.normal(0, 4)), float(rng.uniform(0.94, 1.06))
    )
    turn = np.asarray(turn, dtype=np.float64)
    turn[:, 2] = turn[:, 2] + rng.uniform(-5, 5, 2)
    rgb = cv2.warpAffine(dressed, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    light = rgb.astype(np.float32) / 255
    light = light ** float(np.exp(rng.normal(0, 0.15))) * float(rng.uniform(0.9, 1.1))
    light = light + rng.normal(0, 0.012, light.shape).astype(np.float32)
    rgb = np.asarray(np.clip(light * 255, 0, 255), dtype=np.uint8)
    blur = float(rng.choice([0, 0, 0.6, 1.1]))
    if blur:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), blur), dtype=np.uint8)
    x0, y0, x1, y1 = portrait.xyxy_px
    middle = turn @ np.array([(x0 + x1) / 2, (y0 + y1) / 2, 1])
    half = np.array([x1 - x0, y1 - y0]) / 2
    return Shot(np.asarray(rgb, dtype=np.uint8), np.concatenate([middle - half, middle + half]))


def image(
    scene: Pixels,
    shots: Sequence[Shot],
    sides_px: Sequence[int],
    corners: Sequence[tuple[int, int]],
    rng: np.random.Generator,
) -> Photo:
    """``scene`` with each shot at its corner (x, y), its shorter side ``sides_px`` long."""
    import cv2

    stretched = cv2.resize(scene, CANVAS_WH, interpolation=cv2.INTER_LINEAR)
    canvas = np.ascontiguousarray(stretched, dtype=np.uint8)
    boxes = np.empty((len(shots), 4))
    for i, (shot, side, (x, y)) in enumerate(zip(shots, sides_px, corners, strict=True)):
        scale = side / min(shot.rgb.shape[:2])
        size_wh = (round(shot.rgb.shape[1] * scale), round(shot.rgb.shape[0] * scale))
        paste(canvas, shot.rgb, (x, y), size_wh, rng)
        boxes[i] = shot.xyxy_px * scale + [x, y, x, y]
    quality = int(rng.integers(70, 93))
    jpeg = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return Photo(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8), boxes)
