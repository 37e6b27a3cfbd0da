"""Five points of a face whose box is known: eyes, nose and mouth corners, also under a mask.

A face detector that knows what covers a face knows no points, and a face aligned by its box alone
is recognised much worse (README of weights/). This network looks at the square around the
box, turns the face upright by what it saw, and looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.errors import ModelError
from facesort.models.people.align import SIDE_PX, TEMPLATE_PX, Matrix, Pixels, similarity, warp
from facesort.models.runtime import open_session

INPUT_PX = 64
# where the face lies in the square that the network sees: eyes, nose and mouth in its middle third
TARGET_PX = INPUT_PX / 2 + (TEMPLATE_PX - TEMPLATE_PX.mean(axis=0)) * 0.52
FACE_HEIGHT_PX = 56.0  # of a detector's box in that square
FACE_MIDDLE_PX = np.array([32.0, 28.2])
LOOKS = 2

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class PointFinder:
    """``forward`` takes (n, 3, 64, 64) and gives (n, 10): how far each point is from `TARGET_PX`,
    in sixty-fourths of the square."""

    forward: Callable[[Vectors], Vectors]

    def find(self, rgb: Pixels, xyxy_px: ArrayLike) -> Floats:
        """Points (n, 5, 2) in pixels of ``rgb`` (h, w, 3) for boxes (n, 4), in the order of
        `TEMPLATE_PX`. Raises `ValueError` for a box without area."""
        boxes = np.asarray(xyxy_px, dtype=np.float64).reshape(-1, 4)
        return np.array([self._find_one(rgb, box) for box in boxes]).reshape(-1, 5, 2)

    def _find_one(self, rgb: Pixels, box: Floats) -> Floats:
        view = square_of_box(box)
        for _ in range(LOOKS):
            away = self.forward(as_input(see(rgb, view)[None]))[0].reshape(5, 2)
            points = back(TARGET_PX + away.astype(np.float64), view)
            view = similarity(points, TARGET_PX)
        return points


def square_of_box(box: Floats) -> Matrix:
    """From the image to the square (2, 3), upright."""
    x0, y0, x1, y1 = box
    if not (x1 > x0 and y1 > y0):
        raise ValueError(f"box {x0:g} {y0:g} {x1:g} {y1:g} has no area; expected x0 y0 x1 y1")
    scale = FACE_HEIGHT_PX / (y1 - y0)
    shift = FACE_MIDDLE_PX - scale * np.array([x0 + x1, y0 + y1]) / 2
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def see(rgb: Pixels, view: Matrix) -> Pixels:
    """The square (64, 64, 3); black outside of the image."""
    import cv2

    zoom = SIDE_PX / INPUT_PX
    fine = view * zoom
    fine[:, 2] += zoom / 2 - 0.5  # pixel centres: u of the square is (u + .5) * zoom - .5 there
    face = warp(rgb, fine)
    small = cv2.resize(face, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def as_input(squares: Pixels) -> Vectors:
    """(n, 64, 64, 3) bytes to what the network takes, about -1 to 1."""
    scaled = (squares.astype(np.float32) - 127.5) / 128
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def back(points_px: Floats, view: Matrix) -> Floats:
    """Points of the square in pixels of the image."""
    (a, b), (c, d) = view[:, :2]
    inverse = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    return np.asarray((points_px - view[:, 2]) @ inverse.T)


def load_point_finder(weights: Path, threads: int = 1) -> PointFinder:
    """Raises `ModelError` when the file is missing, cannot be loaded, or is another model."""
    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; expected an .onnx that finds five points")
    session = open_session(weights, weights.read_bytes(), threads)
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    if list(takes.shape[1:]) != [3, INPUT_PX, INPUT_PX] or list(gives.shape[1:]) != [10]:
        raise ModelError(
            f"{weights}: takes {takes.shape}, gives {gives.shape}; expected (n, 3, {INPUT_PX}, "
            f"{INPUT_PX}) and (n, 10)"
        )
    return PointFinder(lambda pixels: np.asarray(session.run(None, {takes.name: pixels})[0]))
