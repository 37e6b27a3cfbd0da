"""The one image opener: every box and every pixel of this project speaks of what it returns.

A photo comes back upright (EXIF orientation applied), in 8-bit RGB, on white where it was
transparent, the first frame where it moves, and is recognised by its content, not its name.
A `PhotoError` names the path where it was given one; of bytes, only the caller knows it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.errors import PhotoError
from facesort.photos import decode
from facesort.photos.listing import is_video
from facesort.photos.remote import Place, Remote

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 250_000_000  # a phone's 200-megapixel mode passes, a decompression bomb does not
MAX_DECODED_PIXELS = 100_000_000  # what may become an array (300 MB); larger JPEGs come smaller
MAX_FILE_BYTES = 1_000_000_000
_HASH_BYTES = 16
_BLOCK_BYTES = 1 << 20
_ZERO_TAIL_BYTES = 512
_PILLOW = re.compile(r"PIL\.")
_EMPTY = "is empty (0 bytes); expected a photo; copy it again from its source"
_EXPECTED = "expected JPEG, PNG, WebP, TIFF, BMP, HEIC or AVIF"


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photo, perhaps at reduced size; ``scale`` is its width over the full width."""

    rgb: NDArray[np.uint8]  # (height, width, 3)
    size_wh: tuple[int, int]  # of the full upright photo
    scale: float


def read_photo_bytes(path: Place, listed_bytes: int = 0) -> bytes:
    """The bytes of a photo; `PhotoError` where they cannot be had. Behind a URL, ``listed_bytes``
    is believed: to ask for the size would be one more request a photo."""
    try:
        size_bytes = listed_bytes if isinstance(path, Remote) else _size_of_file(path)
        if size_bytes > MAX_FILE_BYTES:
            raise PhotoError(
                f"has {size_bytes / 1e9:.1f} GB; expected at most "
                f"{MAX_FILE_BYTES / 1e9:.0f} GB; save a smaller copy"
            )
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(_why_not_read(error)) from error
    if not data:
        raise PhotoError(_EMPTY)
    return data


def _size_of_file(path: Path) -> int:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):  # a folder, or a pipe that would never end
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a file"
        raise PhotoError(f"is {kind}; expected a photo; rename it or leave it out")
    return status.st_size


