"""Writes labels with their images as WebDataset shards, and the class list beside them.

``data-000000.tar`` and so on hold ``<key>.jpg`` and ``<key>.json`` in the shape of COCO, with the
size of the upright image, so that readers can tell which way up its boxes are. Dots of an
image's name would divide it elsewhere: they become ``_``.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from facesort.labels import coco, yolo
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet

PER_SHARD = 1000


def write(labels: LabelSet, folder: Path, per_shard: int = PER_SHARD) -> list[Path]:
    """The shards, in ``folder``, each with at most so many samples."""
    keyed = _keyed(labels)
    written: list[Path] = []
    while chunk := list(islice(keyed, per_shard)):
        shard = folder / f"data-{len(written):06d}.tar"
        with tarfile.open(shard, "w", format=tarfile.PAX_FORMAT) as tar:
            for key, image in chunk:
                _add(tar, key, image, labels.names)
        written.append(shard)
    text = "".join(f"{name}\n" for name in labels.names)
    (folder / yolo.CLASSES_FILE).write_text(text, encoding="utf-8")
    return written


def _keyed(labels: LabelSet) -> Iterator[tuple[str, ImageLabels]]:
    """Keys by the place below the root, numbered where another image has the same."""
    taken: set[str] = set()
    for image in labels.images:
        relative = labels.relative(image.path)
        key = plain = relative.with_name(relative.stem.replace(".", "_") or "_").as_posix()
        number = 2
        while key.casefold() in taken:
            key = f"{plain}_{number}"
            number += 1
        taken.add(key.casefold())
        yield key, image


def _add(tar: tarfile.TarFile, key: str, image: ImageLabels, names: tuple[str, ...]) -> None:
    text = json.dumps(content(image, names), ensure_ascii=False).encode()
    with image.path.open("rb") as source:
        size_bytes = image.path.stat().st_size
        _add_file(tar, f"{key}{image.path.suffix.lower()}", source, size_bytes)
    _add_file(tar, f"{key}.json", io.BytesIO(text), len(text))


def _add_file(tar: tarfile.TarFile, name: str, data: IO[bytes], size_bytes: int) -> None:
    info = tarfile.TarInfo(name)  # neither time nor owner: the same labels are the same shard
    info.size = size_bytes
    tar.addfile(info, data)
    tar.members = []  # type: ignore[attr-defined]  # tarfile would keep them all


def content(image: ImageLabels, names: tuple[str, ...]) -> dict[str, Any]:
    """What is written about one image; a face of unknown class is ``ignore`` and a crowd."""
    width, height = image.size_wh
    boxes = []
    for class_id, (x1, y1, x2, y2), more in image.rows():
        ignored = class_id == IGNORE
        name = IGNORE_NAME if ignored else names[class_id]
        box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "category": name, "iscrowd": int(ignored)}
        box |= coco.extra_fields(more)
        boxes.append(box if ignored else box | {"category_id": class_id})
    return {"width": width, "height": height, "annotations": boxes}
