"""What people confirmed in an album, as a YOLO data set: the rest of the faces painted over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from facesort.classes import CLASS_NAMES
from facesort.dataset.label_set_writer import check_out, summary, write_yolo
from facesort.dataset.repair import paint_over
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.labels.label_set import LabelSet
from facesort.photos import is_video, open_photo

JPEG_QUALITY = 95


class Photo(Protocol):
    """A photo with boxes; a class of "" is a face of which nobody spoke."""

    @property
    def path(self) -> Path: ...
    @property
    def boxes_px(self) -> Sequence[tuple[float, float, float, float]]: ...
    @property
    def classes(self) -> Sequence[str]: ...


def write_corrected(
    photos: Iterable[Photo], out: Path, names: tuple[str, ...] = CLASS_NAMES
) -> list[str]:
    """Write ``photos`` as the training split of ``out`` with the classes ``names``; the lines that
    account for them. Raises `DatasetError` where ``out`` is taken or nothing is left."""
    check_out(names, out, "train")
    out.parent.mkdir(parents=True, exist_ok=True)
    # painted beside the data set, then linked into it: a stop leaves no half of a data set
    with TemporaryDirectory(dir=out.parent, prefix=".painting_") as folder:
        images, left_out = [], Counter[str]()
        notes = []
        for number, photo in enumerate(photos):
            try:
                images.append(
                    _painted(photo, Path(folder) / f"{number:06d}_{photo.path.stem}.jpg", names)
                )
            except PhotoError as error:
                left_out["photo gone or unreadable"] += len(photo.classes)
                notes.append(f"left out: {photo.path.name}: {error}")
        if not images:
            raise DatasetError(f"nothing to write: {'; '.join(notes) or 'no corrections'}")
        read = LabelSet(names, tuple(images), Path(folder), left_out, tuple(notes))
        return summary(read, write_yolo(read, out))


def _painted(photo: Photo, target: Path, names: tuple[str, ...]) -> ImageLabels:
    """The photo at ``target``, faces of unknown class painted over, the others labelled."""
    from PIL import Image

    if is_video(photo.path):
        raise PhotoError("is a video; other faces in its frames have no labels")
    rgb = open_photo(photo.path).rgb
    class_id = [names.index(name) if name else IGNORE for name in photo.classes]
    size_wh = (rgb.shape[1], rgb.shape[0])
    labels = ImageLabels.of(target, size_wh, np.array(photo.boxes_px).reshape(-1, 4), class_id)
    Image.fromarray(paint_over(rgb, labels)).save(target, quality=JPEG_QUALITY)
    known = np.array(class_id, dtype=np.int64) != IGNORE
    return ImageLabels.of(target, size_wh, labels.xyxy_px[known], labels.class_id[known])
