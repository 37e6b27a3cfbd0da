"""Faces with five landmarks from a YOLO pose model (one class, five points), for building data.

Such a model knows where a face is but not what covers it: it gives crops their box, points out
faces that nobody labelled, and tells the synthesis where the eyes and the mouth are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.detections import FaceFinder, FoundFaces
from facesort.errors import ModelError


def load_face_finder(weights: Path, conf: float = 0.15) -> FaceFinder:
    """Return ``find(rgb, imgsz)``; raises `ModelError` if ``weights`` has no five landmarks."""
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(weights, task="pose")
    points = int(model.model.model[-1].kpt_shape[0])
    if points != 5:
        raise ModelError(f"{weights}: finds {points} points; expected 5: eyes, nose, mouth")

    def find(rgb: NDArray[np.uint8], imgsz: int) -> FoundFaces:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        result = model.predict(bgr, imgsz=imgsz, conf=conf, verbose=False)[0]
        return FoundFaces(
            result.boxes.xyxy.cpu().numpy().astype(np.float64),
            result.boxes.conf.cpu().numpy().astype(np.float64),
            result.keypoints.xy.cpu().numpy().astype(np.float64),
        )

    return find
