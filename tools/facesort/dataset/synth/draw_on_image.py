"""Which images to draw on, and drawing on the faces of one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facesort.boxes import Boxes, clip_xyxy, iou_matrix, min_side
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset.balance.balanced_set import TrainSplit, read_train
from facesort.dataset.repair import SURE_FACE, hand_drawn
from facesort.dataset.splits import TRAIN
from facesort.dataset.synth.head_model import Floats, landmarks_in_box
from facesort.dataset.synth.paint import Pixels
from facesort.dataset.synthesize import choose_kind, draw_kind
from facesort.dataset.yolo_dataset import Placed, read_layout
from facesort.detections import FaceFinder
from facesort.errors import DatasetError, PhotoError
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.photos import list_photos, open_photo
from facesort.reporter import Step, no_step

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


MIN_FACE_PX = 40.0  # on less, a drawing looks like a smudge
_SAME_FACE_IOU = 0.5


@dataclass(frozen=True)
class DrawnFace:
    """What was drawn on one face; ``landmarks`` says where they are from, "model" or "box"."""

    xyxy_px: tuple[float, ...]
    kind: str
    before: FaceClass
    after: FaceClass
    landmarks: str


@dataclass(frozen=True, eq=False)
class DrawnImage:
    """The image, its labels (classes as `FaceClass` or `IGNORE`), what was drawn, and for each
    face that was left as it is, why."""

    rgb: Pixels
    labels: ImageLabels
    faces: tuple[DrawnFace, ...]
    left: Counter[str]


def draw_on_image(
    rgb: Pixels,
    labels: ImageLabels,
    find: FaceFinder | None,
    kinds: Sequence[str],
    rng: np.random.Generator,
) -> DrawnImage:
    """Draw one of ``kinds`` (none: any that helps) on every face that is large enough.

    ``labels`` holds boxes in pixels of ``rgb`` and classes as `FaceClass`; without ``find``, or
    where it finds no face in a box, the landmarks are guessed from the box. Far faces are drawn
    before near ones.
    """
    found = _landmarks(rgb, labels.xyxy_px, find)
    classes, faces, left = labels.class_id.copy(), [], Counter[str]()
    sides = min_side(labels.xyxy_px)
    for i in np.argsort(sides, kind="stable"):
        box, bits = labels.xyxy_px[i], int(classes[i])
        if bits == IGNORE or sides[i] < MIN_FACE_PX:
            left["of unknown class" if bits == IGNORE else f"under {MIN_FACE_PX:g} px"] += 1
            continue
        kind = choose_kind(bits, rng, kinds)
        if not kind:
            left[f"{FaceClass(bits).name}: nothing to add"] += 1
            continue
        source, points = ("model", found[i]) if i in found else ("box", landmarks_in_box(box))
        rgb, after = draw_kind(rgb, points, bits, kind, rng)
        classes[i] = after
        box_px = tuple(float(v) for v in box)
        faces.append(DrawnFace(box_px, kind, FaceClass(bits), FaceClass(after), source))
    return DrawnImage(rgb, replace(labels, class_id=classes), tuple(faces), left)


def _landmarks(rgb: Pixels, xyxy_px: Boxes, find: FaceFinder | None) -> dict[int, Floats]:
    """By the number of the box, the landmarks of the found face that agrees with it best."""
    if find is None or not len(xyxy_px):
        return {}
    found = find(rgb, _FINDER_PX)
    overlap = iou_matrix(xyxy_px, found.xyxy_px)
    sure = np.flatnonzero(overlap.max(axis=1, initial=0) > _SAME_FACE_IOU)
    return {int(i): found.landmarks_px[overlap[i].argmax()] for i in sure}
