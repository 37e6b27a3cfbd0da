"""Label Studio's JSON export: tasks with annotations, rectangles in percent of the image.

Format: https://labelstud.io/guide/export.html#Label-Studio-JSON-format-of-annotated-tasks . Of a
task that several people annotated, the first annotation that was not cancelled counts; where there
is none, the best prediction does. Percent are turned into pixels by the size the task tells.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from facesort.errors import LabelError
from facesort.labels import extras, json_file
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import CONFIDENCE, Extras, as_share
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve, say_not_kept

EXPECTED = "Label Studio's list of tasks with data and annotations"
FROM, TO = "label", "image"  # the names of the controls, as in its own templates
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # what an upload puts before a name
_PER_REGION = {"choices": "choices", "textarea": "text", "number": "number", "rating": "rating"}
_SHAPES = {"rectanglelabels", "polygonlabels", "ellipselabels", "brushlabels", "keypointlabels"}


def is_label_studio(start: bytes) -> bool:
    """By the first bytes of a file."""
    return (start[:1] == b"[" and b'"data"' in start) or b'"rectanglelabels"' in start


def read(source: Path, reading: Reading) -> LabelSet:
    """A JSON file, or all below a folder."""
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    not_kept: Counter[str] = Counter()
    items: list[RawAnnotation | ReadError] = []
    for file in files:
        tasks = json_file.load(file, EXPECTED)
        if not isinstance(tasks, list):
            raise LabelError(f"{file}: holds a {type(tasks).__name__}; expected {EXPECTED}")
        items += [_task(task, f"{file.name}: task {i}", not_kept) for i, task in enumerate(tasks)]
    return say_not_kept(resolve(items, reading), not_kept)


def _task(task: Any, where: str, not_kept: Counter[str]) -> RawAnnotation | ReadError:
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        return ReadError(f"{where}: has no data; expected {EXPECTED}")
    url = next((v for v in (data.get("image"), *data.values()) if isinstance(v, str) and v), "")
    if not url:
        return ReadError(f"{where}: its data names no image; expected {EXPECTED}")
    results = _results(task, not_kept)
    size_wh = next(filter(None, map(_size, results)), None)
    named = _attributes(results)
    boxes = [
        _box(one, f"{where}: result {i}", named.get(_id(one), {}), not_kept)
        for i, one in enumerate(results)
        if isinstance(one, dict) and one.get("type") in _SHAPES
    ]
    name = _name(url)
    return RawAnnotation(name, boxes, size_wh, also=_UPLOADED.sub("", name, count=1))


def _id(result: dict[str, Any]) -> str:
    return str(result.get("id") or "")


def _attributes(results: list[Any]) -> dict[str, dict[str, str]]:
    """{region's id: what choices and texts say of it}."""
    out: dict[str, dict[str, str]] = defaultdict(dict)
    for one in results:
        kind = str(one.get("type")) if isinstance(one, dict) else ""
        value = one.get("value") if kind in _PER_REGION else None
        said = value.get(_PER_REGION[kind]) if isinstance(value, dict) else None
        texts = [
            str(t) for t in (said if isinstance(said, list) else [said]) if t not in (None, "")
        ]
        if texts and _id(one):
            out[_id(one)][str(one.get("from_name") or kind)] = ", ".join(texts)
    return out


def _results(task: dict[str, Any], not_kept: Counter[str]) -> list[Any]:
    """What counts of a task, the rest in ``extras``."""
    made = [a for a in _list(task.get("annotations") or task.get("completions"))]
    kept = [a for a in made if isinstance(a, dict) and not a.get("was_cancelled")]
    for other in kept[1:]:
        not_kept["results of a second annotator"] += len(_list(other.get("result")))
    if kept:
        return _list(kept[0].get("result"))
    guesses = [p for p in _list(task.get("predictions")) if isinstance(p, dict)]
    best = max(guesses, key=lambda p: json_file.number(p.get("score")) or 0.0, default={})
    return _list(best.get("result"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(url: str) -> str:
    """The path of a local file (``?d=``), of an upload, or of a URL."""
    parts = urlsplit(url)
    local = parse_qs(parts.query).get("d")
    return PurePosixPath(unquote(local[0] if local else parts.path)).name or url


def _size(result: Any) -> tuple[int, int] | None:
    if not isinstance(result, dict):
        return None
    width, height = result.get("original_width"), result.get("original_height")
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        return width, height
    return None


def _box(
    result: dict[str, Any], where: str, named: dict[str, str], not_kept: Counter[str]
) -> RawBox:
    value, kind = result.get("value"), str(result["type"])
    if not isinstance(value, dict):
        return RawBox("?", where=where, problem="has no value")
    names = [str(name).strip() for name in _list(value.get(kind))]
    name = names[0] if names else ""
    if kind != "rectanglelabels":
        return RawBox(name, where=where, problem=f"is of {kind}, not a rectangle")
    size_wh = _size(result)
    xywh_percent = json_file.numbers([value.get(key) for key in ("x", "y", "width", "height")], 4)
    if xywh_percent is None or size_wh is None:
        return RawBox(name, where=where, problem="has no x, y, width, height and original size")
    not_kept["second labels of one box"] += len(names) - 1 if names else 0
    not_kept["turned boxes (the box around is kept)"] += bool(value.get("rotation"))
    x, y, w, h = (v / 100 * size_wh[i % 2] for i, v in enumerate(xywh_percent))
    angle = math.radians(json_file.number(value.get("rotation") or 0))
    cos, sin = math.cos(angle), math.sin(angle)  # about the corner left above
    xs = [x + dx * cos - dy * sin for dx in (0, w) for dy in (0, h)]
    ys = [y + dx * sin + dy * cos for dx in (0, w) for dy in (0, h)]
    box = (min(xs), min(ys), max(xs), max(ys))
    given = Extras(confidence=as_share(result.get("score")))
    return RawBox(name, box, where, extras=extras.from_named(named, given))


def render(labels: LabelSet) -> str:
    """Tasks to import, one an image; its URL is the path below the root, for local storage."""
    tasks = []
    for task_id, image in enumerate(labels.images, start=1):
        width, height = image.size_wh
        results: list[dict[str, Any]] = []
        for number, (class_id, (x1, y1, x2, y2), more) in enumerate(image.rows()):
            name = IGNORE_NAME if class_id == IGNORE else labels.names[class_id]
            percent = {"x": x1 / width * 100, "y": y1 / height * 100}
            percent |= {"width": (x2 - x1) / width * 100, "height": (y2 - y1) / height * 100}
            region: dict[str, Any] = {"id": f"box{number}", "to_name": TO, "image_rotation": 0}
            region |= {"original_width": width, "original_height": height}
            place: dict[str, Any] = percent | {"rotation": 0}
            box: dict[str, Any] = {"type": "rectanglelabels", "from_name": FROM}
            box["value"] = place | {"rectanglelabels": [name]}
            score = {} if more.confidence is None else {"score": more.confidence}
            results.append(region | box | score)
            results += [
                region
                | {"type": "choices", "from_name": said, "value": place | {"choices": [text]}}
                for said, text in more.named(apart=(CONFIDENCE,)).items()
            ]
        url = f"/data/local-files/?d={labels.relative(image.path).as_posix()}"
        annotations = [{"id": task_id, "result": results}]
        tasks.append({"id": task_id, "data": {"image": url}, "annotations": annotations})
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"
