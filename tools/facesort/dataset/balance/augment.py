"""Changed copies of a training image: turned, mirrored, brighter, blurred, its boxes along.

Calls of OpenCV, which is here anyway. Albumentations (2.0.8, no longer maintained) needs
opencv-python-headless, which takes the windows out of the installed opencv-python, and Ultralytics
adds transforms of its own to every training once it finds it; its successor wants Python 3.11.
torchvision's v2 boxes are those around the turned corners: a fifth too wide at 10 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, SizeWH, area, clip_xyxy, min_side
from facesort.dataset.repair import paint_over
from facesort.labels.image_labels import IGNORE, ImageLabels

MAX_TURN_DEG = 12.0
BRIGHTNESS = 0.65, 1.35  # factor
CONTRAST = 0.7, 1.3  # factor around the mean
BLUR = 0.4, 1.2  # standard deviation in pixels, of an image 640 px long
SHARPNESS = 0.5, 1.5  # how much of the detail is added once more
MIN_VISIBLE = 0.4  # of a box's area; below it what covers the face is not visible
MIN_SIDE_PX = 2.0
_LONG_SIDE_PX = 640
_GREY = 114, 114, 114  # where there was no image; Ultralytics' own colour for that

Affine = NDArray[np.float64]  # (2, 3): of points in pixels, the image's corner at 0


@dataclass(frozen=True, eq=False)
class Copy:
    """A changed image and its labels; boxes that left it are `IGNORE` and painted over."""

    rgb: NDArray[np.uint8]
    labels: ImageLabels

    @property
    def gone(self) -> int:
        return int((self.labels.class_id == IGNORE).sum())


def augment(rgb: NDArray[np.uint8], labels: ImageLabels, path: Path, seed: list[int]) -> Copy:
    """One changed copy, to be stored at ``path``; the same seed gives the same copy.

    ``rgb`` is the image of ``labels``, perhaps at reduced size; the copy is of that size.
    """
    rng = np.random.default_rng(seed)
    size_wh = rgb.shape[1], rgb.shape[0]
    xyxy_px = labels.xyxy_px * np.tile(np.divide(size_wh, labels.size_wh), 2)
    matrix = _flip_and_turn(size_wh, rng.random() < 0.5, rng.uniform(-MAX_TURN_DEG, MAX_TURN_DEG))
    changed = _detail(_light(_warp(rgb, matrix), rng), rng)
    boxes = _move(xyxy_px, matrix)
    inside = clip_xyxy(boxes, size_wh)
    gone = (area(inside) < MIN_VISIBLE * area(boxes)) | (min_side(inside) < MIN_SIDE_PX)
    class_id = np.where(gone, IGNORE, labels.class_id)
    moved = ImageLabels.of(path, size_wh, inside, class_id)
    return Copy(paint_over(changed, moved), moved)


def _flip_and_turn(size_wh: SizeWH, flip: bool, turn_deg: float) -> Affine:
    """Mirror left and right, then turn around the middle."""
    middle = np.array(size_wh) / 2
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if flip else 1.0, 1.0])
    return np.column_stack([linear, middle - linear @ middle])


def _warp(rgb: NDArray[np.uint8], matrix: Affine) -> NDArray[np.uint8]:
    import cv2

    linear = matrix[:, :2]
    # OpenCV's points are pixel centres: its 0 is our 0.5
    offset = matrix[:, 2] + linear @ [0.5, 0.5] - 0.5
    size_wh = rgb.shape[1], rgb.shape[0]
    warped = cv2.warpAffine(
        np.ascontiguousarray(rgb),
        np.column_stack([linear, offset]),
        size_wh,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_GREY,
    )
    return np.asarray(warped, dtype=np.uint8)


def _move(xyxy_px: Boxes, matrix: Affine) -> Boxes:
    """The boxes around the moved faces, a face being the ellipse that fits into its box: the box
    around the moved corners would be too large."""
    low, high = xyxy_px[:, :2], xyxy_px[:, 2:]
    centre = (low + high) / 2 @ matrix[:, :2].T + matrix[:, 2]
    reach = np.sqrt(((high - low) / 2) ** 2 @ (matrix[:, :2] ** 2).T)
    return np.hstack([centre - reach, centre + reach])


def _light(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    import cv2

    brightness, contrast = rng.uniform(*BRIGHTNESS), rng.uniform(*CONTRAST)
    mean = rgb.mean() * brightness
    curve = (np.arange(256) * brightness - mean) * contrast + mean
    return np.asarray(cv2.LUT(rgb, np.clip(curve, 0, 255).round().astype(np.uint8)), dtype=np.uint8)


def _detail(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A third of the images is blurred, a third sharpened, a third left alone."""
    import cv2

    kind = rng.integers(3)
    if kind == 0:
        return rgb
    scale = max(rgb.shape[:2]) / _LONG_SIDE_PX
    soft = cv2.GaussianBlur(rgb, (0, 0), max(rng.uniform(*BLUR) * scale, 0.1))
    if kind == 1:
        return np.asarray(soft, dtype=np.uint8)
    more = rng.uniform(*SHARPNESS)
    return np.asarray(cv2.addWeighted(rgb, 1 + more, soft, -more, 0), dtype=np.uint8)
