"""Look at one image once: hashes, EXIF, how sharp and bright each face is, what a model sees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import clip_xyxy, min_side
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.dataset.duplicates import perceptual_hash
from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.photos import content_hash, formats, open_photo, read_photo_bytes

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
        orientation=formats.stored_orientation(data),
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
