"""How a photo lies in its file: its size there, and which way up; without decoding it.

Other programs' face regions speak of these pixels, ours of the upright ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.photos import decode, exif
from facesort.photos.opener import open_photo, read_photo_bytes

_HEAD_BYTES = 1 << 18  # in which a JPEG says its size, as a rule
_SMALL_PX = 64
_BACK = {6: 8, 8: 6}  # all other orientations undo themselves


@dataclass(frozen=True)
class Stored:
    """``size_wh`` as stored; turned by the EXIF ``orientation`` (1 to 8), the photo is upright."""

    size_wh: tuple[int, int]
    orientation: int

    @property
    def upright_wh(self) -> tuple[int, int]:
        return self.size_wh[::-1] if self.orientation >= 5 else self.size_wh


def read_stored(path: Path) -> Stored:
    """Raises `PhotoError` where ``path`` is no photo."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
        if decode.format_of(head) == "JPEG":
            with decode.begin(head, "JPEG") as image:
                return Stored(image.size, exif.orientation(image.info.get("exif") or b""))
    except Exception:  # a longer header, or a damaged file: what the opener says of it counts
        pass
    data = read_photo_bytes(path)
    turned = decode.stored_orientation(data)
    width, height = open_photo(data, _SMALL_PX).size_wh
    return Stored((height, width) if turned >= 5 else (width, height), turned)


def to_stored(xyxy_px: NDArray[np.float64], stored: Stored) -> NDArray[np.float64]:
    """Boxes (n, 4) of the upright photo as boxes of the one in the file."""
    turn = exif.TURN[_BACK.get(stored.orientation, stored.orientation)]
    x, y = turn(xyxy_px[:, 0::2], xyxy_px[:, 1::2], *stored.upright_wh)
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
