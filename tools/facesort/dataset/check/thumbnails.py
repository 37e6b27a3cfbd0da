"""Small images for a report: a face with its boxes drawn, and contact sheets per class."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import as_boxes, min_side
from facesort.dataset.check.sample import MEASURE_PX, ImageStats, Sample
from facesort.errors import PhotoError
from facesort.photos import Photo, open_photo

Image = NDArray[np.uint8]
Corners = tuple[float, float, float, float]

LABEL_RGB, MODEL_RGB = (60, 220, 90), (255, 150, 0)
HEIGHT_PX = 176  # of a snapshot
TILE_PX, GAP_PX, COLUMNS = 90, 2, 12  # of a contact sheet
_FAR, _CLOSE = 2.2, 1.25  # how much of its surroundings a face is shown with
_JPEG_QUALITY = 82


@dataclass(frozen=True)
class Mark:
    """A box to draw, in pixels of the whole image."""

    xyxy_px: Corners
    rgb: tuple[int, int, int]


def snapshot(sample: Sample, marks: Sequence[Mark], whole: bool = False) -> str:
    """`snapshot_of` the image of a sample."""
    return snapshot_of(sample.path, marks, whole)


def snapshot_of(path: Path, marks: Sequence[Mark], whole: bool = False) -> str:
    """The first mark with its surroundings, or the whole image; a data URI, "" if unreadable."""
    rgb = picture_of(path, marks, whole)
    return "" if rgb is None else data_uri(rgb)


def picture_of(
    path: Path, marks: Sequence[Mark], whole: bool = False, height_px: int = HEIGHT_PX
) -> Image | None:
    """The first mark with its surroundings, or the whole image; None if unreadable."""
    try:
        photo = open_photo(path, min_long_side_px=MEASURE_PX)
    except PhotoError:
        return None
    boxes = as_boxes([mark.xyxy_px for mark in marks])
    window = np.array([0, 0, *photo.size_wh], dtype=np.float64)
    if marks and not whole:
        window = _window(boxes[0], photo.size_wh, _FAR)
    crop = _cut(photo, window)
    shown, factor = _to_height(crop, height_px)
    for mark, box in zip(marks, boxes, strict=True):
        _draw(shown, (box - np.tile(window[:2], 2)) * photo.scale * factor, mark.rgb)
    return shown


def contact_sheet(
    faces: Sequence[tuple[Sample, ImageStats]], class_id: int, count: int
) -> Image | None:
    """Up to ``count`` faces of one class, evenly from the smallest to the largest."""
    found: list[tuple[float, str, Sample, NDArray[np.float64]]] = []
    for sample, look in faces:
        boxes = sample.labels(look.size_wh).xyxy_px
        for k in np.flatnonzero(sample.class_id == class_id):
            found.append((float(min_side(boxes[k])[0]), sample.name, sample, boxes[k]))
    if not found:
        return None
    found.sort(key=lambda row: row[:2])
    chosen = np.unique(np.linspace(0, len(found) - 1, count).round().astype(int))
    tiles = [_tile(sample, box) for _, _, sample, box in (found[k] for k in chosen)]
    return _mosaic([tile for tile in tiles if tile is not None])


def data_uri(rgb: Image) -> str:
    """``rgb`` as a JPEG inside an address, so that a page needs no other file."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(rgb)).decode()}"


def file_uri(png: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}"


def jpeg(rgb: Image) -> bytes:
    import cv2

    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1])


def _window(
    box: NDArray[np.float64], size_wh: tuple[int, int], around: float
) -> NDArray[np.float64]:
    """A square around ``box``, moved into the image where it would leave it."""
    x1, y1, x2, y2 = box
    side = min(max(x2 - x1, y2 - y1, 16.0) * around, *size_wh)
    left = np.clip((x1 + x2 - side) / 2, 0, size_wh[0] - side)
    top = np.clip((y1 + y2 - side) / 2, 0, size_wh[1] - side)
    return np.array([left, top, left + side, top + side])


def _cut(photo: Photo, window_px: NDArray[np.float64]) -> Image:
    """The pixels of ``photo`` in a window given in pixels of the whole image."""
    x1, y1, x2, y2 = (window_px * photo.scale).round().astype(int)
    return photo.rgb[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]


def _to_height(rgb: Image, height_px: int) -> tuple[Image, float]:
    import cv2

    factor = height_px / rgb.shape[0]
    width = int(np.clip(round(rgb.shape[1] * factor), 1, 3 * height_px))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(rgb, (width, height_px), interpolation=way)), factor


def _draw(rgb: Image, xyxy_px: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    import cv2

    x1, y1, x2, y2 = (int(v) for v in np.clip(xyxy_px, -9999, 9999).round())
    cv2.rectangle(rgb, (x1, y1), (x2, y2), (0, 0, 0), 4, cv2.LINE_AA)
    cv2.rectangle(rgb, (x1, y1), (x2, y2), colour, 2, cv2.LINE_AA)


def _tile(sample: Sample, box: NDArray[np.float64]) -> Image | None:
    import cv2

    try:
        photo = open_photo(sample.path, min_long_side_px=MEASURE_PX)
    except PhotoError:
        return None
    crop = _cut(photo, _window(box, photo.size_wh, _CLOSE))
    way = cv2.INTER_AREA if crop.shape[0] > TILE_PX else cv2.INTER_CUBIC
    tile = cv2.resize(crop, (TILE_PX, TILE_PX), interpolation=way)
    return np.pad(tile, ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=255)


def _mosaic(tiles: Sequence[Image]) -> Image | None:
    if not tiles:
        return None
    columns = min(COLUMNS, len(tiles))
    blank = np.full_like(tiles[0], 255)
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(padded[k : k + columns]) for k in range(0, len(padded), columns)]
    return np.vstack(rows)
