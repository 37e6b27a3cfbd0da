"""Training images, reduced to what is trained at, in memory, each with how often it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes
from facesort.classes import FaceClass
from facesort.models.training.resident.pool import SIDES_PX, LabelledImage
from facesort.photos import open_photo

# An image is drawn as often as its rarest class wants; covered eyes are rare in photos.
RARE = {int(FaceClass.masked_sunglasses): 3.0, int(FaceClass.sunglasses): 1.8}

Labels = tuple[Path, Boxes, NDArray[np.int64]]  # image, xyxy px, class of each face


def load_images(
    labels: Sequence[Labels],
    weights: Mapping[str, float] | None = None,
    late: Collection[str] = (),
    largest_px: int = SIDES_PX[-1],
) -> list[LabelledImage]:
    """Read ``labels`` in parallel, reduced to ``largest_px`` where larger.

    ``weights`` multiplies how often images are drawn whose file name begins with a key; names that
    begin with one of ``late`` join in at the second stage. Raises `PhotoError` for an image that
    cannot be opened.
    """
    chosen = weights or {}

    def one(item: Labels) -> LabelledImage:
        path, xyxy_px, class_id = item
        weight = max((RARE.get(int(c), 1.0) for c in class_id), default=1.0)
        for prefix, factor in chosen.items():
            weight *= factor if path.name.startswith(prefix) else 1.0
        rgb, scale = _reduced(open_photo(path).rgb, largest_px)
        group = int(path.name.startswith(tuple(late)))
        return LabelledImage(rgb, xyxy_px * scale, class_id, weight, group)

    with ThreadPoolExecutor() as threads:
        return list(threads.map(one, labels))


def _reduced(rgb: NDArray[np.uint8], largest_px: int) -> tuple[NDArray[np.uint8], float]:
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, largest_px / max(height, width))
    if scale == 1.0:
        return rgb, scale
    size_wh = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8), scale
