"""One image of a data set as the checks see it: label lines, hashes, sharpness, brightness."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, SizeWH, clip_xyxy, min_side, xywhn_to_xyxy, xyxy_to_xywhn
from facesort.dataset.splits import perceptual_hash
from facesort.dataset.yolo_dataset import Layout
from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import content_hash, decode, open_photo, read_photo_bytes

MIN_POLYGON_NUMBERS = 6


@dataclass(frozen=True)
class Line:
    """One line that is not blank: ``xywhn`` and ``class_id`` where ``fault`` is empty."""

    number: int  # from 1, as editors count
    text: str
    class_id: int = -1
    xywhn: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    fault: str = ""

    @property
    def xyxyn(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom as fractions of the image."""
        cx, cy, w, h = self.xywhn
        return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def read_lines(text: str, keypoint_fields: int = 0) -> tuple[Line, ...]:
    """Every line of ``text`` that is not blank."""
    return tuple(
        _read_line(number, line.strip(), keypoint_fields)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    )


def _read_line(number: int, text: str, keypoint_fields: int) -> Line:
    try:
        values = [_number(field) for field in text.split()]
    except ValueError as error:
        return Line(number, text, fault=f"{error} is not a number")
    expected = 5 + keypoint_fields
    if len(values) != expected and not (keypoint_fields == 0 and _is_polygon(values)):
        return Line(number, text, fault=f"{len(values)} fields; expected {expected}")
    if values[0] != int(values[0]):
        return Line(number, text, fault=f"class {values[0]:g} is not a whole number")
    box = _around(values[1:]) if _is_polygon(values) and not keypoint_fields else values[1:5]
    cx, cy, w, h = box
    return Line(number, text, int(values[0]), (cx, cy, w, h))


def _number(field: str) -> float:
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in field:  # float() reads 1_0 as 10
        raise ValueError(f"'{field[:40]}'")
    return value


def _is_polygon(values: Sequence[float]) -> bool:
    points = len(values) - 1
    return points >= MIN_POLYGON_NUMBERS and points % 2 == 0


def _around(points: Sequence[float]) -> list[float]:
    """Centre and size of the box around x, y, x, y, ..."""
    xs, ys = points[0::2], points[1::2]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def clipped(line: Line, keypoint_fields: int = 0) -> str:
    """The text of ``line``, its box (or each point of its polygon) cut at the image's edge."""
    fields = line.text.split()
    if keypoint_fields == 0 and len(fields) > 5:
        points = [min(max(float(field), 0.0), 1.0) for field in fields[1:]]
        return " ".join([fields[0], *(f"{value:.6f}" for value in points)])
    x1, y1, x2, y2 = (min(max(edge, 0.0), 1.0) for edge in line.xyxyn)
    box = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return " ".join([fields[0], *(f"{value:.6f}" for value in box), *fields[5:]])


def with_class(line: Line, class_id: int) -> str:
    return " ".join([str(class_id), *line.text.split()[1:]])


def with_box(line: Line, xyxy_px: Sequence[float], size_wh: SizeWH, keypoint_fields: int) -> str:
    """``line`` with another box; its keypoints stay, those of a new line are unknown."""
    box = xyxy_to_xywhn(clip_xyxy([xyxy_px], size_wh), size_wh)[0]
    fields = line.text.split()
    rest = fields[5 : 5 + keypoint_fields] if keypoint_fields else []
    rest += ["0"] * (keypoint_fields - len(rest))
    return " ".join([fields[0], *(f"{value:.6f}" for value in box), *rest])


# How far (as a fraction of the image) an edge may lie outside: labels are rounded.
OUTSIDE = 0.002
MISSING = "missing"


@dataclass(frozen=True)
class Sample:
    """An image and its label file. A reader of another format only has to fill ``lines``.

    ``name`` is the path shown to people; ``label_fault`` says why there are no lines.
    """

    split: str
    path: Path
    inside: Path
    name: str
    label: Path
    lines: tuple[Line, ...]
    class_count: int
    label_fault: str = ""

    @cached_property
    def sound(self) -> tuple[int, ...]:
        """Indices of the lines that are a box of a known class, at least partly in the image."""
        return tuple(i for i, line in enumerate(self.lines) if self.is_sound(line))

    def is_sound(self, line: Line) -> bool:
        x1, y1, x2, y2 = line.xyxyn
        is_inside = min(x2, 1) > max(x1, 0) and min(y2, 1) > max(y1, 0)
        return not line.fault and 0 <= line.class_id < self.class_count and is_inside

    @property
    def xywhn(self) -> Boxes:
        """The sound boxes, (n, 4)."""
        return np.array([self.lines[i].xywhn for i in self.sound], dtype=np.float64).reshape(-1, 4)

    @property
    def class_id(self) -> NDArray[np.int64]:
        return np.array([self.lines[i].class_id for i in self.sound], dtype=np.int64)

    def labels(self, size_wh: SizeWH) -> ImageLabels:
        """The sound boxes in pixels."""
        return ImageLabels.of(self.path, size_wh, xywhn_to_xyxy(self.xywhn, size_wh), self.class_id)


