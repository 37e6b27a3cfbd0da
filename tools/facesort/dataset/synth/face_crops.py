"""A labelled image cut to one of its faces with a random margin, as other tools' crops are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import area, clip_xyxy
from facesort.labels.image_labels import ImageLabels

CROP_LONG_SIDE_PX = (55.0, 220.0)

Image = NDArray[np.uint8]
_WHOLE, _GONE = 0.7, 0.02  # shares of another face's box in the window


def crop_to_face(
    labels: ImageLabels, index: int, rgb: Image, rng: np.random.Generator
) -> tuple[ImageLabels, Image]:
    """The image cut to face ``index`` and shrunk; as it was where another face would be cut."""
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = labels.xyxy_px[index]
    w, h = x2 - x1, y2 - y1
    left, top, right, bottom = rng.uniform(0.0, 0.5, size=4) * rng.uniform(0, 1.2)
    grown = [[x1 - left * w, y1 - top * h, x2 + right * w, y2 + bottom * h]]
    a, b, c, d = clip_xyxy(grown, (width, height))[0].round().astype(int)
    inside = clip_xyxy(labels.xyxy_px - [a, b, a, b], (c - a, d - b))
    share = area(inside) / np.maximum(area(labels.xyxy_px), 1e-9)
    others = np.arange(len(share)) != index
    if ((share > _GONE) & (share < _WHOLE) & others).any():
        return labels, rgb
    keep = share >= _WHOLE
    cut = np.ascontiguousarray(rgb[b:d, a:c])
    out = ImageLabels.of(labels.path, (c - a, d - b), inside[keep], labels.class_id[keep])
    return shrink(out, cut, float(np.exp(rng.uniform(*np.log(CROP_LONG_SIDE_PX)))))


def shrink(labels: ImageLabels, rgb: Image, longest_px: float) -> tuple[ImageLabels, Image]:
    """The image with its longer side at most ``longest_px``; never enlarged."""
    import cv2

    factor = longest_px / max(rgb.shape[:2])
    if factor >= 1:
        return labels, rgb
    size_wh = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    small = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    boxes = labels.xyxy_px * factor
    return ImageLabels.of(labels.path, size_wh, boxes, labels.class_id), small
