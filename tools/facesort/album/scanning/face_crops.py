"""Cuts face crops out of a photo, and keeps them from the scan until the plan is carried out.

Nothing may stand in ``faces/`` before the plan is made, and decoding a photo twice costs as much as
looking for faces. So the scan leaves its crops in a file, where the run after a kill finds them. It
is only a memory: what is not in it (with a saved plan, say) is cut again, to the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facesort.album.plan import CROP_GROWTH, JPEG_QUALITY
from facesort.album.records import Scan
from facesort.album.untrusted import DAMAGED, whole_number
from facesort.boxes import clip_xyxy, grow_xyxy, pixels_under
from facesort.photos import content_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facesort.photos import Photo


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
    """Crops by photo, in ``file``: for each photo a line of JSON, then its JPEGs."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._where: dict[str, tuple[str, int, list[int]]] = {}  # photo: key, start, sizes
        whole = self._read() if file.exists() else 0
        self._file = open(file, "ab+", buffering=0)
        self._file.truncate(whole)

    def keep(self, scan: Scan, jpegs: list[bytes]) -> None:
        if not jpegs:
            return
        key, sizes = _key(scan), [len(jpeg) for jpeg in jpegs]
        head = json.dumps([scan.photo, key, sizes]).encode("ascii") + b"\n"
        data = b"".join((head, *jpegs))
        with suppress(OSError):  # a full disk: filing will say so; crops can be cut again
            start = self._file.seek(0, io.SEEK_END)
            if self._file.write(data) == len(data):
                self._where[scan.photo] = key, start + len(head), sizes
            else:
                self._file.truncate(start)

    def take(self, scan: Scan) -> list[bytes] | None:
        """The crops of ``scan``, once; None where they are not of these very boxes."""
        key, start, sizes = self._where.pop(scan.photo, ("", 0, []))
        if key != _key(scan):
            return None
        self._file.seek(start)
        jpegs = [self._file.read(size) for size in sizes]
        return jpegs if [len(jpeg) for jpeg in jpegs] == sizes else None

    def forget(self) -> None:
        """Give the room on the disk back."""
        self._where.clear()
        self._file.truncate(0)

    def close(self) -> None:
        self._file.close()

    def remove(self) -> None:
        """Everything is filed."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _read(self) -> int:
        """Take over what a killed run has kept; returns up to where the file is whole."""
        size, whole = self._path.stat().st_size, 0
        with open(self._path, "rb") as file, suppress(*DAMAGED):
            while head := file.readline():
                photo, key, sizes = json.loads(head)
                sizes = [whole_number(one, "size") for one in sizes]
                start, whole_now = file.tell(), file.tell() + sum(sizes)
                if whole_now > size or not head.endswith(b"\n"):
                    break
                self._where[photo] = key, start, sizes
                whole = file.seek(whole_now)
        return whole


def _key(scan: Scan) -> str:
    """Of what the crops of a scan depend on."""
    boxes = [face.xyxy_px for face in scan.faces]
    return content_hash(repr((scan.content, scan.scale, boxes)).encode())


@contextmanager
def crop_memory(file: Path) -> Iterator[CropMemory]:
    """The memory. It stays where a run is stopped, for the one that goes on; after anything else,
    such as a full disk, it only takes room."""
    memory = CropMemory(file)
    try:
        yield memory
    except KeyboardInterrupt:
        memory.close()
        raise
    except BaseException:
        memory.remove()
        raise
    memory.remove()
