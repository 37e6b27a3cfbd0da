"""What the members of a WebDataset sample say of its faces.

``.json`` holds one of these shapes, perhaps with ``width`` and ``height`` of the image:

    {"annotations": [{"bbox": [x, y, w, h], "category_id": 1}, ...]}   COCO, a sample at a time;
                     also under "objects" or "boxes", or as the list alone; the class is a number
                     or a text under category, class, label or name, with or without _id, _name
    {"bbox": [[x, y, w, h], ...], "categories": [1, ...]}   as Hugging Face's guide to WebDataset
                     has it, also below "objects": https://huggingface.co/docs/datasets/image_dataset
    {"boxes": [[x1, y1, x2, y2], ...], "labels": [1, ...]}   as torchvision's detectors take it
    [{"LabelName": "...", "XMin": 0.1, "XMax": ..., "YMin": ..., "YMax": ...}, ...]   Open Images

``.xml`` is Pascal VOC, ``.txt`` YOLO's lines, ``.cls`` a number or name: the class of all the
image. Where several speak of boxes, the first of this order counts. Numbers are those of a class
list beside the shards, from 0, or of COCO's ``categories``; else a number is its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels import coco, json_file, voc, yolo_lines
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.named_crops import plain_text
from facesort.labels.resolve import RawBox

Names: TypeAlias = Sequence[str]  # by number; none where no list is given
MAX_BYTES = 32_000_000
WHOLE = "cls"
_LISTS = ("annotations", "objects", "boxes")
_CLASS = [w + end for w in ("category", "class", "label") for end in ("", "_name", "_id")]
_CLASS_COLUMNS = ("categories", "category", "labels", "label")
_OPEN_IMAGES = ("XMin", "YMin", "XMax", "YMax")
_EXPECTED = "a list of boxes"
_NUMBERS = tuple(str(n) for n in range(10_000))


@dataclass(frozen=True)
class ParsedLabels:
    """Boxes in pixels, or ``normalised`` as cx cy w h; the size of the image where it is given."""

    boxes: Sequence[RawBox]
    size_wh: SizeWH | None = None
    normalised: bool = False


def parse(suffix: str, data: bytes, where: str, names: Names) -> ParsedLabels:
    """What a member says; raises `LabelError` where it says nothing of faces."""
    return READERS[suffix](data, where, names)


def _from_json(data: bytes, where: str, names: Names) -> ParsedLabels:
    content = json_file.parse(data, _EXPECTED)
    objects = _objects(content)
    top = content if isinstance(content, dict) else {}
    name_of = _own_names(top) or dict(enumerate(names))
    normalised = any("XMin" in item for item in objects)
    read = _open_images_box if normalised else _coco_box
    boxes = [read(item, name_of, f"{where}: box {i}") for i, item in enumerate(objects)]
    return ParsedLabels(boxes, _size(top), normalised)


def _objects(content: Any) -> list[dict[str, Any]]:
    """The boxes one by one, whichever shape they came in."""
    if isinstance(content, dict):
        found = next((content[key] for key in _LISTS if _is_boxes(content.get(key))), content)
        content = _rows(found) if isinstance(found, dict) else found
    if not _is_boxes(content):
        raise LabelError("tells no boxes")
    return list(content)


def _is_boxes(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Boxes given as columns: all places, and all classes."""
    for key, place in (("bbox", "bbox"), ("boxes", "xyxy")):
        boxes = columns.get(key)
        classes = next((columns[k] for k in _CLASS_COLUMNS if k in columns), None)
        if isinstance(boxes, list) and isinstance(classes, list):
            if len(boxes) != len(classes):
                raise LabelError(f"tells {len(boxes)} boxes and {len(classes)} classes")
            return [{place: b, "class": c} for b, c in zip(boxes, classes, strict=True)]
    raise LabelError("tells no boxes")


def _own_names(top: dict[str, Any]) -> dict[int, str]:
    """COCO's list of categories."""
    listed = top.get("categories")
    entries = [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
    return {
        c["id"]: plain_text(c["name"])
        for c in entries
        if isinstance(c.get("id"), int) and isinstance(c.get("name"), str)
    }


def _size(top: dict[str, Any]) -> SizeWH | None:
    size = json_file.numbers([top.get("width"), top.get("height")], 2)
    return (int(size[0]), int(size[1])) if size and min(size) >= 1 else None


def _coco_box(item: dict[str, Any], name_of: Mapping[int, str], where: str) -> RawBox:
    value = next((item[key] for key in (*_CLASS, "name") if item.get(key) is not None), None)
    name, problem = _named(value, name_of)
    if item.get("iscrowd") or item.get("ignore"):
        name, problem = IGNORE_NAME, ""
    corners, extent = (json_file.numbers(item.get(key), 4) for key in ("xyxy", "bbox"))
    if corners is None and extent is not None:
        x, y, w, h = extent
        corners = (x, y, x + w, y + h)
    if corners is None:
        problem = problem or "has no box of four numbers"
    return RawBox(name, corners or (), where, problem, coco.extras_of(item))


def _open_images_box(item: dict[str, Any], name_of: Mapping[int, str], where: str) -> RawBox:
    name, problem = _named(item.get("LabelName"), name_of)
    values = json_file.numbers([item.get(key) for key in _OPEN_IMAGES], 4)
    if values is None:
        return RawBox(name, (), where, f"has no four numbers {', '.join(_OPEN_IMAGES)}")
    if item.get("IsGroupOf") in (1, "1"):
        name = IGNORE_NAME
    x1, y1, x2, y2 = values
    return RawBox(name, [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], where, problem)


def _named(value: Any, name_of: Mapping[int, str]) -> tuple[str, str]:
    """The name of a class, and what is wrong with it."""
    if isinstance(value, str):
        return plain_text(value), ""
    if not isinstance(value, int) or isinstance(value, bool):
        return "", "has no class"
    if name_of and value not in name_of:
        return "", f"has a class number that is not listed: {value}"
    return name_of.get(value, str(value)), ""


def _from_voc(data: bytes, where: str, _names: Names) -> ParsedLabels:
    try:
        return ParsedLabels(*voc.raw_boxes(data, where))
    except LabelError as error:
        raise LabelError(str(error).removeprefix(f"{where}: ")) from None


def _from_yolo(data: bytes, where: str, names: Names) -> ParsedLabels:
    """A text of which no line is a label is a caption, which most such shards hold."""
    lines = [line for line in _text(data).splitlines() if line.strip()]
    numbered = enumerate(lines, 1)
    boxes = [yolo_lines.raw_box(t, f"{where}: line {i}", names or _NUMBERS) for i, t in numbered]
    if boxes and all(box.problem for box in boxes):
        raise LabelError(f"{boxes[0].problem}"[:120])
    return ParsedLabels(boxes, normalised=True)


def _from_class(data: bytes, where: str, names: Names) -> ParsedLabels:
    text = plain_text(_text(data))
    if not text or len(text.splitlines()) > 1:
        raise LabelError("holds no class; expected a number or a name")
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    name, problem = _named(int(text) if is_number else text, dict(enumerate(names)))
    return ParsedLabels([RawBox(name, [0.5, 0.5, 1, 1], where, problem)], normalised=True)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError("is no text in UTF-8") from error


READERS: Mapping[str, Callable[[bytes, str, Names], ParsedLabels]] = {
    "json": _from_json,
    "xml": _from_voc,
    "txt": _from_yolo,
    WHOLE: _from_class,
}
