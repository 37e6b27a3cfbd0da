"""Cuts face crops out of a photo, and keeps them from the scan until the plan is carried out.

Nothing may stand in ``faces/`` before the plan is made, and decoding a photo twice costs as much as
looking for faces. So the scan leaves its crops in an unnamed temporary file. It is only a memory:
what is not in it (after a kill, or with a saved plan) is cut again, to the same bytes.
"""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import numpy as np

from facesort.album.plan import CROP_GROWTH
from facesort.album.records import Scan
from facesort.boxes import clip_xyxy, grow_xyxy, pixels_under

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facesort.photos import Photo

JPEG_QUALITY = 90


def cut_crops(photo: Photo, scan: Scan) -> list[bytes]:
    """One upright JPEG for each face of ``scan``, at the size at which ``photo`` was opened."""
    boxes = grow_xyxy([face.xyxy_px for face in scan.faces], CROP_GROWTH) * photo.scale
    height, width = photo.rgb.shape[:2]
    return [_cut(photo.rgb, box) for box in clip_xyxy(boxes, (width, height))]


def _cut(rgb: NDArray[np.uint8], xyxy_px: NDArray[np.float64]) -> bytes:
    from PIL import Image

    height, width = rgb.shape[:2]
    left, top, right, bottom = pixels_under(xyxy_px, (width, height))
    out = io.BytesIO()
    Image.fromarray(rgb[top:bottom, left:right]).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


class CropMemory:
    """Crops of this run by photo; the file has no name, so a kill leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder, buffering=0)
        self._where: dict[str, tuple[int, list[int]]] = {}  # photo: start, sizes

    def keep(self, photo: str, jpegs: list[bytes]) -> None:
        data = b"".join(jpegs)
        with suppress(OSError):  # a full disk: filing will say so; crops can be cut again
            start = self._file.seek(0, io.SEEK_END)
            if self._file.write(data) == len(data):
                self._where[photo] = (start, [len(jpeg) for jpeg in jpegs])

    def take(self, photo: str) -> list[bytes] | None:
        if photo not in self._where:
            return None
        start, sizes = self._where.pop(photo)
        self._file.seek(start)
        return [self._file.read(size) for size in sizes]

    def forget(self) -> None:
        """Give the room on the disk back."""
        self._where.clear()
        self._file.truncate(0)

    def close(self) -> None:
        self._file.close()
