"""Yaw, pitch and roll of a head from five points of its face.

The points are fitted to a mean face seen from far away (scaled orthographic projection), in closed
form. Where the points lie on a frontal face is ArcFace's template (Deng et al. 2019); their depth
is the usual proportion of heads, rounded. Good to some degrees: for advice, not for measurement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# eyes, nose tip, mouth corners, in distances between the eyes: right, down, away from the camera
_MEAN_FACE = np.array(
    [
        [-0.5, 0.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.571, -0.5],
        [-0.414, 1.154, -0.1],
        [0.414, 1.154, -0.1],
    ]
)


@dataclass(frozen=True)
class HeadPose:
    """Degrees; 0 is straight into the camera. ``yaw`` grows as the nose goes to the right of the
    image, ``pitch`` as the face looks down, ``roll`` as the head leans clockwise in the image."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def head_pose(points_px: ArrayLike) -> HeadPose:
    """The pose from five points (5, 2): eyes, nose, mouth corners, each pair left of the image
    first. Raises `ValueError` for points that are not finite or all in one place."""
    points = np.asarray(points_px, dtype=np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"points {points.shape}; expected five finite ones, (5, 2)")
    seen = points - points.mean(axis=0)
    if float((seen**2).sum()) < 1e-9:
        raise ValueError("five points in one place have no pose")
    face = _MEAN_FACE - _MEAN_FACE.mean(axis=0)
    camera = np.linalg.lstsq(face, seen, rcond=None)[0].T  # (2, 3): turn and scale
    u, _, vt = np.linalg.svd(camera, full_matrices=False)
    right, down = u @ vt  # the nearest pair of right angles
    away = np.cross(right, down)
    return HeadPose(
        yaw_deg=math.degrees(math.asin(float(np.clip(away[0], -1, 1)))),
        pitch_deg=math.degrees(math.atan2(away[1], away[2])),
        roll_deg=math.degrees(math.atan2(down[0], right[0])),
    )


def rotation(pose: HeadPose) -> NDArray[np.float64]:
    """The rotation (3, 3) that `head_pose` reads back: roll after yaw after pitch."""
    yaw, pitch, roll = (math.radians(a) for a in (pose.yaw_deg, pose.pitch_deg, pose.roll_deg))
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    tilt = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(lean @ turn @ tilt)


def project(pose: HeadPose, size_px: float = 100.0) -> NDArray[np.float64]:
    """The five points (5, 2) of the mean face in ``pose``, its eyes ``size_px`` apart."""
    return np.asarray((_MEAN_FACE @ rotation(pose).T)[:, :2] * size_px)
