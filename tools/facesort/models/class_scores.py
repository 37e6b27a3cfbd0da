"""The scores of every class for each face, where a detection keeps its best class alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.models.detect import YoloDetector
from facesort.models.input_size import is_small, small_input_px
from facesort.models.letterbox import decode, letterbox


def detect_with_scores(
    detector: YoloDetector, rgb: NDArray[np.uint8]
) -> tuple[Detections, NDArray[np.float64]]:
    """One look at ``rgb`` (h, w, 3), at the size that a small image needs where the detector has
    `InputSizes`: the faces, and their scores (n, classes), 0 to 1."""
    size_wh, imgsz = (rgb.shape[1], rgb.shape[0]), detector.imgsz
    if detector.sizes and not detector.square and is_small(size_wh, detector.sizes):
        imgsz = small_input_px(size_wh, imgsz, detector.sizes)
    pixels, fit = letterbox(rgb, imgsz, square=detector.square)
    raw = detector.forward(pixels)
    found = decode(raw, fit, detector.conf, detector.end2end, detector.max_faces)
    if detector.end2end:  # its rows have one class each
        return found, np.eye(len(detector.names))[found.class_id] * found.confidence[:, None]
    # a face is the anchor of its best score: floats that are equal mean the same anchor
    best = raw[4:].max(axis=0).astype(np.float64)
    anchors = np.array([int(np.abs(best - c).argmin()) for c in found.confidence], dtype=np.int64)
    return found, raw[4:, anchors].T.astype(np.float64)
