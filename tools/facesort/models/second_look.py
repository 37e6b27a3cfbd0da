"""Looks at an image once more where the first look cannot have seen all of it.

A small image (a crop, a thumbnail) is seen at its own scale, not enlarged to the network's. In a
larger one, a face that fills the frame is looked for again, smaller and with a border, when the
first look finds nothing certain but at the edge; tiny faces are looked for in tiles, when asked
for. Each further look is paid only where it can help. Tiles follow the idea of Akyon et al. 2022,
"Slicing Aided Hyper Inference", https://arxiv.org/abs/2202.06934 .
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, SizeWH, area, as_boxes, iou_matrix
from facesort.detections import Detections
from facesort.models.input_size import (
    Image,
    InputSizes,
    is_small,
    second_input_px,
    shrunk,
    small_input_px,
    tile_windows,
    with_room,
    without_room,
)
from facesort.models.letterbox import suppress


class Look(Protocol):
    """One pass of the network over an image (h, w, 3); ``mirrored``: and one over its mirror
    image, read together."""

    def __call__(
        self, rgb: Image, imgsz: int, conf: float, mirrored: bool = False, /
    ) -> Detections: ...


_EDGE = 0.01  # of the longer side: a box this near to the border may go on beyond it
_SAME_IOU = 0.5
_INSIDE = 0.7  # of the smaller of two boxes: a part of the same face
# A face and the head around it, which IoU lets pass. Of 15,165 labelled faces none lies to nine
# tenths in another; among 918 detections on val were 19 such pairs, the inner closer in 18.
_NESTED = 0.9
_AS_SURE = 0.5  # times the outer's confidence, or the inner is a part of a face


def detect(look: Look, rgb: Image, imgsz: int, conf: float, sizes: InputSizes) -> Detections:
    """The faces of ``rgb`` (h, w, 3), most certain first, with as many looks as it needs."""
    search = _in_small if is_small((rgb.shape[1], rgb.shape[0]), sizes) else _in_photo
    return without_nested(search(look, rgb, imgsz, conf, sizes))


def _in_photo(look: Look, rgb: Image, imgsz: int, conf: float, sizes: InputSizes) -> Detections:
    size_wh = rgb.shape[1], rgb.shape[0]
    weak = look(rgb, imgsz, min(conf, sizes.hint_conf))
    found = _above(weak, conf)
    if _needs_second_look(found, weak, size_wh, sizes):
        large = _large_faces(look, rgb, imgsz, conf, sizes)
        found = merge_large(found, large, sizes.fills_frame * max(size_wh))
    if sizes.tiles and _has_tiny_faces(weak, size_wh, sizes):
        found = merge_tiny(found, _tiny_faces(look, rgb, imgsz, max(conf, sizes.tile_conf), sizes))
    return found


def _in_small(look: Look, rgb: Image, imgsz: int, conf: float, sizes: InputSizes) -> Detections:
    """One look at a crop's own scale; another, smaller one where that finds nothing."""
    px = small_input_px((rgb.shape[1], rgb.shape[0]), imgsz, sizes)
    both = sizes.mirror
    found = _bordered(look, rgb, px, conf, sizes.small_room, both)
    if not len(found):
        found = _bordered(look, rgb, second_input_px(px, sizes), conf, sizes.second_room, both)
    return found


def _bordered(
    look: Look, rgb: Image, px: int, conf: float, room: float, mirrored: bool = False
) -> Detections:
    padded, margin = with_room(rgb, room)
    return without_room(look(padded, px, conf, mirrored), margin, (rgb.shape[1], rgb.shape[0]))


def _needs_second_look(
    found: Detections, weak: Detections, size_wh: SizeWH, sizes: InputSizes
) -> bool:
    """A face fills the frame, or none is both certain and whole though there is a hint of one."""
    sides = _sides(found, size_wh)
    if (sides >= sizes.fills_frame).any():
        return True
    whole = ~_touches_edge(found.xyxy_px, size_wh) | (sides < sizes.large_face)
    return bool(len(weak)) and not (whole & (found.confidence >= sizes.certain)).any()


def _touches_edge(xyxy_px: Boxes, size_wh: SizeWH) -> NDArray[np.bool_]:
    near = _EDGE * max(size_wh)
    w, h = size_wh
    x1, y1, x2, y2 = as_boxes(xyxy_px).T
    touching: NDArray[np.bool_] = (x1 < near) | (y1 < near) | (x2 > w - near) | (y2 > h - near)
    return touching


def _sides(found: Detections, size_wh: SizeWH) -> NDArray[np.float64]:
    """The longer side of each box as a share of the image's."""
    x1, y1, x2, y2 = as_boxes(found.xyxy_px).T
    sides: NDArray[np.float64] = np.maximum(x2 - x1, y2 - y1) / max(size_wh)
    return sides


