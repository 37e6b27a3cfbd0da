"""JPEGs by libjpeg-turbo in one call, in half the time that Pillow takes for its line by line.

The pixels are Pillow's own, bit by bit, which a test asserts. This way is strict: a file with
anything odd about it is left to Pillow, who knows what to make of it or says why not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def decode(data: bytes, size_wh: tuple[int, int], divisor: int) -> NDArray[np.uint8] | None:
    """The image in RGB (h, w, 3), as stored, shrunk by exactly ``divisor`` (1, 2, 4 or 8); None
    where it is for Pillow to decode: oddities, damage, a side below ``divisor``, no simplejpeg."""
    try:
        from simplejpeg import decode_jpeg
    except ImportError:
        return None
    width, height = size_wh
    if min(size_wh) < divisor:
        return None
    try:
        rgb: NDArray[np.uint8] = decode_jpeg(
            data, "RGB", min_width=width // divisor, min_height=height // divisor, min_factor=1
        )
    except ValueError:
        return None
    shrunk = -(-height // divisor), -(-width // divisor), 3
    return rgb if rgb.shape == shrunk else None
