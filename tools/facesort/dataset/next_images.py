"""Which images to label next: those whose labels would teach a detector most.

An image is worth as much as its most telling face: how unsure the model is of it (the margin
between its two likeliest answers, "nothing" among them; B. Settles, Active Learning Literature
Survey, 2009), times how much its probable classes lack examples, less what a crowd costs to draw.
The batch is then picked one by one, each as unlike those before it as can be had (k-center:
O. Sener, S. Savarese, 2018, https://arxiv.org/abs/1708.00489), while what it probably adds to a
class lowers that class's need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, clip_xyxy

THUMB_PX = 12  # of the face, for "unlike": enough to tell a mask from sunglasses and night from day
MOST_FACES = 12  # of an image that count
POOL = 6  # times the batch: the images that are worth most, from which unlike ones are picked
LEAST_UNSURE = 0.1  # a sure face of a rare class is worth something as well
COST = 0.5  # power of the number of boxes that a person will have to draw
SMOOTH = 5.0  # boxes that every class is taken to have: one without any is not worth everything

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """What a model says of one image without labels: ``scores`` (n, classes) of its faces, 0 to 1,
    and ``looks`` (n, d), unit vectors that tell how each looks."""

    image: Path
    scores: Floats
    looks: Floats


def choose(candidates: Sequence[Candidate], labelled: Sequence[int], count: int) -> list[int]:
    """Indices of up to ``count`` images, the most telling first. ``labelled`` is how many boxes of
    each class there are already."""
    counts = np.asarray(labelled, dtype=np.float64) + SMOOTH
    beliefs = [_belief(one.scores[:MOST_FACES]) for one in candidates]
    first = np.array([_worth(belief, _need(counts))[0] for belief in beliefs])
    pool = np.argsort(-first, kind="stable")[: POOL * count].tolist()
    apart = np.ones(len(candidates))
    chosen: list[int] = []
    while pool and len(chosen) < count:
        need = _need(counts)
        rated = [_worth(beliefs[i], need) for i in pool]
        best = int(np.argmax([worth * apart[i] for (worth, _), i in zip(rated, pool, strict=True)]))
        picked = pool.pop(best)
        chosen.append(picked)
        counts += beliefs[picked][:, :-1].sum(axis=0)
        look = _look(candidates[picked], rated[best][1])
        for i, (_, face) in zip(pool, rated[:best] + rated[best + 1 :], strict=True):
            apart[i] = min(apart[i], _distance(look, _look(candidates[i], face)))
    return chosen


def _belief(scores: Floats) -> Floats:
    """(n, classes + 1): probabilities of each class and, last, of nothing."""
    scores = np.clip(np.asarray(scores, dtype=np.float64), 0, 1)
    total = scores.sum(axis=1, keepdims=True)
    scores = scores / np.maximum(total, 1)
    return np.concatenate([scores, 1 - scores.sum(axis=1, keepdims=True)], axis=1)


def _need(counts: Floats) -> Floats:
    """How much each class lacks examples, 1 on average."""
    need = 1 / np.sqrt(counts)
    return np.asarray(need / need.mean())


def _worth(belief: Floats, need: Floats) -> tuple[float, int]:
    """Of the most telling face, and which it is (-1: none was suspected)."""
    if not len(belief):
        return 0.0, -1
    likeliest = np.sort(belief, axis=1)
    unsure = 1 - (likeliest[:, -1] - likeliest[:, -2])
    worth = (unsure + LEAST_UNSURE) * (belief[:, :-1] @ need)
    face = int(worth.argmax())
    boxes_to_draw = max(1.0, float((1 - belief[:, -1]).sum()))
    return float(worth[face]) / boxes_to_draw**COST, face


def _look(candidate: Candidate, face: int) -> Floats | None:
    return None if face < 0 else candidate.looks[face]


def _distance(one: Floats | None, other: Floats | None) -> float:
    """0 for the same look, 1 for looks that have nothing in common."""
    if one is None or other is None:
        return 1.0 if (one is None) != (other is None) else 0.0
    return float(np.clip(1 - one @ other, 0, 1))


def looks_of(rgb: NDArray[np.uint8], xyxy_px: Boxes) -> Floats:
    """A thumbnail of each face as a unit vector (n, d) without its mean brightness."""
    import cv2

    size_wh = rgb.shape[1], rgb.shape[0]
    rows = np.zeros((len(xyxy_px), 3 * THUMB_PX * THUMB_PX))
    for row, box in zip(rows, clip_xyxy(xyxy_px, size_wh).round().astype(int), strict=True):
        x1, y1, x2, y2 = box.tolist()
        face = np.ascontiguousarray(rgb[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)])
        if face.size:
            small = cv2.resize(face, (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
            row[:] = small.astype(np.float64).ravel() - float(small.mean())
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9))
