"""XMP side-cars with face regions and names, as exiftool, exiv2, darktable and digiKam read them.

Lightroom and Bridge read no ``photo.jpg.xmp``, only what is in the JPEG itself; README says how the
names get there.

Regions follow the Metadata Working Group (Guidelines for Handling Image Metadata 2.0, 5.9): centre
and size, as shares of the picture *as it is stored*, before its orientation is applied; hence the
stored size in AppliedToDimensions, and the orientation beside them (TIFF tag 274), for programs
that read the side-car alone. Names are also keywords: flat (dc:subject), and below "People" as
Lightroom (lr:hierarchicalSubject) and digiKam (digiKam:TagsList) write them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from facesort.boxes import as_boxes, clip_xyxy
from facesort.photos.stored import Stored, to_stored

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}
ROOT = "People"  # what the names are filed under


@dataclass(frozen=True)
class Region:
    """A face of ``name``, its box in pixels of the upright photo."""

    name: str
    xyxy_px: tuple[float, float, float, float]


def side_car(regions: Sequence[Region], stored: Stored) -> bytes:
    """The whole file."""
    for prefix, uri in NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    meta = ET.Element(_tag("x", "xmpmeta"))
    rdf = ET.SubElement(meta, _tag("rdf", "RDF"))
    about = ET.SubElement(rdf, _tag("rdf", "Description"), {_tag("rdf", "about"): ""})
    about.set(_tag("tiff", "Orientation"), str(stored.orientation))
    names = sorted({region.name for region in regions})
    _list(about, _tag("dc", "subject"), "Bag", names)
    _list(about, _tag("lr", "hierarchicalSubject"), "Bag", [f"{ROOT}|{name}" for name in names])
    _list(about, _tag("digiKam", "TagsList"), "Seq", [f"{ROOT}/{name}" for name in names])
    _regions(about, regions, stored)
    ET.indent(meta, " ")
    data: bytes = ET.tostring(meta, "utf-8", xml_declaration=True)
    return data + b"\n"


def _regions(about: ET.Element, regions: Sequence[Region], stored: Stored) -> None:
    width, height = stored.size_wh
    info = _struct(about, _tag("mwg-rs", "Regions"))
    size = {"w": str(width), "h": str(height), "unit": "pixel"}
    _struct(info, _tag("mwg-rs", "AppliedToDimensions"), "stDim", size)
    bag = ET.SubElement(ET.SubElement(info, _tag("mwg-rs", "RegionList")), _tag("rdf", "Bag"))
    boxes = to_stored(as_boxes([region.xyxy_px for region in regions]), stored)
    for region, box in zip(regions, clip_xyxy(boxes, stored.size_wh), strict=True):
        x1, y1, x2, y2 = box / np.array([width, height, width, height])
        area = {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "w": x2 - x1, "h": y2 - y1}
        one = _struct(ET.SubElement(bag, _tag("rdf", "li")), _tag("rdf", "Description"))
        one.set(_tag("mwg-rs", "Name"), region.name)
        one.set(_tag("mwg-rs", "Type"), "Face")
        shares = {key: f"{share:.6f}" for key, share in area.items()} | {"unit": "normalized"}
        _struct(one, _tag("mwg-rs", "Area"), "stArea", shares)


def _struct(
    parent: ET.Element, tag: str, prefix: str = "", values: dict[str, str] | None = None
) -> ET.Element:
    """A structure; its fields as attributes, those of ``values`` in the namespace ``prefix``."""
    element = ET.SubElement(parent, tag)
    if tag != _tag("rdf", "Description") and not values:
        element.set(_tag("rdf", "parseType"), "Resource")
    for key, value in (values or {}).items():
        element.set(_tag(prefix, key), value)
    return element


def _list(parent: ET.Element, tag: str, kind: str, values: Iterable[str]) -> None:
    items = ET.SubElement(ET.SubElement(parent, tag), _tag("rdf", kind))
    for value in values:
        ET.SubElement(items, _tag("rdf", "li")).text = value


def _tag(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"
