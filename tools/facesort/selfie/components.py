"""Quality components of a face image, 0 to 100, named as OFIQ names those of ISO/IEC 29794-5.

The names and, where they are public, the curves from a measurement to 0 to 100 are OFIQ's
(https://github.com/BSI-OFIQ/OFIQ-Project); what is measured is ours, by other means. NOT
certified, and not the standard's numbers: docs/mobile.md says what each measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, clip_xyxy, grow_xyxy, pixels_under
from facesort.photos import Photo
from facesort.selfie.head_pose import head_pose
from facesort.selfie.measure import Measures

FACE_PX = 112
_DARK, _WHITE = 25, 247  # OFIQ: up to the one a pixel is dark, from the other on it is white
_SHARP, _BLURRED = 0.75, 0.97  # Crete's blur of a sharp and of a useless face: selfie.yaml
NAMES = (
    "BackgroundUniformity",
    "IlluminationUniformity",
    "UnderExposurePrevention",
    "OverExposurePrevention",
    "Sharpness",
    "SingleFacePresent",
    "EyesVisible",
    "MouthOcclusionPrevention",
    "FaceOcclusionPrevention",
    "InterEyeDistance",
    "LeftwardCropOfTheFaceImage",
    "RightwardCropOfTheFaceImage",
    "MarginAboveOfTheFaceImage",
    "MarginBelowOfTheFaceImage",
    "HeadPoseYaw",
    "HeadPosePitch",
    "HeadPoseRoll",
)


@dataclass(frozen=True)
class Covers:
    """How probably the eyes and the mouth are covered, 0 to 1. Clear glasses cover nothing."""

    eyes: float
    mouth: float


def components(
    photo: Photo,
    xyxy_px: Boxes,
    measures: Measures,
    covers: Covers,
    points_px: NDArray[np.float64],
) -> dict[str, int | None]:
    """All of `NAMES` for the face at ``xyxy_px`` (4,), pixels of ``photo.rgb``, as are
    ``points_px`` (5, 2): eyes, nose, mouth corners. None: cannot be assessed."""
    size_wh = photo.rgb.shape[1], photo.rgb.shape[0]
    grey = _grey(photo.rgb)
    left, top, right, bottom = pixels_under(clip_xyxy(xyxy_px, size_wh)[0], size_wh)
    face = grey[top:bottom, left:right]
    values = {
        "BackgroundUniformity": _background(grey, xyxy_px),
        "IlluminationUniformity": 100 * _evenness(face) ** 0.3,
        "UnderExposurePrevention": _curve(float((face <= _DARK).mean()), 0.92, 0.05, 120, 0.832),
        "OverExposurePrevention": 100 * 0.01 / (float((face >= _WHITE).mean()) + 0.01),
        "Sharpness": 100 * (_BLURRED - measures.blur) / (_BLURRED - _SHARP),
        "SingleFacePresent": 100 * (1 - measures.other_face),
        "EyesVisible": 100 * (1 - covers.eyes),
        "MouthOcclusionPrevention": 100 * (1 - covers.mouth),
        "FaceOcclusionPrevention": 100 * (1 - max(covers.eyes, covers.mouth)),
    }
    values |= _by_points(points_px, size_wh, photo.scale)
    return {name: _whole(values[name]) for name in NAMES}


def _by_points(
    points: NDArray[np.float64], size_wh: tuple[int, int], scale: float
) -> dict[str, float | None]:
    pose = head_pose(points)
    (left, right), mouth = points[:2], points[3:].mean(axis=0)
    eyes, eyes_px = (left + right) / 2, max(float(np.hypot(*(right - left))), 1e-6)
    height_px = max(float(np.hypot(*(mouth - eyes))) * 1.75, 1e-6)  # to the chin, about
    frontal_px = eyes_px / max(math.cos(math.radians(pose.yaw_deg)), 0.1)
    return {
        "InterEyeDistance": _sigmoid(frontal_px / scale, 70, 20),
        "LeftwardCropOfTheFaceImage": _sigmoid(left[0] / eyes_px, 0.9, 0.1),
        "RightwardCropOfTheFaceImage": _sigmoid((size_wh[0] - right[0]) / eyes_px, 0.9, 0.1),
        "MarginAboveOfTheFaceImage": _sigmoid(eyes[1] / height_px, 1.4, 0.1),
        "MarginBelowOfTheFaceImage": _sigmoid((size_wh[1] - eyes[1]) / height_px, 1.8, 0.1),
        "HeadPoseYaw": _cos2(pose.yaw_deg),
        "HeadPosePitch": _cos2(pose.pitch_deg),
        "HeadPoseRoll": _cos2(pose.roll_deg),
    }


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _evenness(face: NDArray[np.uint8]) -> float:
    """How much the grey values of the left and of the right half have in common, 0 to 1."""
    middle = face.shape[1] // 2
    halves = [face[:, :middle], face[:, face.shape[1] - middle :]]
    if not middle:
        return 1.0
    one, other = (np.histogram(half, 32, (0, 256))[0] / half.size for half in halves)
    return float(np.minimum(one, other).sum())


def _background(grey: NDArray[np.uint8], xyxy_px: Boxes) -> float | None:
    """From the mean edge beside and above the head, the face scaled to `FACE_PX`; None where the
    head fills the image."""
    import cv2

    scale = FACE_PX / max(float(xyxy_px[2] - xyxy_px[0]), 1.0)
    scale = min(scale, 1.0)
    size_wh = [max(1, round(side * scale)) for side in grey.shape[::-1]]
    small = cv2.resize(grey, size_wh, interpolation=cv2.INTER_AREA)
    head = grow_xyxy(np.asarray(xyxy_px) * scale, 1.9)[0]
    mask = np.ones(small.shape, dtype=bool)
    left, top, right = (round(max(0.0, value)) for value in head[:3])
    mask[top:, left:right] = False
    mask[round(float(xyxy_px[3]) * scale) :] = False  # shoulders
    if mask.sum() < 0.02 * mask.size:
        return None
    across, down = (cv2.Sobel(small, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return _curve(float(np.hypot(across, down)[mask].mean()), 10, 100, 190, 1)


def _sigmoid(value: float, middle: float, width: float) -> float:
    return 100 / (1 + math.exp(min((middle - value) / width, 700)))


def _curve(value: float, middle: float, width: float, height: float, start: float) -> float:
    return height * (start - _sigmoid(value, middle, width) / 100)


def _cos2(degrees: float) -> float:
    return 100 * max(0.0, math.cos(math.radians(degrees))) ** 2


def _whole(value: float | None) -> int | None:
    return None if value is None else round(min(max(value, 0.0), 100.0))
