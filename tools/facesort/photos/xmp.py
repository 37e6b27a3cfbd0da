"""Named face regions in XMP: in the photo itself, and in the side-cars beside it.

MWG (digiKam, Lightroom, Picasa): https://www.exif.org/xmp/MWG_Guidance.pdf , section 5.9; the
centre and size of a region, in shares of the stored image. Microsoft (Windows Photo Gallery):
https://learn.microsoft.com/windows/win32/wic/-wic-people-tagging ; left, top, width, height.
XMP writes one structure in several ways, so fields are looked for as attributes and as elements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from facesort import xml_file
from facesort.errors import LabelError

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
MWG = "{http://www.metadataworkinggroup.com/schemas/regions/}"
AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
AREA_OLD = "{http://ns.adobe.com/xap/1.0/sType/Area#}"
DIMENSIONS = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
MICROSOFT_LIST = "{http://ns.microsoft.com/photo/1.2/t/RegionInfo#}Regions"
MICROSOFT = "{http://ns.microsoft.com/photo/1.2/t/Region#}"
SIDECAR = ".xmp"
_MARKS = (b"<x:xmpmeta", b"</x:xmpmeta>")
_MOST_PACKETS = 4
_MAX_SIDECAR_BYTES = 20_000_000


@dataclass(frozen=True)
class NamedRegion:
    """``xyxyn`` are shares of the stored image; ``applied_wh`` is its size as the program knew it,
    None where it did not say."""

    name: str
    xyxyn: tuple[float, float, float, float]
    applied_wh: tuple[float, float] | None = None


def sidecars_of(photo: Path) -> list[Path]:
    """``a.jpg.xmp``, and ``a.xmp`` as Lightroom calls it, where they are there."""
    names = (photo.with_name(photo.name + SIDECAR), photo.with_suffix(SIDECAR))
    return [path for path in names if path.is_file()]


def read_sidecar(path: Path) -> list[NamedRegion]:
    """Raises `LabelError` where it is none."""
    try:
        if path.stat().st_size > _MAX_SIDECAR_BYTES:
            raise LabelError(f"{path.name}: larger than any side-car; expected XMP")
        return regions(path.read_bytes(), path.name)
    except OSError as error:
        raise LabelError(f"{path.name}: cannot be read ({error.strerror})") from None


def embedded(data: bytes) -> list[NamedRegion]:
    """Those in the bytes of a photo; XMP is made to be found by its marks in any format."""
    found: list[NamedRegion] = []
    begin, end = _MARKS
    at = 0
    for _ in range(_MOST_PACKETS):
        start = data.find(begin, at)
        stop = data.find(end, start) if start >= 0 else -1
        if stop < 0:
            break
        at = stop + len(end)
        with suppress(LabelError):  # cut off, or of a part that only looks like it
            found += regions(data[start:at], "XMP")
    return found


def regions(data: bytes, where: str) -> list[NamedRegion]:
    """The faces with a name, each once; raises `LabelError` for what is no XML."""
    root = xml_file.parse(data, where, "", "XMP")
    out: list[NamedRegion] = []
    for one in (*_mwg(root), *_microsoft(root)):
        if one.name and not any(one.name == o.name and _is_same(one, o) for o in out):
            out.append(one)
    return out


def _mwg(root: ET.Element) -> Iterator[NamedRegion]:
    for info in root.iter(f"{MWG}Regions"):
        fields = _fields(info)
        size = _fields(fields.get(f"{MWG}AppliedToDimensions"))
        w, h = (_number(size.get(DIMENSIONS + key)) for key in "wh")
        applied = (w, h) if min(w, h) > 0 else None
        for li in info.iter(f"{RDF}li"):
            one = _fields(li)
            area = _fields(one.get(f"{MWG}Area"))
            if not area or _text(one.get(f"{MWG}Type")).lower() not in ("face", ""):
                continue
            x, y, width, height = (
                _number(area.get(AREA + key, area.get(AREA_OLD + key))) for key in "xywh"
            )
            if _text(area.get(f"{AREA}unit")) == "pixel" and applied:
                x, y, width, height = x / w, y / h, width / w, height / h
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            yield from _checked(_text(one.get(f"{MWG}Name")), box, applied)


def _microsoft(root: ET.Element) -> Iterator[NamedRegion]:
    for found in root.iter(MICROSOFT_LIST):
        for li in found.iter(f"{RDF}li"):
            one = _fields(li)
            parts = _text(one.get(f"{MICROSOFT}Rectangle")).split(",")
            if len(parts) == 4:
                x, y, w, h = map(_number, parts)
                name = _text(one.get(f"{MICROSOFT}PersonDisplayName"))
                yield from _checked(name, (x, y, x + w, y + h), None)


def _checked(
    name: str,
    box: tuple[float, float, float, float],
    applied: tuple[float, float] | None,
) -> Iterator[NamedRegion]:
    x1, y1, x2, y2 = (min(max(share, 0.0), 1.0) for share in box)
    if all(map(math.isfinite, box)) and x2 > x1 and y2 > y1:
        yield NamedRegion(name, (x1, y1, x2, y2), applied)


def _fields(value: str | ET.Element | None) -> dict[str, str | ET.Element]:
    """The fields of a structure, whichever way it was written."""
    if value is None or isinstance(value, str):
        return {}
    out: dict[str, str | ET.Element] = {}
    for holder in (value, *value.findall(f"{RDF}Description")):
        out |= holder.attrib
        out |= {child.tag: child for child in holder if child.tag != f"{RDF}Description"}
    return out


def _text(value: str | ET.Element | None) -> str:
    text = value if isinstance(value, str) or value is None else value.text
    return " ".join((text or "").split())


def _number(value: str | ET.Element | None) -> float:
    try:
        return float(_text(value))
    except ValueError:
        return math.nan


def _is_same(one: NamedRegion, other: NamedRegion) -> bool:
    """digiKam writes each region for both programs."""
    return max(abs(a - b) for a, b in zip(one.xyxyn, other.xyxyn, strict=True)) < 0.02
