"""Labels of any format as the YOLO data set that the check reads; says what it had to leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facesort.classes import CLASS_NAMES
from facesort.console import one_line
from facesort.dataset.convert import conversion, label_reader
from facesort.dataset.convert.zips import is_zip, unzipped
from facesort.dataset.crops import crop_set
from facesort.dataset.splits import SPLITS
from facesort.labels import crop_source
from facesort.labels.resolve import Reading
from facesort.photos import list_photos
from facesort.reporter import Step, no_step

CROPS = (crop_source.FOLDERS, crop_source.FLAGS, crop_source.CSV)
FORMATS = (label_reader.AUTO, *label_reader.READERS, *CROPS)
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class LabelInput:
    """Where labels lie and what they are. ``images`` None looks near them; ``table`` maps classes
    to the four of this project, and where it is empty they keep the names they have."""

    path: Path
    form: str = label_reader.AUTO
    images: Path | None = None
    table: Mapping[str, str] | None = None

    @property
    def is_yolo(self) -> bool:
        """A data set YAML, which is checked where it lies."""
        return self.form == label_reader.AUTO and self.path.suffix.lower() in _YAML


@dataclass(frozen=True)
class Converted:
    """``data`` is the YAML. It names ``splits``, and train once more where there is no val, which
    Ultralytics wants. ``notes`` are the lines that account for every label."""

    data: Path
    splits: tuple[str, ...]
    notes: tuple[str, ...]


def convert(source: LabelInput, out: Path, step: Step = no_step) -> Converted:
    """Write ``source`` into the new folder ``out``, its images as links. Raises `LabelError` for
    what cannot be read."""
    form = _form_of(source)
    lines = _crops(source, form, out, step) if form in CROPS else _labels(source, form, out, step)
    splits = tuple(split for split in SPLITS if (out / "images" / split).is_dir())
    return Converted(out / "data.yaml", splits, tuple(one_line(line) for line in lines))


def _form_of(source: LabelInput) -> str:
    """Labels beside the images, where there are some; else the images are crops."""
    if source.form != label_reader.AUTO or is_zip(source.path):
        return source.form
    is_csv = source.path.suffix.lower() == ".csv"
    if is_csv and source.path.is_file() and label_reader.format_of_file(source.path):
        return label_reader.format_of_file(source.path)
    if is_csv or (source.path.is_dir() and not label_reader.formats_in(source.path)):
        if is_csv or list_photos(source.path).photos:
            return crop_source.kind_of(source.path)
    return label_reader.tell_format(source.path)


def _labels(source: LabelInput, form: str, out: Path, step: Step) -> list[str]:
    names = CLASS_NAMES if source.table else None
    with unzipped(source.path, out) as path, label_reader.unpacking(path, form, out) as folder:
        images = source.images or label_reader.images_of(path)
        reading = Reading(images, drop_bad=True, step=step, unpack_to=folder)
        splits = label_reader.read(path, form, None, reading)
        done = conversion.convert(
            splits, source.table or {}, names, "yolo", out, may_lose_classes=True
        )
    return [line for part in done for line in part.lines()]


def _crops(source: LabelInput, form: str, out: Path, step: Step) -> list[str]:
    crops, table = crop_source.read(source.path, form, dict(source.table or {}))
    found = crop_set.identity_names(crops, table)
    is_ours = bool(source.table) or set(found) <= set(CLASS_NAMES)
    names = CLASS_NAMES if is_ours else found
    return crop_set.convert(crops, crop_set.Options(out, table, names), step).lines()
