"""Cut a face out upright at 112x112, the image that face embeddings are trained on.

The five-point template is ArcFace's (Deng et al. 2019, https://arxiv.org/abs/1801.07698; numbers
from ``arcface_dst``, github.com/deepinsight/insightface, python-package/insightface/utils/
face_align.py). The fit is the least-squares similarity of Umeyama (1991).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIDE_PX = 112

# left eye, right eye, nose, left and right mouth corner (left in the image), x y in pixels
TEMPLATE_PX = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)

# Where a detector's face box lies about the template: middle (x, y) and height, in pixels of the
# aligned image. Medians over 2,421 portraits found by yolov8n-face.
BOX_MIDDLE_PX = np.array([55.9, 63.8])
BOX_HEIGHT_PX = 111.5

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def similarity(from_px: ArrayLike, to_px: ArrayLike) -> Matrix:
    """The (2, 3) matrix of rotation, one scale and shift that takes ``from_px`` (n, 2) nearest to
    ``to_px`` (n, 2) in least squares, never mirrored. Raises `ValueError` if the points are not
    finite or all the same."""
    source = np.asarray(from_px, dtype=np.float64)
    target = np.asarray(to_px, dtype=np.float64)
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2:
        raise ValueError(f"points {source.shape} against {target.shape}; expected (n, 2) twice")
    # in the plane Umeyama's fit is one complex number: scale and turn at once
    start, end = (array @ np.array([1, 1j]) for array in (source, target))
    middle, goal = start.mean(), end.mean()
    spread = np.vdot(start - middle, start - middle).real
    if not np.isfinite(spread) or spread <= 1e-9:
        raise ValueError("points that are not finite or all in one place cannot be aligned")
    turn = np.vdot(start - middle, end - goal) / spread
    shift = goal - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def matrix_from_landmarks(landmarks_px: ArrayLike) -> Matrix:
    """From the image to the aligned face, by five points (5, 2) in the order of the template."""
    return similarity(landmarks_px, TEMPLATE_PX)


def matrix_from_box(xyxy_px: ArrayLike) -> Matrix:
    """From the image to the aligned face where nothing but its box (4,) is known: upright is
    assumed, so a tilted head stays tilted."""
    x0, y0, x1, y1 = np.asarray(xyxy_px, dtype=np.float64)
    if not (x1 > x0 and y1 > y0):
        raise ValueError(f"box {x0:g} {y0:g} {x1:g} {y1:g} has no area; expected x0 y0 x1 y1")
    scale = BOX_HEIGHT_PX / (y1 - y0)
    shift = BOX_MIDDLE_PX - scale * np.array([x0 + x1, y0 + y1]) / 2
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def align_face(
    rgb: Pixels, landmarks_px: ArrayLike | None = None, xyxy_px: ArrayLike | None = None
) -> Pixels:
    """The face (112, 112, 3) of ``rgb`` (h, w, 3), by its landmarks if given, else by its box.

    What lies outside the image is black. Raises `ValueError` when neither is given or usable.
    """
    if landmarks_px is not None:
        return warp(rgb, matrix_from_landmarks(landmarks_px))
    if xyxy_px is not None:
        return warp(rgb, matrix_from_box(xyxy_px))
    raise ValueError("neither landmarks nor a box given; expected one of them")


def align_to(rgb: Pixels, landmarks_px: ArrayLike, template_px: ArrayLike, side_px: int) -> Pixels:
    """The face (side, side, 3) of ``rgb`` (h, w, 3) with its landmarks (5, 2) on ``template_px``
    (5, 2). Raises `ValueError` for landmarks that are not finite or all in one place."""
    return warp(rgb, similarity(landmarks_px, template_px), side_px)


def warp(rgb: Pixels, matrix: Matrix, side_px: int = SIDE_PX) -> Pixels:
    """``rgb`` seen through ``matrix`` (2, 3) as (side, side, 3); shrunk first where it is much
    larger, because sampling four pixels of many would show noise as texture."""
    import cv2

    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    halvings = int(np.floor(np.log2(1 / scale))) if 0 < scale < 0.5 else 0
    if halvings:
        inverse = cv2.invertAffineTransform(matrix)
        corners = np.array([[0, 0, 1], [side_px, 0, 1], [0, side_px, 1], [side_px, side_px, 1]])
        seen = corners @ inverse.T
        rgb, offset = _cut(rgb, np.asarray(seen, dtype=np.float64))
        step = 2**halvings
        size_wh = (max(1, rgb.shape[1] // step), max(1, rgb.shape[0] // step))
        factor = np.array([rgb.shape[1] / size_wh[0], rgb.shape[0] / size_wh[1]])
        # pixel centres: u of the small image is (u + .5) * factor - .5 of the large one
        middle = offset + factor / 2 - 0.5
        matrix = np.hstack(
            [matrix[:, :2] * factor, (matrix[:, :2] @ middle + matrix[:, 2])[:, None]]
        )
        rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    face = cv2.warpAffine(rgb, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(face, dtype=np.uint8)


def _cut(rgb: Pixels, seen_px: Matrix) -> tuple[Pixels, Matrix]:
    """The part of ``rgb`` round ``seen_px`` (n, 2) and where it starts (x, y): a photo of 12
    megapixels need not be shrunk for one face."""
    height, width = rgb.shape[:2]
    low = np.floor(seen_px.min(axis=0)) - 8
    high = np.ceil(seen_px.max(axis=0)) + 8
    x0, y0 = np.clip(low, 0, [width - 1, height - 1]).astype(int)
    x1, y1 = np.clip(high, [x0 + 1, y0 + 1], [width, height]).astype(int)
    return rgb[y0:y1, x0:x1], np.array([x0, y0], dtype=np.float64)