def _large_faces(look: Look, rgb: Image, imgsz: int, conf: float, sizes: InputSizes) -> Detections:
    """What a smaller look with a border finds, as far as it is large."""
    px = second_input_px(imgsz, sizes)
    small, scale = shrunk(rgb, px)
    found = _bordered(look, small, px, conf, sizes.second_room, sizes.mirror)
    large = _sides(found, (small.shape[1], small.shape[0])) >= sizes.large_face
    return _scaled(_take(found, np.flatnonzero(large)), 1 / scale)


def merge_large(first: Detections, large: Detections, fills_px: float) -> Detections:
    """Both looks; of two boxes on one face the more certain stays, or the second look's where the
    face is ``fills_px`` or longer, and what the first took for a face within a large one goes."""
    if not len(large):
        return first
    iou = iou_matrix(first.xyxy_px, large.xyxy_px)
    inside = _share_inside(first.xyxy_px, large.xyxy_px)
    fills = np.ptp(large.xyxy_px.reshape(-1, 2, 2), axis=1).max(axis=1) >= fills_px
    part = (((inside >= _INSIDE) & (iou < _SAME_IOU)) | ((iou >= _SAME_IOU) & fills)).any(axis=1)
    return _suppressed(_joined(_take(first, np.flatnonzero(~part)), large), _SAME_IOU)


def _has_tiny_faces(weak: Detections, size_wh: SizeWH, sizes: InputSizes) -> bool:
    tiny = _sides(weak, size_wh) < sizes.tiny_face
    return bool((tiny & (weak.confidence >= sizes.tiny_conf)).any())


def _tiny_faces(look: Look, rgb: Image, imgsz: int, conf: float, sizes: InputSizes) -> Detections:
    """What four enlarged parts show, without what their inner borders cut."""
    size_wh = rgb.shape[1], rgb.shape[0]
    parts = []
    for x1, y1, x2, y2 in tile_windows(size_wh, sizes.tile_overlap):
        found = look(np.ascontiguousarray(rgb[y1:y2, x1:x2]), imgsz, conf)
        boxes = found.xyxy_px + np.array([x1, y1, x1, y1])
        moved = Detections(boxes, found.class_id, found.confidence)
        cut = _touches_edge(found.xyxy_px, (x2 - x1, y2 - y1)) & ~_touches_edge(boxes, size_wh)
        tiny = _sides(moved, size_wh) < 2 * sizes.tiny_face
        parts.append(_take(moved, np.flatnonzero(~cut & tiny)))
    return _joined(*parts)


def merge_tiny(first: Detections, tiny: Detections) -> Detections:
    """The first look, and the tiny faces that it has not seen, each once."""
    iou = iou_matrix(tiny.xyxy_px, first.xyxy_px).max(axis=1, initial=0)
    inside = _share_inside(tiny.xyxy_px, first.xyxy_px).max(axis=1, initial=0)
    new = _take(tiny, np.flatnonzero((iou < _SAME_IOU) & (inside < _INSIDE)))
    return _joined(first, _suppressed(new, _SAME_IOU))


def _share_inside(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float64]:
    """How much of each box of ``a`` lies in each of ``b``: (len(a), len(b))."""
    a, b = as_boxes(a_xyxy), as_boxes(b_xyxy)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    share: NDArray[np.float64] = both / np.maximum(area(a), 1e-9)[:, None]
    return share


def without_nested(found: Detections) -> Detections:
    """Of two boxes of which one lies in the other, the inner, unless it is much less certain."""
    share, sure = _share_inside(found.xyxy_px, found.xyxy_px), found.confidence
    kept: list[int] = []
    for row in np.argsort(area(found.xyxy_px), kind="stable"):
        inner = [one for one in kept if share[one, row] >= _NESTED]
        if not any(sure[one] >= _AS_SURE * sure[row] for one in inner):
            kept = [one for one in kept if one not in inner] + [int(row)]
    return _take(found, np.array(sorted(kept), dtype=np.int64))


def _above(found: Detections, conf: float) -> Detections:
    return _take(found, np.flatnonzero(found.confidence >= conf))


def _take(found: Detections, index: NDArray[np.int64]) -> Detections:
    return Detections(found.xyxy_px[index], found.class_id[index], found.confidence[index])


def _scaled(found: Detections, factor: float) -> Detections:
    return Detections(found.xyxy_px * factor, found.class_id, found.confidence)


def _joined(*parts: Detections) -> Detections:
    """All detections, most certain first."""
    whole = Detections(
        np.concatenate([as_boxes(part.xyxy_px) for part in parts]),
        np.concatenate([part.class_id for part in parts]),
        np.concatenate([part.confidence for part in parts]),
    )
    return _take(whole, np.argsort(-whole.confidence, kind="stable"))


def _suppressed(found: Detections, max_iou: float) -> Detections:
    return _take(found, suppress(found.xyxy_px, max_iou))
