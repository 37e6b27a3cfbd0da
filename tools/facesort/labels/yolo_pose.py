"""YOLO pose labels: ``class cx cy w h`` and then ``x y v`` a keypoint, all divided by the size.

Format: https://docs.ultralytics.com/datasets/pose/ . v is 2 visible, 1 covered, 0 not marked (then
x and y are 0). Keypoints outside the image are written as not marked: YOLO refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.labels.widerface.face_list import LANDMARKS

UNMARKED, COVERED, VISIBLE = 0, 1, 2
# of data.yaml: eyes and mouth corners change sides in a mirrored image
CONFIG = MappingProxyType({"kpt_shape": [LANDMARKS, 3], "flip_idx": [1, 0, 2, 4, 3]})


@dataclass(frozen=True, eq=False)
class PoseLabels(ImageLabels):
    """`ImageLabels` with ``keypoints`` (n, k, 3): x, y in pixels and 0, 1 or 2."""

    keypoints: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, LANDMARKS, 3)))

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = self.keypoints.shape
        if len(shape) != 3 or shape[0] != len(self.class_id) or shape[2] != 3:
            raise LabelError(
                f"{self.path.name}: keypoints of shape {shape}; "
                f"expected ({len(self.class_id)}, k, 3)"
            )


def render(labels: ImageLabels) -> str:
    """The text of a label file; boxes as in `yolo.render`, so of the same faces."""
    if not isinstance(labels, PoseLabels):
        raise LabelError(f"{labels.path.name}: no keypoints; expected {LANDMARKS} a face")
    lines = []
    for index, points in enumerate(labels.keypoints):
        one = slice(index, index + 1)
        box = yolo.render(
            ImageLabels(labels.path, labels.size_wh, labels.xyxy_px[one], labels.class_id[one])
        )
        if box:
            fields = (_point(point, labels.size_wh) for point in points)
            lines.append(" ".join([box.strip(), *fields]))
    return "".join(f"{line}\n" for line in lines)


def _point(point: NDArray[np.float64], size_wh: SizeWH) -> str:
    x, y = point[0] / size_wh[0], point[1] / size_wh[1]
    if point[2] == UNMARKED or not (0 <= x <= 1 and 0 <= y <= 1):
        return f"{0:.6f} {0:.6f} {UNMARKED}"
    return f"{x:.6f} {y:.6f} {int(point[2])}"


def parse(text: str, image: Path, size_wh: SizeWH, class_count: int) -> PoseLabels:
    """Read the text of one label file; raises `LabelError` naming the line that is wrong."""
    boxes, points = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            fields = line.split()
            boxes.append(" ".join(fields[:5]))
            points.append(_parse_points(fields[5:], f"{image.name}: line {number}"))
        else:
            boxes.append("")
    base = yolo.parse("\n".join(boxes), image, size_wh, class_count)
    keypoints = np.asarray(points, dtype=np.float64).reshape(len(points), LANDMARKS, 3)
    keypoints[..., :2] *= size_wh
    return PoseLabels(image, size_wh, base.xyxy_px, base.class_id, keypoints)


def _parse_points(fields: list[str], where: str) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError:
        raise LabelError(f"{where}: keypoints {' '.join(fields)} are not numbers") from None
    if len(values) != 3 * LANDMARKS:
        raise LabelError(f"{where}: {len(values)} keypoint fields; expected {3 * LANDMARKS}")
    if not set(values[2::3]) <= {UNMARKED, COVERED, VISIBLE}:
        raise LabelError(f"{where}: visibilities {values[2::3]}; expected 0, 1 or 2")
    return values
