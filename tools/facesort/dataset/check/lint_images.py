"""Check what a look at the images told: unreadable ones, EXIF, small, blurred and dark faces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, iou_matrix, min_side, xywhn_to_xyxy
from facesort.dataset.check.issues import Issue, find
from facesort.dataset.check.lint import leaves
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.labels.exif_boxes import Shape, to_upright

# Chosen by eye on the training images of datasets/occlusion: about 1 % of the faces each.
SMALL_PX = 12.0  # shorter side, in pixels of the image
BLURRED_BELOW = 60.0  # variance of the Laplacian at 64 x 64 pixels
DARK_BELOW = 70.0  # 90th percentile of the grey values, 0 to 255

MIN_SHAPES = 20  # upright boxes of a class before their typical shape is known
SURE = 0.5  # a model's confidence in a face that may judge a label
ON_ITS_SIDE = 5  # EXIF orientations from here on exchange width and height

Faces = Sequence[tuple[Sample, ImageStats]]


def check_unreadable(sample: Sample, reason: str) -> Issue:
    return find("unreadable", sample.split, sample.path, f"{sample.name}: {reason}")


def check_faces(sample: Sample, look: ImageStats) -> Iterator[Issue]:
    """Faces that nobody could label for sure, one finding each."""
    sides = min_side(sample.labels(look.size_wh).xyxy_px)
    for i, side, sharpness, brightness in zip(
        sample.sound, sides, look.sharpness, look.brightness, strict=True
    ):
        if side < SMALL_PX:
            yield _of(sample, "small", f"shorter side {side:.0f} px", i)
        if sharpness < BLURRED_BELOW:
            yield _of(sample, "blurred", f"sharpness {sharpness:.0f}", i)
        if brightness < DARK_BELOW:
            yield _of(sample, "dark", f"brightness {brightness:.0f} of 255", i)


def check_exif(faces: Faces) -> Iterator[Issue]:
    """Labels that seem made for the stored image rather than for the upright one."""
    typical = _typical_shapes(faces)
    for sample, look in faces:
        if look.orientation == 1 or not sample.lines:
            continue
        exif = f"EXIF orientation {look.orientation}"
        fit, turned_fit = _fits(sample, look)
        if turned_fit > fit:
            what = "the boxes meet the model's faces when turned, and not as they are"
            yield _of(sample, "exif", f"{exif}; {what}")
        elif look.orientation < ON_ITS_SIDE or fit:
            continue
        elif any(leaves(line) for line in sample.lines if not line.fault):
            yield _of(sample, "exif", f"{exif}, and boxes leave the image")
        elif _shaped_as_stored(sample, look, typical):
            yield _of(sample, "exif-unsure", f"{exif}; its boxes are shaped as before turning")


def turned_px(sample: Sample, look: ImageStats) -> Boxes:
    """The boxes, taken as drawn on the stored image, in pixels of the upright one."""
    shape = Shape(look.size_wh, look.orientation)
    return to_upright(xywhn_to_xyxy(sample.xywhn, shape.stored_wh), shape)


def _fits(sample: Sample, look: ImageStats) -> tuple[int, int]:
    """How many labels meet a face that the model is sure of: as they are, and turned."""
    if look.found is None:
        return 0, 0
    seen = look.found.xyxy_px[look.found.confidence >= SURE]

    def met(boxes: Boxes) -> int:
        return int((iou_matrix(boxes, seen).max(axis=1, initial=0) >= 0.5).sum())

    return met(sample.labels(look.size_wh).xyxy_px), met(turned_px(sample, look))


def _log_shape(xyxy_px: Boxes) -> NDArray[np.float64]:
    """log(width / height) of each box."""
    x1, y1, x2, y2 = xyxy_px.T
    shape: NDArray[np.float64] = np.log((x2 - x1) / (y2 - y1))
    return shape


def _typical_shapes(faces: Faces) -> Mapping[int, float]:
    shapes: dict[int, list[float]] = defaultdict(list)
    for sample, look in faces:
        if look.orientation < ON_ITS_SIDE:
            of_boxes = _log_shape(sample.labels(look.size_wh).xyxy_px)
            for class_id, shape in zip(sample.class_id, of_boxes, strict=True):
                shapes[int(class_id)].append(float(shape))
    return {c: float(np.median(s)) for c, s in shapes.items() if len(s) >= MIN_SHAPES}


def _shaped_as_stored(sample: Sample, look: ImageStats, typical: Mapping[int, float]) -> bool:
    """Whether the boxes come nearer the usual shape of their class when turned."""
    usual = np.array([typical.get(int(c), np.nan) for c in sample.class_id])
    known = ~np.isnan(usual)
    off = np.abs(_log_shape(sample.labels(look.size_wh).xyxy_px) - usual)[known]
    off_turned = np.abs(_log_shape(turned_px(sample, look)) - usual)[known]
    return bool(len(off) and np.median(off_turned) < np.median(off))


def _of(sample: Sample, check: str, message: str, box: int | None = None) -> Issue:
    where = "" if box is None else f"line {sample.lines[box].number}: "
    return find(check, sample.split, sample.path, f"{sample.name}: {where}{message}", box)
