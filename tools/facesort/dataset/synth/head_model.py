"""A simple head in three dimensions, posed by five landmarks: where drawn things are to go.

Head units: the origin lies between the eyes, x points to the image's right, y down, z towards
the viewer; 1 is the distance between the eyes (about 63 mm in adults). The proportions are those
of an average face; what remains between it and the five points is taken up by a plain 2-D fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# image-left eye, image-right eye, nose tip, left and right corner of the mouth
LANDMARKS_HEAD: Floats = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.6, 0.48], [-0.4, 1.14, 0.1], [0.4, 1.14, 0.1]]
)
# Where the five lie in a box as people draw it, as shares of its width and height: medians of 186
# faces of the training scenes.
LANDMARKS_IN_BOX: Floats = np.array(
    [[0.27, 0.31], [0.73, 0.31], [0.5, 0.53], [0.31, 0.7], [0.69, 0.7]]
)
EAR_XYZ = (1.14, 0.25, -1.2)
MOST_NOD = 0.1
_RIDGE = 0.3  # how strongly the 2-D fit is held back: five points must not bend a head


@dataclass(frozen=True)
class Head:
    """Projects head units to pixels (weak perspective, then a small affine correction)."""

    rotation: Floats  # (3, 3), rows: image x, image y, towards the viewer
    unit_px: float  # pixels to one head unit
    centre_px: Floats  # where the origin of the head falls
    correction: Floats  # (2, 2) and
    shift_px: Floats  # (2,)

    def project(self, xyz: ArrayLike) -> Floats:
        """Head units (..., 3) to pixels (..., 2)."""
        flat = np.asarray(xyz, dtype=np.float64) @ self.rotation[:2].T * self.unit_px
        return np.asarray(flat @ self.correction.T + self.centre_px + self.shift_px)

    def depth(self, xyz: ArrayLike) -> Floats:
        """How near the viewer points are, in head units; larger is nearer."""
        return np.asarray(np.asarray(xyz, dtype=np.float64) @ self.rotation[2])

    @property
    def yaw(self) -> float:
        """Sine of the turn: positive when the nose points to the image's right."""
        return float(self.rotation[0, 2])


def landmarks_in_box(xyxy_px: ArrayLike) -> Floats:
    """Five landmarks guessed from a face's box alone: of an upright face that looks at us."""
    x1, y1, x2, y2 = np.asarray(xyxy_px, dtype=np.float64)
    return np.asarray(LANDMARKS_IN_BOX * [x2 - x1, y2 - y1] + [x1, y1])


def fit_head(landmarks_px: ArrayLike) -> Head:
    """The head that five landmarks belong to (left eye, right eye, nose, left and right corner
    of the mouth, as seen in the image; the person's own left and right are understood too)."""
    points = _left_first(np.asarray(landmarks_px, dtype=np.float64).reshape(5, 2))
    design = np.column_stack([LANDMARKS_HEAD, np.ones(5)])
    affine, *_ = np.linalg.lstsq(design, points, rcond=None)
    left, scales, right = np.linalg.svd(affine[:3].T, full_matrices=False)
    rows = left @ right
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    head = Head(rotation, float(scales.mean()), affine[3], np.eye(2), np.zeros(2))
    return _corrected(head, points)


def levelled(head: Head) -> Head:
    """The same head, its nod held within `MOST_NOD` (sine): five points say little of it, and what
    is drawn far from them, such as a hat, would go astray."""
    side, _, front = head.rotation.T
    nod = float(np.clip(head.rotation[2, 1], -MOST_NOD, MOST_NOD))
    flat = head.rotation[:2, 1] / (np.linalg.norm(head.rotation[:2, 1]) + 1e-9)
    down = np.array([*(flat * np.sqrt(1 - nod**2)), nod])
    side = side - down * (side @ down)
    side = side / (np.linalg.norm(side) + 1e-9)
    rotation = np.stack([side, down, np.cross(side, down)], axis=1)
    if rotation[:, 2] @ front < 0:
        return head
    return replace(head, rotation=rotation)


def _left_first(points: Floats) -> Floats:
    """Swap sides where the points come in the person's own left and right."""
    eyes, down = points[1] - points[0], points[3:].mean(0) - points[:2].mean(0)
    mirrored = eyes[0] * down[1] - eyes[1] * down[0] < 0
    return points[[1, 0, 2, 4, 3]] if mirrored else points


def _corrected(head: Head, points: Floats) -> Head:
    """Bring the head's landmarks closer to the given ones, held back towards doing nothing."""
    flat = LANDMARKS_HEAD @ head.rotation[:2].T * head.unit_px
    mean, target_mean = flat.mean(0), points.mean(0)
    centred, target = flat - mean, points - target_mean
    ridge = _RIDGE * head.unit_px**2 * np.eye(2)
    fit = np.linalg.solve(centred.T @ centred + ridge, centred.T @ target + ridge).T
    shift = target_mean - head.centre_px - mean @ fit.T
    return Head(head.rotation, head.unit_px, head.centre_px, fit, shift)
