"""Boxes of tools that ignore EXIF: from the picture as it is stored to the upright one.

EXIF 2.32 (CIPA DC-008), tag 0x0112 Orientation: 1 to 8 say where the stored first row and column
belong. labelImg (`QImageReader.setAutoTransform`) and browsers show pictures upright; tools that
read pixels with PIL, or with OpenCV and IMREAD_IGNORE_ORIENTATION, draw on the stored ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facesort.boxes import Boxes, SizeWH
from facesort.photos import exif
from facesort.photos.stored import read_whole


@dataclass(frozen=True)
class Shape:
    """The size of an upright picture, and the EXIF orientation (1 to 8) it is stored in; of one
    that ``has_end``, the end of the file was seen."""

    size_wh: SizeWH
    orientation: int
    has_end: bool = False

    @property
    def stored_wh(self) -> SizeWH:
        return self.size_wh[::-1] if self.orientation >= 5 else self.size_wh


def shape_of(picture: Path) -> Shape:
    """The shape of ``picture``; raises `PhotoError` where it is none, or cut off."""
    stored = read_whole(picture)
    return Shape(stored.upright_wh, stored.orientation, stored.has_end)


def to_upright(xyxy_px: Boxes, shape: Shape) -> Boxes:
    """Boxes in pixels of the stored picture as boxes of the upright one."""
    w, h = shape.stored_wh
    x, y = exif.TURN[shape.orientation](xyxy_px[:, 0::2], xyxy_px[:, 1::2], w, h)
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