def _why_not_read(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "is no longer there; expected a photo; run again to list the folder anew"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be read (no permission); expected read access; change its permissions"
    return f"cannot be read ({error.strerror or error}); expected a photo; check the disk"


def content_hash(data: bytes) -> str:
    """What a photo is known by, wherever it lies: BLAKE2b, 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=_HASH_BYTES).hexdigest()


def new_content_hash() -> hashlib.blake2b:
    """`content_hash`, to be given the bytes piece by piece."""
    return hashlib.blake2b(digest_size=_HASH_BYTES)


def content_of(path: Path) -> str:
    """`content_hash` of a photo's or a video's bytes; `PhotoError` where they cannot be had."""
    if not is_video(path):
        return content_hash(read_photo_bytes(path))
    try:
        content = new_content_hash()
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                content.update(block)
        return content.hexdigest()
    except OSError as error:
        raise PhotoError(_why_not_read(error)) from error


def open_photo(source: Path | bytes, min_long_side_px: int | None = None) -> Photo:
    """Open a photo from a file or its bytes. With ``min_long_side_px`` it may come back smaller,
    by a whole divisor, its longer side never below that (nor below its own full length)."""
    if isinstance(source, bytes):
        return _open_bytes(source, min_long_side_px)
    try:
        return _open_bytes(read_photo_bytes(source), min_long_side_px)
    except PhotoError as error:
        raise PhotoError(f"{source}: {error}") from error


def _open_bytes(data: bytes, min_long_side_px: int | None) -> Photo:
    name = decode.format_of(data)
    if name is None:
        raise PhotoError(_why_no_image(data) if data else _EMPTY)
    _quiet_pillow()
    try:
        return _decode(_without_zero_tail(data, name), name, min_long_side_px)
    except PhotoError:
        raise
    except Exception as error:  # decoders meet damaged files with exceptions of every kind
        raise PhotoError(_why_not_decoded(error, name)) from error


def _decode(data: bytes, name: str, min_long_side_px: int | None) -> Photo:
    with decode.begin(data, name) as image:
        size_wh = image.size
        divisor = _divisor(size_wh, min_long_side_px, name)
        if name == "JPEG":
            fast = (
                decode.decode_jpeg(data, size_wh, divisor) if image.mode in ("RGB", "L") else None
            )
            if fast is not None:
                return _upright(fast, decode.orientation(image.info.get("exif") or b""), size_wh)
            _decode_at(image, divisor)
        image.load()
        # TIFF and HEIC decoders turn the image themselves, and leave no orientation behind
        turned = decode.orientation(image.info.get("exif") or b"")
        size_wh = size_wh if name == "JPEG" else image.size  # only the JPEG decoder shrinks
        rgb = decode.to_rgb(image)
        if name != "JPEG" and divisor > 1:
            rgb = rgb.reduce(divisor)
        return _upright(np.array(rgb), turned, size_wh)


def _upright(stored: NDArray[np.uint8], turned: int, size_wh: tuple[int, int]) -> Photo:
    """The photo of pixels as stored, whose full size is ``size_wh``."""
    rgb = decode.turn_upright(stored, turned)
    upright_wh = size_wh[::-1] if turned >= 5 else size_wh
    return Photo(rgb, upright_wh, rgb.shape[1] / upright_wh[0])


def _divisor(size_wh: tuple[int, int], min_long_side_px: int | None, name: str) -> int:
    """By how much to shrink: 1, 2, 4 or 8. A photo that is too large is refused, but for a JPEG
    that comes within bounds when decoded smaller."""
    long_px, area = max(size_wh), size_wh[0] * size_wh[1]
    limit = MAX_PIXELS if name == "JPEG" else MAX_DECODED_PIXELS
    if area > limit:
        raise PhotoError(
            f"has {size_wh[0]} x {size_wh[1]} pixels ({area / 1e6:.0f} million); expected at "
            f"most {limit / 1e6:.0f} million in a {name} file; save a smaller copy"
        )
    wanted = long_px // min_long_side_px if min_long_side_px else 1
    divisor = next(d for d in (8, 4, 2, 1) if d <= max(wanted, 1))
    while area / divisor**2 > MAX_DECODED_PIXELS:
        divisor *= 2
    return divisor


def _decode_at(image: ImageFile, divisor: int) -> None:
    """Have the JPEG decoder shrink by exactly ``divisor``, which costs less than decoding whole.

    ``draft`` takes the largest divisor that leaves *both* sides at least as long as asked, so
    we ask for a length along the longer side only.
    """
    w, h = image.size
    asked = max(w, h) // divisor
    image.draft(None, (asked, 1) if w >= h else (1, asked))


def _without_zero_tail(data: bytes, name: str) -> bytes:
    """An interrupted copy often has the right length and zeros at its end, which most decoders
    would paint grey; without them they notice that the image is cut off. (In TIFF and BMP,
    zeros may be a black image.)"""
    if name in ("TIFF", "BMP") or not data.endswith(bytes(_ZERO_TAIL_BYTES)):
        return data
    return data.rstrip(b"\0")


def _quiet_pillow() -> None:
    """Keep Pillow's remarks on odd metadata and large sizes off the screen: what matters of them
    is checked here. Filters belong to the process, and swapping them around each photo would not
    be safe with threads; so they are set once, and only for Pillow's own modules."""
    for category in (UserWarning, RuntimeWarning):
        if ("ignore", None, category, _PILLOW, 0) not in warnings.filters:
            warnings.filterwarnings("ignore", category=category, module=_PILLOW.pattern)


def _why_no_image(data: bytes) -> str:
    if data.startswith(b"%PDF"):
        kind = "is a PDF document"
    elif not any(data):
        kind = "holds nothing but zeros (an interrupted copy)"
    elif _is_text(data[:512]):
        kind = "is text"
    else:
        kind = "is of no known kind"
    return f"{kind}, not an image; {_EXPECTED}; copy it again or leave it out"


def _is_text(start: bytes) -> bool:
    return b"\0" not in start and start.decode("utf-8", "ignore").encode()[:-4] in start


def _why_not_decoded(error: Exception, name: str) -> str:
    detail = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        return f"needs more memory than there is ({name}); close other programs or save it smaller"
    if isinstance(error, EOFError) or re.search("trunc|end of file|not enough", detail, re.I):
        return f"ends too early ({name}: {detail}); expected a whole file; copy it again"
    return f"is damaged ({name}: {detail}); expected a whole file; copy it again"
