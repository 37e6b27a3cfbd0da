"""Which detection belongs to which face, and average precision from it, as COCO counts it.

Average precision is a function of how often each image counts, for the bootstrap: the matches of
an image do not depend on the other images, so they are made once, and a resample is a weight per
image. With all weights 1 the result is pycocotools' (asserted in a test); that code itself would
take minutes for a thousand resamples. Rules: pycocotools' COCOeval.evaluateImg.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def pair_by_confidence(truth: ImageLabels, found: Detections) -> list[tuple[int, int]]:
    """Pairs (true face, detection) of IoU 0.5 and more: the surest detection chooses first (COCO).

    Weaker detections cannot change what stronger ones get, so one pairing serves every threshold.
    """
    overlap = iou_matrix(truth.xyxy_px, found.xyxy_px)
    pairs = []
    for j in np.argsort(-found.confidence, kind="stable"):
        i = int(overlap[:, j].argmax()) if len(overlap) else -1
        if i >= 0 and overlap[i, j] >= 0.5:
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


MIN_IOUS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RankedDetections:
    """All n detections of one class, surest first, and the faces there are to find.

    ``image`` (n,), ``confidence`` (n,), ``right`` (10, n) by `MIN_IOUS`: on a face of the class;
    ``counted`` (10, n): neither on a face of another size nor itself one; ``faces`` (images,).
    """

    image: Ints
    confidence: Floats
    right: Bools
    counted: Bools
    faces: Ints

    def average_precision(self, weights: Ints) -> tuple[Floats, Floats]:
        """AP50 and AP50-95 (resamples,) for ``weights`` (resamples, images); NaN: no face."""
        by_iou = np.stack([self._at_iou(k, weights) for k in range(len(MIN_IOUS))])
        by_iou[:, weights @ self.faces == 0] = np.nan
        return by_iou[0], by_iou.mean(axis=0)

    def curve(self) -> tuple[Floats, Floats]:
        """Recall and precision (n,) at IoU 0.5 after each detection that counts."""
        right = np.cumsum(self.right[0][self.counted[0]])
        return right / max(self.faces.sum(), 1), right / np.arange(1, len(right) + 1)

    def _at_iou(self, k: int, weights: Ints) -> Floats:
        # precision only rises at a right detection: the curve's corners, all that AP needs
        corner = np.flatnonzero(self.right[k])
        if not len(corner):
            return np.zeros(len(weights))
        shown = self.counted[k][: corner[-1] + 1]
        corner_of = np.searchsorted(corner, np.arange(len(shown)))[shown]
        cells = self.image[: len(shown)][shown] * len(corner) + corner_of
        per_image = np.bincount(cells, minlength=weights.shape[1] * len(corner))
        # floats: BLAS multiplies no integers
        added = weights.astype(float) @ per_image.reshape(-1, len(corner)).astype(float)
        right = np.cumsum(weights[:, self.image[corner]], axis=1)
        precision = right / np.maximum(np.cumsum(added, axis=1), 1)
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        recall = right / np.maximum(weights @ self.faces, 1)[:, None]
        return np.array([_interpolated(*row) for row in zip(recall, precision, strict=True)])


def _interpolated(recall: Floats, precision: Floats) -> float:
    at = np.searchsorted(recall, RECALLS, side="left")
    return float(np.append(precision, 0.0)[at].mean())


def rank(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    class_id: int,
    min_side_px: float = 0.0,
    below_px: float = np.inf,
) -> RankedDetections:
    """Match the detections of one class; faces of another size are neither missed nor wrong."""
    image, confidence, right, counted = [], [], [], []
    faces = np.zeros(len(truth), dtype=np.int64)
    for k, (labels, detections) in enumerate(zip(truth, found, strict=True)):
        boxes = labels.xyxy_px[labels.class_id == class_id]
        mine = np.flatnonzero(detections.class_id == class_id)
        mine = mine[np.argsort(-detections.confidence[mine], kind="stable")]
        asked = is_sized(boxes, min_side_px, below_px)
        faces[k] = asked.sum()
        face = _match(iou_matrix(boxes, detections.xyxy_px[mine]), asked)
        on_asked = np.append(asked, False)[face]  # -1, on nothing, is the last
        right.append(on_asked)
        own_size = is_sized(detections.xyxy_px[mine], min_side_px, below_px)
        counted.append(np.where(face < 0, own_size, on_asked))
        image.append(np.full(len(mine), k))
        confidence.append(detections.confidence[mine])
    scores = np.concatenate([*confidence, np.zeros(0)])
    order = np.argsort(-scores, kind="stable")
    empty = np.zeros((len(MIN_IOUS), 0), dtype=bool)
    return RankedDetections(
        np.concatenate([*image, np.zeros(0, dtype=np.int64)])[order],
        scores[order],
        np.concatenate([*right, empty], axis=1)[:, order],
        np.concatenate([*counted, empty], axis=1)[:, order],
        faces,
    )


def _match(overlap: Floats, asked: Bools) -> Ints:
    """The face of each detection (10, detections), -1 for none; surest detections choose first,
    among the faces asked for before the others, of equal overlaps the last."""
    face = np.full((len(MIN_IOUS), overlap.shape[1]), -1, dtype=np.int64)
    for k, min_iou in enumerate(MIN_IOUS):
        free = np.ones(len(overlap), dtype=bool)
        for j in np.flatnonzero(overlap.max(axis=0, initial=0) >= min_iou):
            for group in (asked, ~asked):
                reach = np.where(free & group, overlap[:, j], -1)
                best = len(reach) - 1 - int(reach[::-1].argmax())
                if reach[best] >= min_iou:
                    face[k, j], free[best] = best, False
                    break
    return face
