"""Faces of a data set, cut out as other tools do and with their points and pose: what can give a
part to another, or take one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import area, clip_xyxy, grow_xyxy, min_side
from facesort.classes import FaceClass
from facesort.dataset.synth.recombine import MOUTH, FaceView
from facesort.errors import PhotoError
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

CROP_LONG_SIDE_PX = (55.0, 220.0)

Image = NDArray[np.uint8]
_WHOLE, _GONE = 0.7, 0.02  # shares of another face's box in the window


def crop_to_face(
    labels: ImageLabels, index: int, rgb: Image, rng: np.random.Generator
) -> tuple[ImageLabels, Image]:
    """The image cut to face ``index`` and shrunk; as it was where another face would be cut."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = labels.xyxy_px[index]
    w, h = x2 - x1, y2 - y1
    left, top, right, bottom = rng.uniform(0.0, 0.5, size=4) * rng.uniform(0, 1.2)
    grown = [[x1 - left * w, y1 - top * h, x2 + right * w, y2 + bottom * h]]
    a, b, c, d = clip_xyxy(grown, (width, height))[0].round().astype(int)
    inside = clip_xyxy(labels.xyxy_px - [a, b, a, b], (c - a, d - b))
    share = area(inside) / np.maximum(area(labels.xyxy_px), 1e-9)
    others = np.arange(len(share)) != index
    if ((share > _GONE) & (share < _WHOLE) & others).any():
        return labels, rgb
    keep = share >= _WHOLE
    cut = np.ascontiguousarray(rgb[b:d, a:c])
    out = ImageLabels.of(labels.path, (c - a, d - b), inside[keep], labels.class_id[keep])
    return shrink(out, cut, float(np.exp(rng.uniform(*np.log(CROP_LONG_SIDE_PX)))))


def shrink(labels: ImageLabels, rgb: Image, longest_px: float) -> tuple[ImageLabels, Image]:
    """The image with its longer side at most ``longest_px``; never enlarged."""
    import cv2

    factor = longest_px / max(rgb.shape[:2])
    if factor >= 1:
        return labels, rgb
    size_wh = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    small = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    boxes = labels.xyxy_px * factor
    return ImageLabels.of(labels.path, size_wh, boxes, labels.class_id), small


LEAST_FACE_PX = 36.0  # shorter side: below, a seam cannot be placed
_TURNED = 0.33  # of the nose against the eyes, in eye distances: beyond, a profile

Floats = NDArray[np.float64]
# find_points(rgb, boxes): the five points of each face whose box (n, 4) is known, (n, 5, 2) px
FindPoints = Callable[[NDArray[np.uint8], Floats], Floats]


@dataclass(frozen=True, eq=False)
class PosedFace:
    """A face that may give or take a part; ``pose`` is turn, pitch (eye distances), log size."""

    labels: ImageLabels
    index: int
    points_px: Floats
    pose: Floats

    @property
    def face_class(self) -> FaceClass:
        return FaceClass(int(self.labels.class_id[self.index]))

    def has(self, part: str) -> bool:
        """Whether ``part`` is covered."""
        return self.face_class.mouth_covered if part == MOUTH else self.face_class.eyes_covered

    def view(self) -> FaceView:
        box = self.labels.xyxy_px[self.index]
        return FaceView(open_photo(self.labels.path).rgb, self.points_px, box)


def collect_faces(
    images: Sequence[ImageLabels], find_points: FindPoints, step: Step = no_step
) -> list[PosedFace]:
    """The faces large and frontal enough, with their points found."""
    faces: list[PosedFace] = []
    for labels in step(images, len(images), "photo"):
        usable = (labels.class_id != IGNORE) & (min_side(labels.xyxy_px) >= LEAST_FACE_PX)
        if not usable.any():
            continue
        try:
            rgb = open_photo(labels.path).rgb
        except PhotoError:
            continue  # `read_train` has named it
        for i in np.flatnonzero(usable):
            found = find_points(rgb, labels.xyxy_px[i : i + 1])[0]
            pose = _pose(found, labels.xyxy_px[i])
            if pose is not None:
                faces.append(PosedFace(labels, int(i), found, pose))
    return faces


def _pose(points_px: Floats, xyxy_px: Floats) -> Floats | None:
    """Turn, pitch and log eye distance; None for a profile or points outside the box."""
    x1, y1, x2, y2 = grow_xyxy([xyxy_px], 1.1)[0]
    inside = (points_px >= [x1, y1]) & (points_px <= [x2, y2])
    across = points_px[1] - points_px[0]
    apart = float(np.hypot(*across))
    if not inside.all() or apart < 0.2 * (x2 - x1):
        return None
    along = across / apart
    down = np.array([-along[1], along[0]])
    from_eyes = points_px[2] - points_px[:2].mean(axis=0)
    to_mouth = points_px[3:].mean(axis=0) - points_px[:2].mean(axis=0)
    turn, height = float(from_eyes @ along) / apart, float(to_mouth @ down) / apart
    if abs(turn) > _TURNED or height < 0.5:
        return None
    return np.array([turn, float(from_eyes @ down) / apart / height, np.log(apart)])
