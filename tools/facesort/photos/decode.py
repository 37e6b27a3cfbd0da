"""From the bytes of an image to upright 8-bit RGB: its format, its decoder, its colour mode.

EXIF says which way up it is. EXIF 2.32 (CIPA DC-008), tag 0x0112 Orientation: 1 to 8 say where the
stored first row and column belong. Pillow's own reader raises or warns on the damaged EXIF that
real albums hold, so this one walks the few bytes itself: TIFF 6.0, section 2 (header, image file
directory). Damaged EXIF reads as "upright".
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

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


# format: where its decoder lives. Decoders are called directly rather than through
# ``PIL.Image.open``, whose pixel limit and warnings are settings of the whole process.
_DECODERS: dict[str, tuple[str, str]] = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
}
_SIGNATURES: dict[bytes, str] = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
}
_HEIC_BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 msf1 mif2".split())
_AVIF_BRANDS = frozenset(b"avif avis".split())


def format_of(data: bytes) -> str | None:
    """The name of the format, or None where these bytes are no image that we know."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _format_of_brands(data)
    return next((name for start, name in _SIGNATURES.items() if data.startswith(start)), None)


def _format_of_brands(data: bytes) -> str | None:
    """HEIC and AVIF share a container; its first box lists what it is and what it can pass for."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12]} | {data[k : k + 4] for k in range(16, end, 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def begin(data: bytes, name: str) -> ImageFile:
    """Read the header of an image of format ``name``; the pixels follow with ``load``."""
    module, decoder = _DECODERS[name]
    image: ImageFile = getattr(importlib.import_module(module), decoder)(BytesIO(data))
    return image


def stored_orientation(data: bytes) -> int:
    """The EXIF orientation (1 to 8) in which an image is stored; 1 where it is none of ours, and
    for HEIC and AVIF, which every decoder turns by their own boxes."""
    name = format_of(data)
    if name in (None, "HEIC", "AVIF"):
        return UPRIGHT
    if name == "TIFF":  # a TIFF file is laid out as the EXIF block of the others
        return orientation(data)
    with begin(data, str(name)) as image:
        return orientation(image.info.get("exif") or b"")


def decode_jpeg(data: bytes, size_wh: tuple[int, int], divisor: int) -> NDArray[np.uint8] | None:
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


def to_rgb(image: Image) -> Image:
    """``image`` in RGB, 8 bits; what is transparent lies on white, as on paper."""
    from PIL import Image as pil

    if image.mode.startswith("I") or image.mode == "F":
        return pil.fromarray(_deep_to_8_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        see_through = image.convert("RGBA")
        paper = pil.new("RGBA", image.size, "white")
        return pil.alpha_composite(paper, see_through).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_8_bits(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey values of 16 or 32 bits, or floating point, to 0..255."""
    if grey.dtype.kind == "f":
        values = np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0)
        peak = float(values.max())
        white = next((top for top in (1.0, 255.0, 65535.0) if peak <= top), peak)
        return np.asarray(np.clip(values * (255 / white), 0, 255), dtype=np.uint8)
    if grey.dtype.itemsize == 2:
        return np.asarray(grey >> 8, dtype=np.uint8)
    whole = np.clip(grey.astype(np.int64), 0, None)
    spare_bits = max(int(whole.max()).bit_length() - 8, 0)
    return np.asarray(whole >> (spare_bits + 7) // 8 * 8, dtype=np.uint8)


def turn_upright(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1 to 8). By OpenCV, five times as fast as Pillow or NumPy."""
    import cv2

    if orientation in (5, 6, 7, 8):  # stored on its side
        rgb = np.asarray(cv2.transpose(rgb), dtype=np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)  # 1: left-right, 0: top-bottom
    return rgb if flip is None else np.asarray(cv2.flip(rgb, flip), dtype=np.uint8)
