"""Reads one number from EXIF: which way up the photo is. Damaged EXIF reads as "upright".

EXIF 2.32 (CIPA DC-008), tag 0x0112 Orientation: 1 to 8 say where the stored first row and column
belong.

Pillow's own reader raises or warns on the damaged EXIF that real albums hold, so this one walks
the few bytes itself: TIFF 6.0, section 2 (header, image file directory), tag 0x0112.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Axis = NDArray[np.float64]

# stored x, y, width, height -> upright x, y; the inverse of `facesort.photos.decode.turn_upright`
TURN: dict[int, Callable[[Axis, Axis, int, int], tuple[Axis, Axis]]] = {
    1: lambda x, y, w, h: (x, y),
    2: lambda x, y, w, h: (w - x, y),
    3: lambda x, y, w, h: (w - x, h - y),
    4: lambda x, y, w, h: (x, h - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - y, x),
    7: lambda x, y, w, h: (h - y, w - x),
    8: lambda x, y, w, h: (y, w - x),
}

UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3


def orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing, damaged or out of range."""
    body = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(body[:2])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(order + "I", body, 4)
        (count,) = struct.unpack_from(order + "H", body, start)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", body, start + 2 + 12 * index)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else UPRIGHT
    except struct.error:  # the directory points past the end
        pass
    return UPRIGHT
