"""What can be measured of the main face: size, distance to the border, light, blur, pose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, as_boxes, clip_xyxy, min_side, pixels_under
from facesort.photos import Photo

_FACE_PX = 112  # a face is looked at in the size in which recognisers see it
_INNER = slice(_FACE_PX // 6, -(_FACE_PX // 6))  # of a face box, without hair and background
_BURNT = 250  # from this grey value on, a pixel shows nothing


@dataclass(frozen=True)
class Pose:
    """``nose_offset``: how far the nose is beside the middle of the eyes, as a fraction of their
    distance (0: straight into the camera); ``tilt_deg``: how far the eyes are from level."""

    nose_offset: float
    tilt_deg: float


@dataclass(frozen=True)
class Measures:
    """``face_px`` is the shorter side in pixels of the full photo; ``border_gap`` (how far the
    face is from the nearest border) and ``other_face`` (the largest other face) are fractions of
    that side. ``light`` is the grey value (0 to 255) that a tenth of the face exceeds: the bright
    spots, so that dark skin is not taken for a dark photo. ``burnt`` is the fraction of the face
    that is white, ``blur`` from 0 (sharp) to 1."""

    confidence: float
    face_px: float
    other_face: float
    border_gap: float
    light: float
    burnt: float
    blur: float
    pose: Pose | None = None


def measure(
    photo: Photo, xyxy_px: Boxes, confidence: float, other_face: float, pose: Pose | None
) -> Measures:
    """Measure the face at ``xyxy_px``, (4,) in pixels of ``photo.rgb``."""
    height, width = photo.rgb.shape[:2]
    x1, y1, x2, y2 = clip_xyxy(xyxy_px, (width, height))[0]
    side_px = float(min_side(as_boxes([x1, y1, x2, y2]))[0])
    gap_px = float(min(x1, y1, width - x2, height - y2))
    grey = _grey_face(photo.rgb, (x1, y1, x2, y2))
    inner = grey[_INNER, _INNER]
    return Measures(
        confidence=confidence,
        face_px=side_px / photo.scale,
        other_face=other_face,
        border_gap=gap_px / max(side_px, 1.0),
        light=_percentile(inner, 0.9),
        burnt=float((inner >= _BURNT).mean()),
        blur=_blur(grey),
        pose=pose,
    )


def pose_of(landmarks_px: NDArray[np.float64]) -> Pose:
    """The pose from five landmarks, (5, 2): eyes (that at the left of the image first), nose,
    mouth corners."""
    left, right, nose = landmarks_px[:3]
    across = right - left
    eyes_px = max(float(np.hypot(*across)), 1e-6)
    offset = float((nose - (left + right) / 2) @ across) / eyes_px**2
    return Pose(offset, math.degrees(math.atan2(across[1], across[0])))


def _grey_face(rgb: NDArray[np.uint8], xyxy: tuple[float, ...]) -> NDArray[np.uint8]:
    """The face in grey, `_FACE_PX` wide and high; at least one pixel of it."""
    import cv2

    height, width = rgb.shape[:2]
    left, top, right, bottom = pixels_under(xyxy, (width, height))
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    shrinks = min(grey.shape) > _FACE_PX
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (_FACE_PX, _FACE_PX), interpolation=how), dtype=np.uint8)


def _percentile(grey: NDArray[np.uint8], share: float) -> float:
    """NumPy's, by counting."""
    up_to = np.bincount(grey.ravel(), minlength=256).cumsum()
    at = share * (grey.size - 1)
    below, above = (int(np.searchsorted(up_to, i, "right")) for i in (int(at), math.ceil(at)))
    return below + (above - below) * (at - int(at))


def _blur(grey: NDArray[np.uint8]) -> float:
    """How little a blurring along each axis changes the face, 0 (sharp) to 1: Crete et al., "The
    blur effect", 2007; equal to scikit-image's `blur_effect` with ``h_size=5``. Unlike the usual
    variance of the Laplacian it also sees motion, and does not depend on contrast. In whole
    numbers: five times the edges, and the edges of the sum over five pixels."""
    return max(_edges_kept(grey), _edges_kept(grey.T))


# Sobel's difference along a row, alone and of sums over five pixels, each smoothed across
_ALONG = np.array([-5, 0, 5], np.float32)
_ALONG_SOFT = np.array([-1, -1, 0, 0, 0, 1, 1], np.float32)
_ACROSS = np.array([1, 2, 1], np.float32)


def _edges_kept(grey: NDArray[np.uint8]) -> float:
    """The share of the edges along the rows that a blur along them leaves; 1 without edges."""
    import cv2

    image, inner = np.ascontiguousarray(grey), (slice(2, -1), slice(2, -1))
    edges, soft = (
        np.abs(cv2.sepFilter2D(image, cv2.CV_16S, row, _ACROSS, borderType=cv2.BORDER_REFLECT))
        for row in (_ALONG, _ALONG_SOFT)
    )
    total = int(edges[inner].sum(dtype=np.int64))
    lost = int(np.maximum(edges - soft, 0)[inner].sum(dtype=np.int64))
    return 1 - lost / total if total else 1.0
