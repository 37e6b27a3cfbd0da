"""How a photo lies in its file: its size there, and which way up; without decoding it.

Other programs' face regions speak of these pixels, ours of the upright ones.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.photos import decode
from facesort.photos.opener import open_photo, read_photo_bytes

_HEAD_BYTES = 1 << 18  # in which a JPEG says its size, as a rule
_SHORT_HEAD_BYTES = 1 << 15
_SMALL_PX = 64
_END = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_TAIL_BYTES = 8
_SURE_PIXELS = 50_000_000  # larger ones may be too large: for the opener to say
_BACK = {6: 8, 8: 6}  # all other orientations undo themselves


@dataclass(frozen=True)
class Stored:
    """``size_wh`` as stored; turned by the EXIF ``orientation`` (1 to 8), the photo is upright. Of
    a file that ``has_end``, the end mark of its format was seen."""

    size_wh: tuple[int, int]
    orientation: int
    has_end: bool = False

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
                return Stored(image.size, decode.orientation(image.info.get("exif") or b""))
    except Exception:  # a longer header, or a damaged file: what the opener says of it counts
        pass
    return _opened(path)


def read_whole(path: Path) -> Stored:
    """Like `read_stored`, but raises `PhotoError` for a photo that is cut off as well.

    A JPEG or PNG with its end mark is believed by its header, which takes a tenth of the time of
    decoding it; all else is opened.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(_SHORT_HEAD_BYTES)
            file.seek(-min(len(head), _TAIL_BYTES), os.SEEK_END)
            tail = file.read(_TAIL_BYTES)
        kind = decode.format_of(head)
        if kind in _END and tail.endswith(_END[kind]):
            with decode.begin(head, kind) as image:
                size_wh, turned = image.size, decode.orientation(image.info.get("exif") or b"")
            if size_wh[0] * size_wh[1] <= _SURE_PIXELS:
                return Stored(size_wh, turned, has_end=True)
    except Exception:  # a longer header, or a damaged file: what the opener says of it counts
        pass
    return _opened(path)


def _opened(path: Path) -> Stored:
    data = read_photo_bytes(path)
    width, height = open_photo(data, _SMALL_PX).size_wh  # says what is wrong with it, if anything
    turned = decode.stored_orientation(data)
    return Stored((height, width) if turned >= 5 else (width, height), turned)


def to_stored(xyxy_px: NDArray[np.float64], stored: Stored) -> NDArray[np.float64]:
    """Boxes (n, 4) of the upright photo as boxes of the one in the file."""
    turn = decode.TURN[_BACK.get(stored.orientation, stored.orientation)]
    x, y = turn(xyxy_px[:, 0::2], xyxy_px[:, 1::2], *stored.upright_wh)
    return np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