@dataclass(frozen=True, eq=False)
class ImageStats:
    """What the pixels of one image tell; the arrays are (n,) over its sound boxes.

    ``sharpness`` is NaN where a face is too small to say; ``found`` is what a model sees, in
    pixels of the whole image, its classes numbered as in the data set.
    """

    size_wh: SizeWH
    orientation: int
    content: str
    phash: int
    sharpness: NDArray[np.float64]
    brightness: NDArray[np.float64]
    found: Detections | None = None


def read_samples(layout: Layout) -> list[Sample]:
    """Every image of the data set with its label lines; only label files are opened."""
    samples = []
    for placed in layout.images:
        label = yolo.label_path_of(placed.path)
        lines, fault = _read_label(label, layout.keypoint_fields)
        name = layout.name_of(placed.path)
        samples.append(
            Sample(
                *(placed.split, placed.path, placed.inside, name, label, lines),
                class_count=len(layout.names),
                label_fault=fault,
            )
        )
    return samples


def _read_label(label: Path, keypoint_fields: int) -> tuple[tuple[Line, ...], str]:
    try:
        return read_lines(label.read_text(encoding="utf-8-sig"), keypoint_fields), ""
    except FileNotFoundError:
        return (), MISSING
    except UnicodeDecodeError:
        return (), "not a text file; expected lines of class cx cy w h"
    except OSError as error:
        return (), f"cannot be read ({error.strerror})"


MEASURE_PX = 1280  # larger images are looked at reduced, but never below this
FACE_PX = 64  # sharpness is measured at one size: the Laplacian depends on it
MIN_SHARPNESS_PX = 24  # a smaller face is always soft
BRIGHT_PERCENTILE = 90  # a black mask makes a face dark on average; its brightest parts tell

Detect = Callable[[NDArray[np.uint8]], Detections]


def measure_image(sample: Sample, detect: Detect | None = None) -> ImageStats | str:
    """What the image tells, or why it cannot be opened."""
    try:
        data = read_photo_bytes(sample.path)
        photo = open_photo(data, min_long_side_px=MEASURE_PX)
        phash = perceptual_hash(sample.path)
    except PhotoError as error:
        return str(error)
    found = detect(photo.rgb) if detect else None
    if found is not None:
        found = Detections(found.xyxy_px / photo.scale, found.class_id, found.confidence)
    sharpness, brightness = _faces(photo.rgb, sample)
    return ImageStats(
        size_wh=photo.size_wh,
        orientation=decode.stored_orientation(data),
        content=content_hash(data),
        phash=phash,
        sharpness=sharpness,
        brightness=brightness,
        found=found,
    )


def _faces(
    rgb: NDArray[np.uint8], sample: Sample
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sharpness (variance of the Laplacian) and brightness (0 to 255) of each sound box."""
    import cv2

    size_wh = rgb.shape[1], rgb.shape[0]
    boxes = clip_xyxy(sample.labels(size_wh).xyxy_px, size_wh)
    sharpness, brightness = np.full(len(boxes), np.nan), np.full(len(boxes), np.nan)
    for i, (box, side) in enumerate(zip(boxes, min_side(boxes), strict=True)):
        x1, y1, x2, y2 = box.round().astype(int)
        if x2 <= x1 or y2 <= y1:
            continue
        grey = cv2.cvtColor(np.ascontiguousarray(rgb[y1:y2, x1:x2]), cv2.COLOR_RGB2GRAY)
        brightness[i] = np.percentile(grey, BRIGHT_PERCENTILE)
        if side >= MIN_SHARPNESS_PX:
            face = cv2.resize(grey, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA)
            sharpness[i] = cv2.Laplacian(face, cv2.CV_64F).var()
    return sharpness, brightness
