"""CVAT for images 1.1: one XML for a whole task, boxes in pixels; for video 1.1: tracks.

What is written lists the images, and boxes with a track id as tracks over their numbers: CVAT's
importer takes both from one file.

Format: https://docs.cvat.ai/docs/manual/advanced/formats/format-cvat/ . A polygon, a mask's outline
and a turned box become the box around them. Frames of a video are called ``frame_000012``, as CVAT
itself calls the images that it exports.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from facesort import xml_file
from facesort.boxes import SizeWH
from facesort.labels import extras
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.cvat_tracks import TrackBox, add_attributes, add_track, read_tracks
from facesort.labels.extras import Extras, as_int
from facesort.labels.image_finder import Images
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, Reading, resolve, say_not_kept

_BETWEEN = "between"
_SHAPES = ("box", "polygon", "ellipse", "polyline", "points", "cuboid", "mask", "skeleton")


def is_cvat(start: bytes) -> bool:
    """By the first bytes of a file."""
    return start[:1] == b"<" and b"<annotations" in start


def read(source: Path, reading: Reading) -> LabelSet:
    """The XML files of a folder, or one."""
    files = sorted(source.rglob("*.xml")) if source.is_dir() else [source]
    not_kept: Counter[str] = Counter()
    items: list[RawAnnotation] = []
    for file in files:
        root = xml_file.load(file, "annotations", "CVAT for images 1.1")
        items += _annotations(root, file.name, reading.images, not_kept)
    made = not_kept.pop(_BETWEEN, 0)
    labels = say_not_kept(resolve(items, reading), not_kept)
    if not made:
        return labels
    note = f"boxes between two keyframes of a track, which the file leaves to the reader: {made:,}"
    return replace(labels, notes=(*labels.notes[:1], note, *labels.notes[1:]))


def _annotations(
    root: ElementTree.Element, where: str, images: Path, not_kept: Counter[str]
) -> list[RawAnnotation]:
    """The images of one file with the boxes of its tracks."""
    listed = [_image(image, where, not_kept) for image in root.iter("image")]
    numbers = [image.get("id") or "" for image in root.iter("image")]
    by_frame = {int(n): i for i, n in enumerate(numbers) if n.isascii() and n.isdigit()}
    frames = _frames(root, where, images, by_frame, not_kept)
    size = root.find("meta/*/original_size")
    size_wh = _size(size.findtext("width"), size.findtext("height")) if size is not None else None
    for number, boxes in sorted(frames.items()):
        if number in by_frame:
            at = by_frame[number]
            listed[at] = replace(listed[at], boxes=[*listed[at].boxes, *boxes])
        else:
            listed.append(RawAnnotation(_frame_name(number), boxes, size_wh))
    return listed


def _image(image: ElementTree.Element, where: str, not_kept: Counter[str]) -> RawAnnotation:
    name = image.get("name") or ""
    shapes = [shape for shape in image if shape.tag in _SHAPES]
    not_kept["tags of a whole image"] += sum(child.tag == "tag" for child in image)
    boxes = [
        _box(shape, shape.get("label") or "", f"{where}: {name}: shape {i}", not_kept)
        for i, shape in enumerate(shapes)
    ]
    return RawAnnotation(name, boxes, _size(image.get("width"), image.get("height")))


def _frames(
    root: ElementTree.Element,
    where: str,
    images: Path,
    by_frame: Mapping[int, int],
    not_kept: Counter[str],
) -> dict[int, list[RawBox]]:
    """The boxes of all tracks by frame. Of the frames between keyframes, only those count that
    are there: of most videos, some frames are labelled."""
    there: list[Images] = []  # listed when the first is looked for

    def is_there(number: int) -> bool:
        if number in by_frame:
            return True
        if not there:
            there.append(Images(images))
        return isinstance(there[0].find(_frame_name(number)), Path)

    out: dict[int, list[RawBox]] = defaultdict(list)
    for track in root.iter("track"):
        track_id = as_int(track.get("id"))

        def to_box(
            shape: ElementTree.Element, name: str, place: str, own: int | None = track_id
        ) -> RawBox:
            return _box(shape, name, place, not_kept, own)

        found = read_tracks([track], where, _SHAPES, to_box, is_there)
        not_kept[_BETWEEN] += found.made
        for number, boxes in found.boxes.items():
            out[number] += boxes
    return out


def _frame_name(number: int) -> str:
    return f"frame_{number:06d}"


def _box(
    shape: ElementTree.Element,
    name: str,
    where: str,
    not_kept: Counter[str],
    track_id: int | None = None,
) -> RawBox:
    try:
        points = _points(shape)
    except ValueError:
        return RawBox(name, where=where, problem="has no numbers for its corners")
    if points is None:
        return RawBox(name, where=where, problem=f"is a {shape.tag}, not an area")
    if shape.tag != "box":
        not_kept["outlines (their box is kept)"] += 1
    xs, ys = [x for x, _ in points], [y for _, y in points]
    named = {(a.get("name") or ""): (a.text or "") for a in shape.findall("attribute")}
    given = Extras(track_id, occluded=shape.get("occluded") == "1")
    box = (min(xs), min(ys), max(xs), max(ys))
    return RawBox(name, box, where, extras=extras.from_named(named, given))


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
    attributes = _attribute_names(labels)
    for name in (*labels.names, *([IGNORE_NAME] if ignored else [])):
        label = ElementTree.SubElement(listed, "label")
        ElementTree.SubElement(label, "name").text = name
        declared = ElementTree.SubElement(label, "attributes")
        for attribute_name in attributes:
            attribute = ElementTree.SubElement(declared, "attribute")
            ElementTree.SubElement(attribute, "name").text = attribute_name
            ElementTree.SubElement(attribute, "mutable").text = "True"
            ElementTree.SubElement(attribute, "input_type").text = "text"
            ElementTree.SubElement(attribute, "default_value")
            ElementTree.SubElement(attribute, "values")
    tracks: dict[tuple[int, str], list[TrackBox]] = defaultdict(list)
    for number, image in enumerate(labels.images):
        width, height = image.size_wh
        name = labels.relative(image.path).as_posix()
        place = {"id": str(number), "name": name, "width": str(width), "height": str(height)}
        element = ElementTree.SubElement(root, "image", place)
        for class_id, corners, more in image.rows():
            label_name = IGNORE_NAME if class_id == IGNORE else labels.names[class_id]
            box = {"occluded": str(int(more.occluded))}
            box |= dict(zip(("xtl", "ytl", "xbr", "ybr"), map(_number, corners), strict=True))
            box["z_order"] = "0"
            named = more.named(apart=("track_id", "occluded"))
            if more.track_id is not None:
                tracks[more.track_id, label_name].append(TrackBox(number, box, named))
                continue
            source = {"label": label_name, "source": "manual"}
            add_attributes(ElementTree.SubElement(element, "box", source | box), named)
    if tracks:  # without it Datumaro reads no tracks
        size = ElementTree.SubElement(task, "original_size")
        for tag, length in zip(("width", "height"), labels.images[0].size_wh, strict=True):
            ElementTree.SubElement(size, tag).text = str(length)
    for (track_id, label_name), boxes in tracks.items():
        add_track(root, track_id, label_name, boxes, len(labels.images))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _attribute_names(labels: LabelSet) -> list[str]:
    """CVAT takes only what the task declares."""
    apart = ("track_id", "occluded")
    extras_of_all = (more for image in labels.images for more in image.extras)
    return sorted({name for more in extras_of_all for name in more.named(apart)})


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
