"""How large the network sees an image: from the image's own size, not always the same.

A detector made for photos at 640 px finds small faces in large images. A crop of 112 px enlarged
to 640 is one huge, soft face, and a portrait whose face fills the frame is one as well; both are
found and named better when they are seen smaller, the portrait with some room around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import SizeWH, clip_xyxy
from facesort.detections import Detections
from facesort.models.letterbox import GREY, halve

STRIDE = 32  # what every YOLO input is a multiple of

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class InputSizes:
    """The rule for sizes and further looks. The numbers belong to the shipped model: chosen on
    images of the val split by tests/benchmarks/input_sizes.py, to be chosen again with another.

    Lengths are shares of the image's longer side, rooms are borders on each of its sides.
    """

    small_px: int = 320  # an image with a shorter longer side is a crop or a thumbnail
    enlarge: float = 2.0  # of a small image, at most
    least_px: int = 128  # at which a small image is seen, its border not counted
    small_room: float = 0.0
    mirror: bool = True  # what is seen small is seen mirrored as well: twice a few milliseconds
    second_scale: float = 0.35  # of the network's size: the look at faces that fill the frame
    second_room: float = 0.15
    large_face: float = 0.3  # what the second look is for
    fills_frame: float = 0.5  # a larger face is always looked at again, and that look names it
    certain: float = 0.5  # a whole face of this confidence, and no second look is needed
    hint_conf: float = 0.02  # what the first look must at least suspect for a second one
    tiles: bool = False  # look for tiny faces in four overlapping parts, each enlarged
    tiny_face: float = 0.05  # faces of this size call for tiles,
    tiny_conf: float = 0.15  # suspected with this confidence,
    tile_conf: float = 0.35  # and what tiles find counts from here: four looks err four times
    tile_overlap: float = 0.1


def is_small(size_wh: SizeWH, sizes: InputSizes) -> bool:
    """Whether an image is a crop or a thumbnail, in which nothing is far away."""
    return max(size_wh) < sizes.small_px


def small_input_px(size_wh: SizeWH, imgsz: int, sizes: InputSizes) -> int:
    """The network's longer side for a small image, its border included."""
    content_px = max(sizes.least_px, sizes.enlarge * max(size_wh))
    return min(_up(content_px * (1 + 2 * sizes.small_room)), imgsz)


def second_input_px(imgsz: int, sizes: InputSizes) -> int:
    """The network's longer side for a second look at large faces, its border included."""
    return min(_up(sizes.second_scale * imgsz), imgsz)


def _up(value: float) -> int:
    return max(STRIDE, -(-round(value) // STRIDE) * STRIDE)


def with_room(rgb: Image, room: float) -> tuple[Image, int]:
    """The image (h, w, 3) with a grey border of ``room`` of its longer side, and that in px."""
    margin = round(room * max(rgb.shape[:2]))
    height, width = rgb.shape[:2]
    padded = np.full((height + 2 * margin, width + 2 * margin, 3), GREY, dtype=np.uint8)
    padded[margin : margin + height, margin : margin + width] = rgb
    return padded, margin


def without_room(found: Detections, margin_px: int, size_wh: SizeWH) -> Detections:
    """What was found in an image with a border, in the pixels of the image, cut at its edge."""
    boxes = clip_xyxy(found.xyxy_px - margin_px, size_wh)
    return Detections(boxes, found.class_id, found.confidence)


def shrunk(rgb: Image, longest_px: int) -> tuple[Image, float]:
    """The image with its longer side at most ``longest_px``, and its scale: bordering an image
    of 12 megapixels would cost more than the look."""
    import cv2

    scale = longest_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb, 1.0
    size_wh = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(halve(rgb, 2 * longest_px), size_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, dtype=np.uint8), scale


def tile_windows(size_wh: SizeWH, overlap: float) -> list[tuple[int, int, int, int]]:
    """Four overlapping parts of an image, x1 y1 x2 y2, which together cover it."""
    w, h = size_wh
    part_w, part_h = (min(side, math.ceil(side * (1 + overlap) / 2)) for side in size_wh)
    return [(x, y, x + part_w, y + part_h) for y in (0, h - part_h) for x in (0, w - part_w)]
