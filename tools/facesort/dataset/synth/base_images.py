"""What to draw on: the training split of a data set, or a folder of photos of bare faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facesort.boxes import clip_xyxy
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset.balance.train_split import TrainSplit, read_train
from facesort.dataset.repair import SURE_FACE, hand_drawn
from facesort.dataset.split import TRAIN
from facesort.dataset.yolo_dataset import Placed, read_layout
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import ImageLabels
from facesort.photos import list_photos, open_photo
from facesort.progress import Step, no_step

_FINDER_PX = 640


@dataclass(frozen=True, eq=False)
class BaseImages:
    """The training images with their labels, and the images of the other splits."""

    train: TrainSplit
    others: tuple[Placed, ...]


def read_source(data: Path, find: FaceFinder | None, step: Step = no_step) -> BaseImages:
    """Read a data set YAML, or a folder in which ``find`` finds the faces; raises `DatasetError`
    where there is nothing to draw on."""
    if data.is_dir():
        if find is None:
            raise DatasetError(f"{data}: a folder has no labels; expected a face model")
        return BaseImages(_read_folder(data, find, step), ())
    layout = read_layout(data)
    others = tuple(placed for placed in layout.images if placed.split != TRAIN)
    return BaseImages(read_train(layout, step), others)


def _read_folder(folder: Path, find: FaceFinder, step: Step) -> TrainSplit:
    photos = list_photos(folder).photos
    inside, labels, left_out = [], [], []
    for photo in step(photos, len(photos), "photo"):
        try:
            rgb = open_photo(photo.path).rgb
        except PhotoError as error:
            left_out.append(str(error))
            continue
        found = find(rgb, _FINDER_PX)
        sure = found.confidence >= SURE_FACE
        size_wh = (rgb.shape[1], rgb.shape[0])
        boxes = clip_xyxy(hand_drawn(found.xyxy_px[sure]), size_wh)
        classes = np.full(len(boxes), int(FaceClass.face))
        labels.append(ImageLabels.of(photo.path, size_wh, boxes, classes))
        inside.append(Path(photo.relative))
    if not labels:
        raise DatasetError(f"{folder}: no photo that can be opened; expected photos of bare faces")
    note = "taken as bare faces: every face that the face model found"
    return TrainSplit(CLASS_NAMES, tuple(inside), tuple(labels), tuple(left_out), (note,))
