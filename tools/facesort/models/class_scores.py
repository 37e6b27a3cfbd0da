"""The scores of every class for each face, where a detection keeps its best class alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.models.detect import YoloDetector
from facesort.models.letterbox import decode, letterbox


def detect_with_scores(
    detector: YoloDetector, rgb: NDArray[np.uint8]
) -> tuple[Detections, NDArray[np.float64]]:
    """One look at ``rgb`` (h, w, 3): the faces, and their scores (n, classes), 0 to 1."""
    pixels, fit = letterbox(rgb, detector.imgsz, square=detector.square)
    raw = detector.forward(pixels)
    found = decode(raw, fit, detector.conf, detector.end2end, detector.max_faces)
    if detector.end2end:  # its rows have one class each
        return found, np.eye(len(detector.names))[found.class_id] * found.confidence[:, None]
    # a face is the anchor of its best score: floats that are equal mean the same anchor
    best = raw[4:].max(axis=0).astype(np.float64)
    anchors = np.array([int(np.abs(best - c).argmin()) for c in found.confidence], dtype=np.int64)
    return found, raw[4:, anchors].T.astype(np.float64)
