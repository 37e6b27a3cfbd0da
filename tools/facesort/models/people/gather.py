"""Faces to train an encoder on, from folders of photos: crops with their points, who it is where
that is known, what is worn, and cut-outs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.classes import EYES, MOUTH
from facesort.detections import FaceFinder
from facesort.errors import DatasetError
from facesort.models.people.align import align_to, similarity
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX, cut_out
from facesort.models.people.points import PointFinder

FIND_PX = 320
SMALLEST_EYES_PX = 9.0  # between the eyes; below it, a face says nothing of who it is
EDGE_PX = CROP_PX // 2  # soft edges are kept at half the size
UNKNOWN = -1  # person, or part

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GatheredFaces:
    """``crops`` (n, 160, 160, 3) RGB; ``points_px`` and ``other_points_px`` (n, 5, 2) in them, by
    two finders; ``person`` (n,) or `UNKNOWN`; ``state`` (n,) class index of what is worn; ``part``
    (n,) indexes `dataset.people_split.PARTS`, or `UNKNOWN`. ``worn`` (m, 80, 80) are soft edges of
    what crops ``wearer`` (m,) wear, ``worn_kind`` (m,) `MOUTH` or `EYES`."""

    crops: Pixels
    points_px: Floats
    other_points_px: Floats
    person: Ints
    state: Ints
    part: Ints
    worn: Pixels
    wearer: Ints
    worn_kind: Ints


class Gatherer:
    """Takes photos one by one, keeps their faces, and says at last what it has.
    ``part(dataset, person)`` is the part that a person belongs to."""

    def __init__(
        self, find: FaceFinder, points: PointFinder, part: Callable[[str, str], int]
    ) -> None:
        self._find, self._points, self._part = find, points, part
        self._people: dict[tuple[str, str], int] = {}
        self._crops: list[Pixels] = []
        self._rows: list[tuple[Floats, Floats, int, int, int]] = []

    def __len__(self) -> int:
        return len(self._crops)

    def portrait(self, rgb: Pixels, dataset: str, person: str, state: int) -> bool:
        """Keep the face nearest to the middle of ``rgb``; False where there is none. The photo's
        part is that of ``person`` of ``dataset``; a ``person`` "" is unknown."""
        found = self._find(rgb, FIND_PX)
        if not len(found.confidence):
            return False
        size = np.array(rgb.shape[1::-1])
        middles = (found.xyxy_px[:, :2] + found.xyxy_px[:, 2:]) / 2
        away = np.abs(middles - size / 2).sum(axis=1)
        best = int((away - (found.xyxy_px[:, 2] - found.xyxy_px[:, 0])).argmin())
        box, other = found.xyxy_px[best], found.landmarks_px[best]
        return self.face(rgb, box, dataset, person, state, other)

    def face(
        self,
        rgb: Pixels,
        xyxy_px: ArrayLike,
        dataset: str,
        person: str,
        state: int,
        other_points_px: Floats | None = None,
    ) -> bool:
        """Keep the face in a box (4,) of ``rgb``; False where it is too small or has no area."""
        try:
            points = self._points.find(rgb, xyxy_px)[0]
        except ValueError:
            return False
        if np.linalg.norm(points[1] - points[0]) < SMALLEST_EYES_PX:
            return False
        other = points if other_points_px is None else other_points_px
        matrix = similarity(points, CROP_TEMPLATE_PX)
        part, number = UNKNOWN, UNKNOWN
        if person:
            part = self._part(dataset, person)
            number = self._people.setdefault((dataset, person), len(self._people))
        self._crops.append(align_to(rgb, points, CROP_TEMPLATE_PX, CROP_PX))
        seen, other_seen = (p @ matrix[:, :2].T + matrix[:, 2] for p in (points, other))
        self._rows.append((seen, other_seen, number, state, part))
        return True

    def gathered(
        self, progress: Callable[[Iterable[int], int], Iterable[int]] | None = None
    ) -> GatheredFaces:
        """All faces kept, and what is worn cut out. Raises `DatasetError` where there is none."""
        if not self._crops:
            raise DatasetError("no face in any photo; expected portraits")
        points, others, person, state, part = zip(*self._rows, strict=True)
        rows = range(len(self._crops))
        worn = [
            (edge, row, kind)
            for row in (progress(rows, len(rows)) if progress else rows)
            for kind in (MOUTH, EYES)
            if state[row] & kind
            for edge in [_small_edge(self._crops[row], points[row], kind)]
            if edge is not None
        ]
        return GatheredFaces(
            crops=np.stack(self._crops),
            points_px=np.stack(points),
            other_points_px=np.stack(others),
            person=np.array(person, dtype=np.int64),
            state=np.array(state, dtype=np.int64),
            part=np.array(part, dtype=np.int64),
            worn=np.array([w[0] for w in worn], dtype=np.uint8).reshape(-1, EDGE_PX, EDGE_PX),
            wearer=np.array([w[1] for w in worn], dtype=np.int64),
            worn_kind=np.array([w[2] for w in worn], dtype=np.int64),
        )


def _small_edge(crop: Pixels, points: Floats, kind: int) -> Pixels | None:
    import cv2

    edge = cut_out(crop, points, kind)
    if edge is None:
        return None
    small = cv2.resize(edge, (EDGE_PX, EDGE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def save(data: GatheredFaces, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **vars(data))


def load(path: Path) -> GatheredFaces:
    """Raises `DatasetError` for a file that `save` did not write."""
    try:
        with np.load(path) as kept:
            return GatheredFaces(**{name: kept[name] for name in kept.files})
    except (OSError, ValueError, TypeError) as error:
        raise DatasetError(f"{path}: no gathered faces: {error}") from error
