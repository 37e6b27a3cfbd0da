"""From named face crops to labels: every crop opened and boxed; the rejected ones by reason."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from facesort.boxes import min_side
from facesort.classes import FaceClass
from facesort.csv_files import Writer
from facesort.dataset.sprites import crop_sprite
from facesort.detections import FaceFinder
from facesort.errors import LabelError, PhotoError
from facesort.files import link_or_copy
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.named_crops import NamedCrops, Refused
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

MIN_CROP_PX = 10  # Ultralytics takes an image with a side below 10 px for a corrupt one


@dataclass(frozen=True)
class Crops:
    """Images with one box each, and the crops refused so far. What came in is the boxes of
    ``labels``, plus its ``left_out`` (classes not wanted), plus ``refused``."""

    labels: LabelSet
    refused: tuple[Refused, ...] = ()

    def left_out(self) -> Counter[str]:
        """Crops not taken, by reason."""
        return self.labels.left_out + Counter(crop.reason for crop in self.refused)


@dataclass
class _Taking:
    """Crops taken and refused while a list of them is worked off."""

    images: list[ImageLabels] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def open_crops(source: NamedCrops, step: Step = no_step) -> Crops:
    """Open every crop; its box is the whole of it. Raises `LabelError` where none can be used."""
    names = tuple(sorted({name for _, name in source.crops}))
    done = _Taking()
    for path, name in step(source.crops, len(source.crops), "crop"):
        try:
            width, height = open_photo(path).size_wh
        except PhotoError as error:
            detail = str(error).removeprefix(f"{path}: ")
            done.refused.append(Refused(path, name, "unreadable", detail))
            continue
        if min(width, height) < MIN_CROP_PX:
            done.refused.append(Refused(path, name, "too small", f"{width} x {height} px"))
            continue
        box = [[0, 0, width, height]]
        done.images.append(ImageLabels.of(path, (width, height), box, [names.index(name)]))
    labels = LabelSet(names, tuple(done.images), source.root, notes=source.notes)
    crops = Crops(labels, (*source.refused, *done.refused))
    if not done.images:
        raise LabelError(f"{source.root}: no crop can be used; {given_labels(crops.left_out())}")
    return crops


def only_known(crops: Crops) -> Crops:
    """Without the images whose class is dropped or unknown: they hold a face, so that as
    images without labels they would teach that a face is background."""
    labels = crops.labels
    unknown = sum(int((image.class_id == IGNORE).sum()) for image in labels.images)
    kept = tuple(i for i in labels.images if len(i.class_id) and (i.class_id != IGNORE).all())
    left_out = labels.left_out + Counter({"class unknown (ignore)": unknown})
    return replace(crops, labels=replace(labels, images=kept, left_out=left_out))


def find_boxes(crops: Crops, find: FaceFinder, step: Step = no_step) -> Crops:
    """The box that a face model finds in each crop; crops without one face are refused."""
    labels, done, whole = crops.labels, _Taking(), 0
    for image in step(labels.images, len(labels.images), "face"):
        found = crop_sprite(image.path, FaceClass.face, find)  # its class is of no matter here
        if isinstance(found, str) or min_side(found.sprite.xyxy_px)[0] < 1:
            reason = found if isinstance(found, str) else "no face found"
            name = labels.names[int(image.class_id[0])]
            done.refused.append(Refused(image.path, name, reason))
            continue
        whole += bool(np.isnan(found.landmarks_px).all())
        done.images.append(replace(image, xyxy_px=found.sprite.xyxy_px))
    notes = [f"{whole:,} small crops in which no face is found are boxed whole"] if whole else []
    boxed = replace(labels, images=tuple(done.images), notes=(*labels.notes, *notes))
    return Crops(boxed, (*crops.refused, *done.refused))


def given_labels(left_out: Counter[str]) -> str:
    """``3 unreadable, 1 too small``."""
    return ", ".join(f"{n:,} {reason}" for reason, n in sorted(left_out.items())) or "0 crops"


FOLDER = "_review"
COLUMNS = ("image", "class", "reason", "detail", "file")


def file_for_review(refused: Sequence[Refused], root: Path, out: Path) -> Path | None:
    """Write the folder and return its path; None where there is nothing to look at."""
    if not refused:
        return None
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)  # another split of the data set may have filed some
    table = folder / "review.csv"
    is_new = not table.exists()
    with table.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = Writer(file)
        if is_new:
            rows.writerow(COLUMNS)
        for crop in refused:
            inside = crop.path.is_relative_to(root)
            relative = crop.path.relative_to(root) if inside else Path(crop.path.name)
            target = _file(crop.path, folder / re.sub(r"\W+", "_", crop.reason) / relative)
            where = target.relative_to(folder).as_posix() if target else ""
            rows.writerow([relative.as_posix(), crop.name, crop.reason, crop.detail, where])
    return folder


def _file(path: Path, target: Path) -> Path | None:
    """Link ``path`` to ``target`` or a name like it; None where it is not there, or not readable:
    the table tells."""
    stem, number = target.stem, 2
    while os.path.lexists(target):
        target = target.with_name(f"{stem}_{number}{target.suffix}")
        number += 1
    try:
        link_or_copy(path, target)
    except OSError:
        return None
    return target
