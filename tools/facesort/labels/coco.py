"""COCO json, object detection: categories, images and annotations with ``bbox`` x y w h in pixels.

Format: https://cocodataset.org/#format-data . ``bbox`` counts from 0, the image's left upper
corner. Annotations marked ``iscrowd`` (a region of many) or ``ignore`` become boxes of unknown
class, and are written as both. pycocotools only indexes the file and fails on the first odd entry
with a KeyError, so it judges (tests, evaluation) and does not read.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels import extras, json_file
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import ATTRIBUTES, CONFIDENCE, TRACK_ID, Extras, as_int, as_share
from facesort.labels.image_labels import IGNORE, IGNORED, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

EXPECTED = "COCO: {categories, images, annotations}"


def read(file: Path, reading: Reading) -> LabelSet:
    """The boxes of ``file``, or of the one json in that folder; the classes in the order of the
    category ids."""
    content = json_file.load(_only(file), EXPECTED)
    categories, images, annotations = (
        _list(content, key, file) for key in ("categories", "images", "annotations")
    )
    names = {c["id"]: _text(c.get("name")) for c in categories if _has_id(c)}
    ids = {image["id"] for image in images if _has_id(image)}
    boxes: dict[Any, list[RawBox]] = defaultdict(list)
    stray: Counter[int | str | None] = Counter()
    for index, annotation in enumerate(annotations):
        image_id = annotation.get("image_id") if isinstance(annotation, dict) else None
        if not isinstance(image_id, int | str) or image_id not in ids:
            stray[image_id if isinstance(image_id, int | str) else None] += 1
            continue
        boxes[image_id].append(_raw_box(annotation, names, f"{file.name}: annotation {index}"))
    items: list[RawAnnotation | ReadError] = [_raw(image, boxes, file) for image in images]
    items += [
        ReadError(f"{file.name}: image_id {i}, of {n} boxes, is not listed", n, "box of no image")
        for i, n in stray.items()
    ]
    ordered = [names[i] for i in sorted(names, key=lambda i: (isinstance(i, str), i))]
    return resolve(items, reading, [n for n in dict.fromkeys(ordered) if n and n != IGNORE_NAME])


def _only(source: Path) -> Path:
    if not source.is_dir():
        return source
    files = sorted(source.rglob("*.json"))
    if len(files) != 1:
        raise LabelError(f"{source}: holds {len(files)} json files; pass the one that is meant")
    return files[0]


def _list(content: Any, key: str, file: Path) -> list[Any]:
    values = content.get(key) if isinstance(content, dict) else None
    if not isinstance(values, list):
        raise LabelError(f"{file}: has no list '{key}'; expected {EXPECTED}")
    return values


def _has_id(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), int | str)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _raw(image: Any, boxes: dict[Any, list[RawBox]], file: Path) -> RawAnnotation | ReadError:
    name = _text(image.get("file_name")) if _has_id(image) else ""
    if not name:
        return ReadError(f"{file.name}: an image without id or file_name: {str(image)[:60]}")
    # ids are to be unique; where one is not, its boxes are counted once
    return RawAnnotation(name, boxes.pop(image["id"], []), _size(image))


def _size(image: dict[str, Any]) -> SizeWH | None:
    size = json_file.numbers([image.get("width"), image.get("height")], 2)
    return (int(size[0]), int(size[1])) if size and min(size) > 0 else None


def _raw_box(annotation: dict[str, Any], names: dict[Any, str], where: str) -> RawBox:
    category = annotation.get("category_id")
    name = names.get(category, "") if isinstance(category, int | str) else ""
    if annotation.get("iscrowd") or annotation.get("ignore"):
        name = IGNORE_NAME
    values = json_file.numbers(annotation.get("bbox"), 4)
    if not name:
        return RawBox("", where=where, problem=f"has category_id {category}, which is not listed")
    if values is None:
        return RawBox(name, where=where, problem="has no bbox of four numbers")
    x, y, w, h = values
    return RawBox(name, [x, y, x + w, y + h], where, extras=extras_of(annotation))


def extras_of(annotation: Mapping[str, Any]) -> Extras:
    """``score`` as in COCO's results, ``track_id``, and the ``attributes`` that CVAT writes."""
    named = extras.texts(annotation.get(ATTRIBUTES))
    if as_share(named.get("rotation")) == 0:  # CVAT's, of every box that is not turned
        del named["rotation"]
    track_id, score = as_int(annotation.get(TRACK_ID)), as_share(annotation.get("score"))
    return extras.from_named(named, Extras(track_id, score))


def extra_fields(more: Extras) -> dict[str, Any]:
    """The fields that `extras_of` reads, where there are any."""
    out: dict[str, Any] = {}
    if more.track_id is not None:
        out[TRACK_ID] = more.track_id
    if more.confidence is not None:
        out["score"] = more.confidence
    named = more.named(apart=(TRACK_ID, CONFIDENCE))
    return out | ({ATTRIBUTES: named} if named else {})


def render(labels: LabelSet) -> str:
    """The json text; images are named relative to the root, ids count from 1."""
    names = list(labels.names)
    if labels.counts()[IGNORED]:
        names.append(IGNORE_NAME)
    categories = [{"id": i, "name": name, "supercategory": ""} for i, name in enumerate(names, 1)]
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, image in enumerate(labels.images, 1):
        w, h = image.size_wh
        name = labels.relative(image.path).as_posix()
        images.append({"id": image_id, "file_name": name, "width": w, "height": h})
        for class_id, box, more in image.rows():
            ignored = class_id == IGNORE
            annotation = {
                "id": len(annotations) + 1,
                "image_id": image_id,
                "category_id": len(names) if ignored else class_id + 1,
                **_extent(box),
                "iscrowd": int(ignored),
                **extra_fields(more),
            }
            annotations.append(annotation | ({"ignore": 1} if ignored else {}))
    content = {"images": images, "annotations": annotations, "categories": categories}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _extent(box: list[float]) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "segmentation": []}
