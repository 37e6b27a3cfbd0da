"""CVAT for images 1.1: one XML for a whole task, boxes in pixels; for video 1.1: tracks.

Format: https://docs.cvat.ai/docs/manual/advanced/formats/format-cvat/ . A polygon, a mask's outline
and a turned box become the box around them. Frames of a video are called ``frame_000012``, as CVAT
itself calls the images that it exports.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.not_kept import say_not_kept
from facesort.labels.resolve import RawAnnotation, RawBox, Reading, resolve

_SHAPES = ("box", "polygon", "ellipse", "polyline", "points", "cuboid", "mask", "skeleton")


class _NoDoctype(ElementTree.TreeBuilder):
    """Entities are what "billion laughs" is made of; CVAT has no use for a DOCTYPE."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("has a DOCTYPE")


def is_cvat(start: bytes) -> bool:
    """By the first bytes of a file."""
    return start[:1] == b"<" and b"<annotations" in start


def read(source: Path, reading: Reading) -> LabelSet:
    """The XML files of a folder, or one."""
    files = sorted(source.rglob("*.xml")) if source.is_dir() else [source]
    extras: Counter[str] = Counter()
    items: list[RawAnnotation] = []
    for file in files:
        root = _root(file)
        items += [_image(image, file.name, extras) for image in root.iter("image")]
        items += _frames(root, file.name, extras)
    return say_not_kept(resolve(items, reading), extras)


def _root(file: Path) -> ElementTree.Element:
    try:
        parser = ElementTree.XMLParser(target=_NoDoctype())
        root = ElementTree.parse(file, parser).getroot()
    except OSError as error:
        raise LabelError(f"{file}: cannot be read ({error.strerror})") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LabelError(
            f"{file}: not an XML file ({error}); expected CVAT's annotations"
        ) from error
    if root is None or root.tag != "annotations":
        raise LabelError(f"{file}: holds no <annotations>; expected CVAT for images 1.1")
    return root


def _image(image: ElementTree.Element, where: str, extras: Counter[str]) -> RawAnnotation:
    name = image.get("name") or ""
    shapes = [shape for shape in image if shape.tag in _SHAPES]
    extras["tags of a whole image"] += sum(child.tag == "tag" for child in image)
    boxes = [
        _box(shape, shape.get("label") or "", f"{where}: {name}: shape {i}", extras)
        for i, shape in enumerate(shapes)
    ]
    return RawAnnotation(name, boxes, _size(image.get("width"), image.get("height")))


def _frames(root: ElementTree.Element, where: str, extras: Counter[str]) -> list[RawAnnotation]:
    """The boxes of all tracks, frame by frame; where a track is outside, there is none."""
    frames: dict[int, list[RawBox]] = defaultdict(list)
    for track in root.iter("track"):
        for shape in track:
            if shape.tag not in _SHAPES or shape.get("outside") == "1":
                continue
            place = f"{where}: track {track.get('id')}: frame {shape.get('frame')}"
            extras["track ids"] += 1
            try:
                number = int(shape.get("frame") or "")
            except ValueError:
                raise LabelError(f"{place}: expected a frame's number") from None
            frames[number].append(_box(shape, track.get("label") or "", place, extras))
    size = root.find("meta/*/original_size")
    size_wh = _size(size.findtext("width"), size.findtext("height")) if size is not None else None
    return [RawAnnotation(f"frame_{n:06d}", boxes, size_wh) for n, boxes in sorted(frames.items())]


def _box(shape: ElementTree.Element, name: str, where: str, extras: Counter[str]) -> RawBox:
    extras["attributes"] += len(shape.findall("attribute"))
    extras["occluded flags"] += shape.get("occluded") == "1"
    try:
        points = _points(shape)
    except ValueError:
        return RawBox(name, where=where, problem="has no numbers for its corners")
    if points is None:
        return RawBox(name, where=where, problem=f"is a {shape.tag}, not an area")
    if shape.tag != "box":
        extras["outlines (their box is kept)"] += 1
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return RawBox(name, (min(xs), min(ys), max(xs), max(ys)), where)


def _points(shape: ElementTree.Element) -> list[tuple[float, float]] | None:
    """What the box must hold; None for what has no area. Raises `ValueError` for no numbers."""
    number = {key: float(value) for key, value in shape.attrib.items() if key in _NUMBERS}
    if shape.tag == "box":
        if not {"xtl", "ytl", "xbr", "ybr"} <= number.keys():
            raise ValueError("corners")
        x1, y1, x2, y2 = (number[key] for key in ("xtl", "ytl", "xbr", "ybr"))
        return _turned(x1, y1, x2, y2, number.get("rotation", 0.0))
    if shape.tag == "ellipse":
        cx, cy, rx, ry = (number.get(key, math.nan) for key in ("cx", "cy", "rx", "ry"))
        return [(cx - rx, cy - ry), (cx + rx, cy + ry)]
    if shape.tag == "polygon":
        pairs = [pair.split(",") for pair in (shape.get("points") or "").split(";")]
        return [(float(x), float(y)) for x, y in pairs]
    return None


_NUMBERS = frozenset("xtl ytl xbr ybr rotation cx cy rx ry".split())


def _turned(
    x1: float, y1: float, x2: float, y2: float, degrees: float
) -> list[tuple[float, float]]:
    """The corners of a box that was turned about its centre."""
    if not degrees:
        return [(x1, y1), (x2, y2)]
    cx, cy, angle = (x1 + x2) / 2, (y1 + y2) / 2, math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos)
        for x in (x1, x2)
        for y in (y1, y2)
    ]


def _size(width: str | None, height: str | None) -> SizeWH | None:
    try:
        size_wh = int(width or ""), int(height or "")
    except ValueError:
        return None
    return size_wh if min(size_wh) > 0 else None


def render(labels: LabelSet) -> str:
    """The XML of a whole set; a face of unknown class is called ``ignore``."""
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    listed = ElementTree.SubElement(task, "labels")
    ignored = any((image.class_id == IGNORE).any() for image in labels.images)
    for name in (*labels.names, *([IGNORE_NAME] if ignored else [])):
        label = ElementTree.SubElement(listed, "label")
        ElementTree.SubElement(label, "name").text = name
        ElementTree.SubElement(label, "attributes")
    for number, image in enumerate(labels.images):
        width, height = image.size_wh
        name = labels.relative(image.path).as_posix()
        place = {"id": str(number), "name": name, "width": str(width), "height": str(height)}
        element = ElementTree.SubElement(root, "image", place)
        rows = zip(image.class_id.tolist(), image.xyxy_px.tolist(), strict=True)
        for class_id, corners in rows:
            label_name = IGNORE_NAME if class_id == IGNORE else labels.names[class_id]
            box = {"label": label_name, "source": "manual", "occluded": "0"}
            box |= dict(zip(("xtl", "ytl", "xbr", "ybr"), map(_number, corners), strict=True))
            ElementTree.SubElement(element, "box", box | {"z_order": "0"})
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
