"""Writes a `LabelSet` in any format, with its images (hard links) beside the labels.

yolo        out/images/<split>, out/labels/<split>, out/data.yaml
voc         out/<split>/images, out/<split>/annotations/*.xml
coco        out/<split>/images, out/<split>/annotations.json
createml    out/<split>/images with annotations.json in it, where Create ML looks for it
widerface   out/<split>/images, out/<split>/bbx_gt.txt
parquet     out/<split>/images, out/<split>/labels.parquet
cvat        out/<split>/images, out/<split>/annotations.xml
openimages  out/<split>/images, out/<split>/annotations/*.csv: boxes, classes, images
labelme     out/<split>/images with a json beside each image
labelstudio out/<split>/images, out/<split>/annotations.json: tasks to import
labelimg    out/<split>/images with txt and classes.txt in it: labelImg's YOLO
webdataset  out/<split>/data-000000.tar and so on with images and json, and classes.txt
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from facesort.dataset.label_set_writer import write_yolo
from facesort.errors import DatasetError
from facesort.files import link_or_copy
from facesort.labels import formats
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.webdataset import shard_writer as webdataset

WRITERS: dict[str, Callable[[LabelSet, Path], None]] = {
    name: one.write for name, one in formats.FORMATS.items() if one.writes
}
WEBDATASET = "webdataset"  # the images go into its shards
TARGETS = formats.TARGETS


def write_labels(labels: LabelSet, form: str, out: Path, split: str) -> LabelSet:
    """Write ``labels`` and return what was written, at its new place.

    Raises `DatasetError` where the place holds files already.
    """
    if form == "yolo":
        return write_yolo(labels, out, split)
    folder = out / split
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"{folder}: holds files already; pass another --out")
    if form == WEBDATASET:
        folder.mkdir(parents=True, exist_ok=True)
        webdataset.write(labels, folder)
        return labels
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    placed = [replace(image, path=images / labels.relative(image.path)) for image in labels.images]
    for image, target in zip(labels.images, placed, strict=True):
        link_or_copy(image.path, target.path)
    written = replace(labels, images=tuple(placed), root=images)
    if form == "labelimg":
        written = _without_ignored(written)
    WRITERS[form](written, folder)
    return written


def _without_ignored(labels: LabelSet) -> LabelSet:
    """YOLO txt cannot tell a box of unknown class."""
    images, left_out = [], Counter(labels.left_out)
    for image in labels.images:
        known = image.class_id != IGNORE
        left_out["of unknown class"] += int((~known).sum())
        images.append(image.only(known))
    return replace(labels, images=tuple(images), left_out=+left_out)
