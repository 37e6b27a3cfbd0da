"""labelme and X-AnyLabeling: a JSON file an image, beside it; shapes in pixels.

Format: https://github.com/wkentaro/labelme (labelme/label_file.py), X-AnyLabeling's
``anylabeling/views/labeling/label_file.py``. A polygon, a circle and a turned rectangle become the
box around them; a point or a line has no area and is no box.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from facesort.boxes import SizeWH
from facesort.errors import LabelError
from facesort.labels import extras, json_file
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import ATTRIBUTES, Extras, as_int, as_share
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve, say_not_kept

EXPECTED = "a labelme object with shapes and imagePath"
VERSION = "5.5.0"  # of labelme, whose files these are
_AREAS = {"rectangle": 2, "polygon": 3, "rotation": 4, "circle": 2}  # least number of points


def is_labelme(start: bytes) -> bool:
    """By the first bytes of a file."""
    return start[:1] == b"{" and b'"shapes"' in start


def read(source: Path, reading: Reading) -> LabelSet:
    """The JSON files of a folder, or one."""
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    root = source if source.is_dir() else source.parent
    outlines: Counter[str] = Counter()
    items = [_raw(file, file.relative_to(root), outlines) for file in files]
    return say_not_kept(resolve(items, reading), outlines)


def _raw(file: Path, shown: Path, outlines: Counter[str]) -> RawAnnotation | ReadError:
    try:
        content = json_file.load(file, EXPECTED)
    except LabelError as error:
        return ReadError(str(error))
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        return ReadError(f"{file}: has no list of shapes; expected {EXPECTED}")
    name = PureWindowsPath(str(content.get("imagePath") or "")).name or file.stem
    boxes = [_box(shape, f"{shown}: shape {i}", outlines) for i, shape in enumerate(shapes)]
    folder = shown.parent.as_posix()
    return RawAnnotation(name, boxes, _size(content), folder, also=file.stem)


def _box(shape: Any, where: str, outlines: Counter[str]) -> RawBox:
    if not isinstance(shape, dict):
        return RawBox("?", where=where, problem="is no shape")
    name = str(shape.get("label") or "").strip()
    kind = str(shape.get("shape_type") or "polygon")
    given = shape.get("points")
    pairs = [json_file.numbers(pair, 2) for pair in given] if isinstance(given, list) else [None]
    points = [(pair[0], pair[1]) for pair in pairs if pair]
    if len(points) < len(pairs):
        return RawBox(name, where=where, problem="has no points x, y")
    if kind not in _AREAS:
        return RawBox(name, where=where, problem=f"is a {kind}, not an area")
    if len(points) < _AREAS[kind]:
        return RawBox(name, where=where, problem=f"has too few points: {len(points)} of a {kind}")
    outlines["outlines (their box is kept)"] += kind != "rectangle"
    if kind == "circle":  # its centre, and a point on it
        (x, y), (edge_x, edge_y) = points[:2]
        radius = ((x - edge_x) ** 2 + (y - edge_y) ** 2) ** 0.5
        points = [(x - radius, y - radius), (x + radius, y + radius)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return RawBox(name, (min(xs), min(ys), max(xs), max(ys)), where, extras=_extras(shape))


def _extras(shape: Mapping[str, Any]) -> Extras:
    """labelme has ``group_id`` and ``flags``; X-AnyLabeling, whose group is the track, also
    ``score``, ``difficult`` and ``attributes``."""
    raised = {name: True for name, value in _dict(shape.get("flags")).items() if value is True}
    named = extras.texts(raised) | extras.texts(shape.get(ATTRIBUTES))
    given = Extras(
        as_int(shape.get("group_id")),
        as_share(shape.get("score")),
        difficult=shape.get("difficult") is True,
    )
    return extras.from_named(named, given)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _size(content: Mapping[str, Any]) -> SizeWH | None:
    width, height = content.get("imageWidth"), content.get("imageHeight")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None


def write_folder(labels: LabelSet, folder: Path) -> None:
    """A JSON file an image, in the folders the images have below the root."""
    taken = set()
    for image in labels.images:
        file = folder / labels.relative(image.path).with_suffix(".json")
        if file in taken:  # a.jpg and a.png; the file itself names its image
            file = file.with_name(f"{image.path.name}.json")
        taken.add(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(image, labels.names), encoding="utf-8")


def render(image: ImageLabels, names: tuple[str, ...]) -> str:
    """The text of one file, as labelme writes it but for the embedded image."""
    shapes: list[dict[str, Any]] = [
        {
            "label": IGNORE_NAME if class_id == IGNORE else names[class_id],
            "points": [[x1, y1], [x2, y2]],
            "group_id": more.track_id,
            "description": "",
            "shape_type": "rectangle",
            "flags": dict.fromkeys(more.flags(), True),
            "mask": None,
            **_more_fields(more),
        }
        for class_id, (x1, y1, x2, y2), more in image.rows()
    ]
    width, height = image.size_wh
    content: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image.path.name,
    }
    content |= {"imageData": None, "imageHeight": height, "imageWidth": width}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _more_fields(more: Extras) -> dict[str, Any]:
    """What X-AnyLabeling knows besides, and labelme keeps."""
    out: dict[str, Any] = {} if more.confidence is None else {"score": more.confidence}
    if more.difficult:
        out["difficult"] = True
    return out | ({ATTRIBUTES: dict(more.attributes)} if more.attributes else {})
