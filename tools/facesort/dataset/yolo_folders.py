"""YOLO folders as further sources of the data set: ``images/`` with ``labels/``, and a name.

Their labels are taken as complete: nothing unlabelled is looked for. Class names come from
``data.yaml`` or ``classes.txt`` where there is one, else they are the four classes in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from facesort.classes import CLASS_NAMES, parse_class
from facesort.errors import DatasetError, LabelError, PhotoError, UsageError
from facesort.labels import named_crops, yolo
from facesort.labels.image_labels import ImageLabels
from facesort.labels.yolo import find_names
from facesort.photos import list_photos, open_photo

RESERVED = ("scene", "selfie", "crop")


@dataclass(frozen=True)
class YoloFolder:
    """One source: its labelled images, the group (a person, a burst) that some of them belong
    to by file name, one line for each image that cannot be used, and whether a face model made
    its boxes."""

    name: str
    images: tuple[ImageLabels, ...]
    groups: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    face_model_boxes: bool = False


def parse_named_folder(text: str) -> tuple[str, Path]:
    """``NAME=DIR`` as given to ``--yolo``; raises `UsageError`."""
    name, equals, folder = text.partition("=")
    if not (equals and folder and re.fullmatch(r"[A-Za-z0-9]+", name)) or name in RESERVED:
        raise UsageError(
            f"--yolo {text}: expected NAME=DIR, NAME of letters and digits and none of "
            f"{', '.join(RESERVED)}: --yolo wild=photos/wild"
        )
    return name, Path(folder).expanduser()


def read_yolo_folder(name: str, root: Path, groups: Path | None = None) -> YoloFolder:
    """Read ``root``; ``groups`` is a CSV ``image,group``. Raises `DatasetError` where ``root``
    holds no image, `LabelError` where its classes are not ours."""
    folder = root / "images"
    found = list_photos(folder).photos if folder.is_dir() else ()
    if not found:
        raise DatasetError(f"{root}: no image in images/; expected images/ and labels/ in YOLO")
    names = find_names(root) or CLASS_NAMES
    to_class = np.array([int(parse_class(given)) for given in names])
    images, left_out = [], []
    for photo in found:
        try:
            size_wh = open_photo(photo.path, min_long_side_px=1).size_wh
            labels = yolo.read(photo.path, size_wh, len(names))
        except (PhotoError, LabelError) as error:
            left_out.append(str(error))
            continue
        images.append(replace(labels, class_id=to_class[labels.class_id]))
    rows = named_crops.read(groups, "image", "group") if groups else []
    return YoloFolder(
        name, tuple(images), {row["image"]: row["group"] for row in rows}, tuple(left_out)
    )
