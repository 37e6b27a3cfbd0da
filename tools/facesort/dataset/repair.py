"""Images of which only some faces are labelled: the rest ignored or painted over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, clip_xyxy, grow_xyxy, iou_matrix
from facesort.classes import CLASS_NAMES
from facesort.dataset.label_set_writer import check_out, summary, write_yolo
from facesort.detections import FoundFaces
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.photos import is_video, open_photo

Image = NDArray[np.uint8]

# People draw the upper edge of a face 12 % lower than the face model does (392 faces of the scenes'
# training part); the other edges agree. A detector trained with .11 begins where people draw (val).
TOP_EDGE_LOWER = 0.11
SURE_FACE = 0.5  # confidence from which the face model is believed to have seen a face


def hand_drawn(xyxy_px: Boxes) -> Boxes:
    """Boxes of the face model moved to where a person would have drawn them."""
    boxes = xyxy_px.copy()
    boxes[:, 1] += TOP_EDGE_LOWER * (boxes[:, 3] - boxes[:, 1])
    return boxes


def ignore_unlabelled(labels: ImageLabels, found: FoundFaces) -> ImageLabels:
    """Add, as `IGNORE`, the faces that the face model is sure of and that have no label."""
    overlap = iou_matrix(found.xyxy_px, labels.xyxy_px).max(axis=1, initial=0)
    extra = found.xyxy_px[(found.confidence >= SURE_FACE) & (overlap < 0.3)]
    return replace(
        labels,
        xyxy_px=np.concatenate([labels.xyxy_px, extra]),
        class_id=np.concatenate([labels.class_id, np.full(len(extra), IGNORE)]),
    )


def paint_over(rgb: Image, labels: ImageLabels) -> Image:
    """A copy in which every `IGNORE` face is a patch of the colour around it.

    Labelled faces keep their pixels, also where a patch would cover them.
    """
    out = rgb.copy()
    height, width = rgb.shape[:2]
    kept = labels.xyxy_px[labels.class_id != IGNORE]
    for box in clip_xyxy(labels.xyxy_px[labels.class_id == IGNORE], labels.size_wh):
        x1, y1, x2, y2 = clip_xyxy([box], (width, height))[0].round().astype(int)
        ring = grow_xyxy([[x1, y1, x2, y2]], 1.3)
        rx1, ry1, rx2, ry2 = clip_xyxy(ring, (width, height))[0].round().astype(int)
        around = rgb[ry1:ry2, rx1:rx2].reshape(-1, 3)
        if len(around):
            out[y1:y2, x1:x2] = np.median(around, axis=0)
    for x1, y1, x2, y2 in clip_xyxy(kept, (width, height)).round().astype(int):
        out[y1:y2, x1:x2] = rgb[y1:y2, x1:x2]
    return out


JPEG_QUALITY = 95


class Photo(Protocol):
    """A photo with boxes; a class of "" is a face without a correction."""

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
