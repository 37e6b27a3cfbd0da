"""Writes the pictures that a data set gets besides its originals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

JPEG_QUALITY = 92


def write_jpeg(rgb: NDArray[np.uint8], path: Path, quality: int = JPEG_QUALITY) -> None:
    """``rgb`` as a JPEG at ``path``, whatever letters that holds."""
    import cv2

    bgr = np.ascontiguousarray(rgb[..., ::-1])
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    path.write_bytes(data.tobytes())
