"""Which detection belongs to which face: the basis of every count in a report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, iou_matrix, min_side
from facesort.detections import Detections
from facesort.labels.image_labels import ImageLabels

Counts = NDArray[np.int64]


def pair(truth: ImageLabels, found: Detections, min_iou: float = 0.5) -> list[tuple[int, int]]:
    """Pairs (true face, detection) of one image, whatever their classes.

    The pair that overlaps most is taken first, so a weak box of the right class cannot displace a
    better placed one of a wrong class, nor the other way round.
    """
    overlap = iou_matrix(truth.xyxy_px, found.xyxy_px)
    pairs = []
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        i, j = np.unravel_index(flat, overlap.shape)
        if overlap[i, j] < min_iou:
            break
        pairs.append((int(i), int(j)))
        overlap[i, :] = overlap[:, j] = -1
    return pairs


def pair_by_confidence(
    truth: ImageLabels, found: Detections, min_iou: float = 0.5
) -> list[tuple[int, int]]:
    """Pairs (true face, detection): the surest detection chooses first, as in COCO's evaluation.

    Weaker detections cannot change what stronger ones get, so one pairing serves every threshold.
    """
    overlap = iou_matrix(truth.xyxy_px, found.xyxy_px)
    pairs = []
    for j in np.argsort(-found.confidence, kind="stable"):
        i = int(overlap[:, j].argmax()) if len(overlap) else -1
        if i >= 0 and overlap[i, j] >= min_iou:
            pairs.append((i, int(j)))
            overlap[i, :] = -1
    return pairs


def is_sized(xyxy_px: Boxes, min_side_px: float, below_px: float = np.inf) -> NDArray[np.bool_]:
    """Which boxes have a shorter side of ``min_side_px`` or more, but less than ``below_px``."""
    sides = min_side(xyxy_px)
    sized: NDArray[np.bool_] = (sides >= min_side_px) & (sides < below_px)
    return sized


def confusion(
    truth: ImageLabels,
    found: Detections,
    classes: int,
    min_side_px: float = 0.0,
    below_px: float = np.inf,
) -> Counts:
    """Counts [true, predicted], (classes + 1, classes + 1); the last row and column mean "none".

    True faces of another size (`is_sized`) count nowhere, nor do the detections on them, nor
    detections that are themselves of another size and on nothing.
    """
    counts = np.zeros((classes + 1, classes + 1), dtype=np.int64)
    asked = is_sized(truth.xyxy_px, min_side_px, below_px)
    paired = pair(truth, found)
    for i, j in paired:
        if asked[i]:
            counts[truth.class_id[i], found.class_id[j]] += 1
    for i in set(np.flatnonzero(asked).tolist()) - {i for i, _ in paired}:
        counts[truth.class_id[i], classes] += 1
    asked_found = is_sized(found.xyxy_px, min_side_px, below_px)
    for j in set(np.flatnonzero(asked_found).tolist()) - {j for _, j in paired}:
        counts[classes, found.class_id[j]] += 1
    return counts
