"""Which kind of image some bytes are, whatever the file is called, and who decodes it."""

from __future__ import annotations

import importlib
from io import BytesIO
from typing import TYPE_CHECKING

from facesort.photos import exif

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

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
        return exif.UPRIGHT
    if name == "TIFF":  # a TIFF file is laid out as the EXIF block of the others
        return exif.orientation(data)
    with begin(data, str(name)) as image:
        return exif.orientation(image.info.get("exif") or b"")
