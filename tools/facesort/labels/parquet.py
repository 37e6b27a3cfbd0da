"""Parquet, for tables and queries: a row a box, and one with empty box columns where an image has
none.

Columns: ``image`` (below the images' folder), ``width``, ``height`` of the upright image,
``x1`` ``y1`` ``x2`` ``y2`` in its pixels, ``class``, which is ``ignore`` where it is not known. The
order of the classes is in the file's metadata, as a JSON list under ``classes``; without it, they
are read in alphabetical order. ``width`` and ``height`` may be missing. Where boxes have more to
tell, there are also ``track_id``, ``confidence``, ``occluded``, ``truncated``, ``difficult``, and
``attributes`` as a JSON object.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facesort.errors import LabelError, first_line
from facesort.labels import extras, json_file
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import ATTRIBUTES, CONFIDENCE, FLAGS, TRACK_ID, Extras
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

if TYPE_CHECKING:
    import pyarrow as pa

BOX = ("x1", "y1", "x2", "y2")
NEEDED = ("image", *BOX, "class")
SIZE = ("width", "height")
CLASSES = b"classes"  # of the metadata
MAGIC = b"PAR1"


def read(source: Path, reading: Reading) -> LabelSet:
    """A file, or all below a folder, such as the parts that other programs write. Raises
    `LabelError` where a file is no Parquet or lacks a column; in a folder, such a file is noted."""
    items: list[RawAnnotation | ReadError] = []
    names: dict[str, None] = {}
    for file in sorted(source.rglob("*.parquet")) if source.is_dir() else [source]:
        try:
            table = _table(file)
        except LabelError as error:
            if file == source:
                raise
            items.append(ReadError(str(error)))
            continue
        items += _items(table, file.name)
        names |= dict.fromkeys(_class_names(table))
    found = {box.name for item in items if isinstance(item, RawAnnotation) for box in item.boxes}
    others = sorted(found - {*names, IGNORE_NAME, ""})
    return resolve(items, reading, [*names, *others])


def _items(table: pa.Table, file: str) -> list[RawAnnotation | ReadError]:
    """Each image once, with its boxes."""
    rows_of: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for index, row in enumerate(table.to_pylist()):
        rows_of[str(row["image"] or "")].append((index, row))
    nameless = [
        ReadError(f"{file}: row {index}: names no image", 1, "box of no image")
        for index, _ in rows_of.pop("", [])
    ]
    return [*(_raw(image, rows, file) for image, rows in rows_of.items()), *nameless]


def _table(file: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file).read()
    except (OSError, pa.ArrowException) as error:
        raise LabelError(f"{file}: no Parquet that can be read ({first_line(error)})") from error
    missing = [name for name in NEEDED if name not in table.column_names]
    if missing:
        raise LabelError(
            f"{file}: has no column {', '.join(missing)}; expected {', '.join(NEEDED)}"
        )
    return table


def _class_names(table: pa.Table) -> list[str]:
    try:
        names = json.loads((table.schema.metadata or {}).get(CLASSES, b"[]"))
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _raw(image: str, rows: list[tuple[int, dict[str, Any]]], file: str) -> RawAnnotation:
    boxes = [
        _raw_box(row, f"{file}: row {index}")
        for index, row in rows
        if any(row[name] is not None for name in (*BOX, "class"))
    ]
    size = json_file.numbers([rows[0][1].get(name) for name in SIZE], 2)
    size_wh = (int(size[0]), int(size[1])) if size and min(size) > 0 else None
    return RawAnnotation(image, boxes, size_wh)


def _raw_box(row: dict[str, Any], where: str) -> RawBox:
    values = json_file.numbers([row[name] for name in BOX], 4)
    name = row["class"].strip() if isinstance(row["class"], str) else ""
    if values is None:
        return RawBox(name, where=where, problem=f"has no four numbers {', '.join(BOX)}")
    return RawBox(name, values, where, extras=_extras(row))


def _extras(row: dict[str, Any]) -> Extras:
    flags = {flag: row.get(flag) is True for flag in FLAGS}
    track_id, confidence = extras.as_int(row.get(TRACK_ID)), extras.as_share(row.get(CONFIDENCE))
    more = extras.with_flags(flags, Extras(track_id, confidence))
    try:
        named = json.loads(row.get(ATTRIBUTES) or "{}")
    except (ValueError, TypeError, RecursionError):
        named = {}
    return extras.from_named(extras.texts(named), more)


def write(labels: LabelSet, file: Path) -> None:
    """Images are named relative to the root."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    has_extras = any(image.extras for image in labels.images)
    rows = []
    for image in labels.images:
        name = labels.relative(image.path).as_posix()
        image_columns = {"image": name, "width": image.size_wh[0], "height": image.size_wh[1]}
        rows += [
            image_columns
            | {"class": IGNORE_NAME if class_id == IGNORE else labels.names[class_id]}
            | dict(zip(BOX, box, strict=True))
            | (_extra_columns(more) if has_extras else {})
            for class_id, box, more in image.rows()
        ] or [image_columns]
    columns = [("image", pa.string()), *((name, pa.int32()) for name in SIZE)]
    columns += [*((name, pa.float64()) for name in BOX), ("class", pa.string())]
    if has_extras:
        columns += [(TRACK_ID, pa.int64()), (CONFIDENCE, pa.float64())]
        columns += [*((flag, pa.bool_()) for flag in FLAGS), (ATTRIBUTES, pa.string())]
    schema = pa.schema(columns, {CLASSES: json.dumps(labels.names).encode()})
    pq.write_table(pa.Table.from_pylist(rows, schema), file)


def _extra_columns(more: Extras) -> dict[str, Any]:
    text = json.dumps(dict(more.attributes), ensure_ascii=False) if more.attributes else None
    flags = {flag: getattr(more, flag) for flag in FLAGS}
    return flags | {TRACK_ID: more.track_id, CONFIDENCE: more.confidence, ATTRIBUTES: text}
