"""Draws on the faces of one labelled image, at the landmarks of a face model or at a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facesort.boxes import Boxes, iou_matrix, min_side
from facesort.classes import FaceClass
from facesort.dataset.synth.head_model import Floats, landmarks_in_box
from facesort.dataset.synth.paint import Pixels
from facesort.dataset.synthesize import choose_kind, draw_kind
from facesort.detections import FaceFinder
from facesort.labels.image_labels import IGNORE, ImageLabels

MIN_FACE_PX = 40.0  # on less, nothing drawn can be told from a smudge
_FINDER_PX = 640
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
