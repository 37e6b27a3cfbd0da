"""The faces to be found: labelled boxes of any format, or crops with one face each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from facesort.classes import FaceClass, parse_class
from facesort.dataset.convert import label_reader
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import LabelError, PhotoError
from facesort.labels import crop_source
from facesort.labels.class_table import map_classes
from facesort.labels.image_labels import ImageLabels
from facesort.labels.label_set import LabelSet
from facesort.labels.resolve import Reading
from facesort.photos import open_photo


@dataclass(frozen=True)
class GroundTruth:
    """``images`` with their faces, class index = `FaceClass` (or `IGNORE`). Of ``crops``, nobody
    drew boxes: the one box of each is the whole image. ``left_out`` counts what was not taken."""

    images: tuple[ImageLabels, ...]
    crops: bool = False
    left_out: Counter[str] = field(default_factory=Counter)

    def with_class(self, face_class: FaceClass) -> GroundTruth:
        """Only the images with such a face, and all faces in them."""
        return replace(self, images=tuple(p for p in self.images if face_class in p.class_id))


def read_truth(source: Path, split: str, table: Mapping[str, str]) -> GroundTruth:
    """Read a data set YAML (its ``split``), a folder or file of labels, or crops in class folders
    or with a CSV. ``table`` maps class names to the four of this project.

    Raises `LabelError`, `DatasetError` or `UsageError` where there is nothing to read.
    """
    if source.suffix.lower() in (".yaml", ".yml"):
        config = read_config(source)
        labels = LabelSet(config.names, tuple(config.read(split)), source.parent)
        return _of_boxes(map_classes(labels, table))
    is_csv = source.suffix.lower() == ".csv"
    if is_csv or (source.is_dir() and not label_reader.formats_in(source)):
        return _read_crops(source, dict(table))
    reading = Reading(label_reader.images_of(source), drop_bad=True)
    return _of_boxes(
        map_classes(label_reader.read_source(source, label_reader.AUTO, reading), table)
    )


def _of_boxes(labels: LabelSet) -> GroundTruth:
    return GroundTruth(labels.images, left_out=labels.left_out)


def _read_crops(source: Path, table: dict[str, str]) -> GroundTruth:
    crops, table = crop_source.read(source, crop_source.kind_of(source), table)
    left_out = Counter(refused.reason for refused in crops.refused)
    images = []
    for path, name in crops.crops:
        try:
            face_class = parse_class(table.get(name, name))
            width, height = open_photo(path).size_wh
        except LabelError:
            left_out[f"class '{name}' is none of the four"] += 1
        except PhotoError as error:
            left_out[str(error)] += 1
        else:
            whole = [0, 0, width, height]
            images.append(ImageLabels.of(path, (width, height), whole, [face_class]))
    return GroundTruth(tuple(images), crops=True, left_out=left_out)
