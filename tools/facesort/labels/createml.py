"""CreateML json, as labelImg and Apple's Create ML write it: box centres and sizes in pixels.

Format: https://developer.apple.com/documentation/createml/building-an-object-detector-data-source
``[{"image": "a.jpg", "annotations": [{"label": "face", "coordinates": {"x", "y", "width",
"height"}}]}]``: x and y are the *centre*. Create ML reads one file for a folder of images,
labelImg writes one file an image with a list of one; both are read. No file tells image sizes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from facesort.errors import LabelError
from facesort.labels import json_file
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

EXPECTED = "a CreateML list of {image, annotations}"
_KEYS = ("x", "y", "width", "height")


def read(source: Path, reading: Reading) -> LabelSet:
    """A json file, or all below a folder; the classes in alphabetical order."""
    if not source.is_dir():
        return resolve(_entries(source, source.parent), reading)
    items: list[RawAnnotation | ReadError] = []
    for file in sorted(source.rglob("*.json")):
        try:
            items += _entries(file, source)
        except LabelError as error:
            items.append(ReadError(str(error)))
    return resolve(items, reading)


def _entries(file: Path, root: Path) -> list[RawAnnotation | ReadError]:
    content = json_file.load(file, EXPECTED)
    if not isinstance(content, list):
        raise LabelError(f"{file}: holds a {type(content).__name__}; expected {EXPECTED}")
    folder = file.parent.relative_to(root).as_posix()
    where = file.relative_to(root)
    return [_raw(entry, f"{where}: image {i}", folder) for i, entry in enumerate(content)]


def _raw(entry: Any, where: str, folder: str) -> RawAnnotation | ReadError:
    name = entry.get("image") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        return ReadError(f"{where}: has no image name; expected {EXPECTED}")
    annotations = entry.get("annotations", [])
    if not isinstance(annotations, list):
        return ReadError(f"{where}: its annotations are no list; expected {EXPECTED}")
    boxes = [_raw_box(item, f"{where} ({name}): box {i}") for i, item in enumerate(annotations)]
    return RawAnnotation(name, boxes, folder=folder)


def _raw_box(item: Any, where: str) -> RawBox:
    label = item.get("label") if isinstance(item, dict) else None
    at = item.get("coordinates") if isinstance(item, dict) else None
    values = json_file.numbers([at.get(k) for k in _KEYS], 4) if isinstance(at, dict) else None
    name = label.strip() if isinstance(label, str) else ""
    if values is None:
        return RawBox(name, where=where, problem=f"has no four numbers {', '.join(_KEYS)}")
    x, y, w, h = values
    return RawBox(name, [x - w / 2, y - h / 2, x + w / 2, y + h / 2], where)


def render(labels: LabelSet) -> str:
    """One json text for all images, named relative to the root; unknown class is ``ignore``."""
    entries = [
        {
            "image": labels.relative(image.path).as_posix(),
            "annotations": _annotations(image, labels.names),
        }
        for image in labels.images
    ]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def _annotations(image: ImageLabels, names: tuple[str, ...]) -> list[dict[str, Any]]:
    out = []
    for class_id, (x1, y1, x2, y2) in zip(image.class_id, image.xyxy_px.tolist(), strict=True):
        values = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        label = IGNORE_NAME if class_id == IGNORE else names[class_id]
        out.append({"label": label, "coordinates": dict(zip(_KEYS, values, strict=True))})
    return out
