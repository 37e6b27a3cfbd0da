"""The scores of all classes, where a detection keeps its best class alone; and from them, how
probably the eyes and the mouth of one face are covered.

The scores of the four classes at the anchors on a face are read as two bits, so that a threshold on
either is a free choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, clip_xyxy, grow_xyxy, iou_matrix
from facesort.classes import CLASS_NAMES, EYES, MOUTH
from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models.detect import YoloDetector
from facesort.models.input_size import is_small, small_input_px, with_room
from facesort.models.letterbox import decode, letterbox
from facesort.selfie.components import Covers

LOOK_PX = 160  # of the face with its room, unless another is asked for: large faces want it small
ROOM = 1.6  # times the face box
BORDER = 0.1  # of grey around it, of its longer side
SAME_IOU = 0.5


def cover_scores(
    detector: YoloDetector, rgb: NDArray[np.uint8], xyxy_px: Boxes, look_px: int = LOOK_PX
) -> Covers | None:
    """Look once more at the face at ``xyxy_px`` (4,) of ``rgb`` (h, w, 3), which the network sees
    with its room ``look_px`` long. None where no anchor lies on it. Raises `ModelError` for a
    detector of other classes."""
    if detector.names != CLASS_NAMES:
        found = ", ".join(detector.names)[:60]
        raise ModelError(f"the model finds {found}; expected {', '.join(CLASS_NAMES)}")
    size_wh = rgb.shape[1], rgb.shape[0]
    left, top, right, bottom = clip_xyxy(grow_xyxy(xyxy_px, ROOM), size_wh)[0].round().astype(int)
    if right <= left or bottom <= top:
        return None
    padded, margin = with_room(rgb[top:bottom, left:right], BORDER)
    px = detector.imgsz if detector.square else look_px
    pixels, fit = letterbox(np.ascontiguousarray(padded), px, square=detector.square)
    offset = np.array([margin - left, margin - top, margin - left, margin - top])
    moved = (np.asarray(xyxy_px) + offset) * fit.scale + np.tile(fit.left_top_px, 2)
    boxes, scores = _raw(detector, pixels)
    on_face = np.flatnonzero(iou_matrix(boxes, moved)[:, 0] >= SAME_IOU)
    if not len(on_face):
        return None
    best = scores[on_face[scores[on_face].max(axis=1).argmax()]]
    share = best / max(float(best.sum()), 1e-9)
    bits = np.arange(len(CLASS_NAMES))
    return Covers(float(share[bits & EYES > 0].sum()), float(share[bits & MOUTH > 0].sum()))


def _raw(
    detector: YoloDetector, pixels: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (n, 4), x1 y1 x2 y2 in network pixels, and scores (n, classes)."""
    raw = detector.forward(pixels).astype(np.float64)
    if detector.end2end:  # rows have one class each
        return raw[:, :4], np.eye(len(detector.names))[raw[:, 5].astype(int)] * raw[:, 4:5]
    (cx, cy, w, h), scores = raw[:4], raw[4:].T
    return np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1), scores


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
