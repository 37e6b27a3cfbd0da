"""From an image to the network's input, and from its raw output back to boxes in the image.

The same arithmetic as Ultralytics' LetterBox and non_max_suppression, in NumPy and OpenCV, so that
sorting needs no torch. Rectangular: a 4:3 photo is not padded to a square, which saves a quarter
of the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, clip_xyxy
from facesort.detections import Detections

GREY = 114
IOU_SAME_FACE = 0.6
MAX_FACES = 300
STRIDES = (8, 16, 32)  # of every YOLO from v5 to 11


@dataclass(frozen=True)
class Fit:
    """How an image was fitted: scaled by ``scale`` and moved by ``left_top_px``."""

    scale: float
    left_top_px: tuple[int, int]
    size_wh: tuple[int, int]  # of the image

    def to_image(self, xyxy_px: Boxes) -> Boxes:
        """Boxes in network pixels as boxes in the image, cut at its border."""
        offset = np.array([*self.left_top_px, *self.left_top_px], dtype=np.float64)
        return clip_xyxy((xyxy_px - offset) / self.scale, self.size_wh)


def letterbox(
    rgb: NDArray[np.uint8], imgsz: int, stride: int = 32, square: bool = False
) -> tuple[NDArray[np.float32], Fit]:
    """The network input (1, 3, h, w), values 0 to 1, longer side ``imgsz``, and how it was made."""
    import cv2

    height, width = rgb.shape[:2]
    scale = imgsz / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    resized = halve(rgb, down_to_px=2 * imgsz)
    if (w, h) != (width, height):
        linear = cv2.resize(resized, (w, h), interpolation=cv2.INTER_LINEAR)
        resized = np.asarray(linear, dtype=np.uint8)
    full_w, full_h = (imgsz, imgsz) if square else (_up(w, stride), _up(h, stride))
    left, top = (full_w - w) // 2, (full_h - h) // 2
    canvas = np.full((full_h, full_w, 3), GREY, dtype=np.uint8)
    canvas[top : top + h, left : left + w] = resized
    pixels = np.empty((1, 3, full_h, full_w), dtype=np.float32)
    planes = zip(pixels[0], cv2.split(canvas), strict=True)  # in half of a transpose's time
    for plane, colour in planes:
        np.multiply(colour, np.float32(1 / 255), out=plane)
    return pixels, Fit(scale, (left, top), (width, height))


def halve(rgb: NDArray[np.uint8], down_to_px: int) -> NDArray[np.uint8]:
    """Halve an image by area until its longer side is below ``down_to_px``.

    Beyond a halving, linear interpolation skips pixels and small faces turn to noise; averaging
    over areas in one step is right too, but five times as slow, and so is half of an odd length:
    an odd last row or column is left out, which moves no box by more than the network's half pixel.
    """
    import cv2

    while max(rgb.shape[:2]) >= max(down_to_px, 2):
        half_h, half_w = (max(1, side // 2) for side in rgb.shape[:2])
        even = rgb[: 2 * half_h, : 2 * half_w]
        half = cv2.resize(even, (half_w, half_h), interpolation=cv2.INTER_AREA)
        rgb = np.asarray(half, dtype=np.uint8)
    return rgb


def _up(value: int, stride: int) -> int:
    return -(-value // stride) * stride


def anchor_count(size_wh: tuple[int, int]) -> int:
    """Of an input of that size, for a network with the usual three strides."""
    return sum((size_wh[0] // stride) * (size_wh[1] // stride) for stride in STRIDES)


def unmirrored(raw: NDArray[np.float32], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """The raw output (4 + classes, anchors) for a mirrored input of ``size_wh``, as it would be for
    the input itself: anchors lie row by row on grids of 8, 16 and 32 pixels."""
    width, height = size_wh
    out = np.empty_like(raw)
    first = 0
    for stride in STRIDES:
        shape = (len(raw), height // stride, width // stride)
        part = slice(first, first + shape[1] * shape[2])
        out[:, part] = raw[:, part].reshape(shape)[:, :, ::-1].reshape(len(raw), -1)
        first = part.stop
    out[0] = width - out[0]
    return out


def both_looks(raw: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """One raw output from two of the same image: each anchor's box and confidence from the look
    that is surer there, its class by the mean of both."""
    first, second = raw[4:].max(axis=0), other[4:].max(axis=0)
    scores = raw[4:] + other[4:]
    scores *= np.maximum(first, second) / np.maximum(scores.max(axis=0), np.float32(1e-9))
    return np.concatenate([np.where(first >= second, raw[:4], other[:4]), scores])


def decode(
    raw: NDArray[np.float32],
    fit: Fit,
    conf: float,
    end2end: bool = False,
    max_faces: int = MAX_FACES,
) -> Detections:
    """Faces of one image from one raw output, at most ``max_faces``.

    ``raw`` is (4 + classes, anchors) with centre and size in network pixels, or, for an
    ``end2end`` network, (faces, 6) rows of x1 y1 x2 y2 confidence class. A face has one class: the
    classes compete for it (class-agnostic suppression).
    """
    confidence = raw[:, 4] if end2end else raw[4:].max(axis=0)
    likely = np.flatnonzero(confidence >= conf)
    likely = likely[np.argsort(-confidence[likely], kind="stable")]
    if end2end:
        xyxy, class_id = raw[likely, :4], raw[likely, 5]
    else:
        (cx, cy, w, h), class_id = raw[:4, likely], raw[4:, likely].argmax(axis=0)
        xyxy = np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1)
    kept = suppress(xyxy.astype(np.float64))[:max_faces]
    return Detections(
        fit.to_image(xyxy[kept].astype(np.float64)),
        class_id[kept].astype(np.int64),
        confidence[likely][kept].astype(np.float64),
    )


def suppress(xyxy_px: Boxes, max_iou: float = IOU_SAME_FACE) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices kept of boxes sorted by falling confidence."""
    x1, y1, x2, y2 = xyxy_px.T
    areas = (x2 - x1) * (y2 - y1)
    order = np.arange(len(xyxy_px))
    kept: list[int] = []
    while len(order):
        i, rest = order[0], order[1:]
        kept.append(int(i))
        w = np.minimum(x2[i], x2[rest]) - np.maximum(x1[i], x1[rest])
        h = np.minimum(y2[i], y2[rest]) - np.maximum(y1[i], y1[rest])
        inter = np.maximum(w, 0) * np.maximum(h, 0)
        order = rest[inter <= max_iou * (areas[i] + areas[rest] - inter)]
    return np.array(kept, dtype=np.int64)
