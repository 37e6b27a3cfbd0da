"""From a face box to what identity needs: points, the upright face, its vector, its quality."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.album.quality import Quality, assess
from facesort.models.align import SIDE_PX, align_face
from facesort.models.embed import Embedder, load_embedder
from facesort.models.points import load_point_finder


class Points(Protocol):
    """What is needed of `models.points.PointFinder`."""

    def find(self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike) -> NDArray[np.float64]: ...


@dataclass(frozen=True, eq=False)
class Described:
    """Unit ``vectors`` (n, d) and one `Quality` a face."""

    vectors: NDArray[np.float32]
    quality: tuple[Quality, ...]


@dataclass(frozen=True, eq=False)
class Describer:
    """Safe to call from several threads, as its two networks are."""

    points: Points
    embedder: Embedder

    def describe(self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike, scale: float = 1.0) -> Described:
        """The faces in boxes (n, 4) of ``rgb`` (h, w, 3), which is ``scale`` times the size of the
        photo: a face's quality counts the pixels that the camera gave it."""
        boxes = np.asarray(xyxy_px, dtype=np.float64).reshape(-1, 4)
        points = self.points.find(rgb, boxes)
        faces = np.empty((len(boxes), SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
        quality = []
        for i, box in enumerate(boxes):
            faces[i] = align_face(rgb, points[i])
            quality.append(assess(faces[i], box / scale, points[i]))
        return Described(self.embedder.embed(faces), tuple(quality))


def load_describer(points: Path, embedding: Path) -> Describer:
    """Raises `ModelError` when one of the two cannot be loaded."""
    return Describer(load_point_finder(points), load_embedder(embedding))
