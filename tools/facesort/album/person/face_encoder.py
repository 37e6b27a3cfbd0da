"""From a face box to what identity needs: points, the upright face, its vector, its quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.album.person.identification import vector_to_text
from facesort.album.person.quality import Quality, assess
from facesort.album.records import Face, Identity
from facesort.models.people.align import align_face
from facesort.models.people.embed import Embedder, load_embedder
from facesort.models.people.points import load_point_finder
from facesort.photos import Photo


class Points(Protocol):
    """What is needed of `models.people.points.PointFinder`."""

    def find(self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike) -> NDArray[np.float64]: ...


@dataclass(frozen=True, eq=False)
class EncodedFaces:
    """Unit ``vectors`` (n, d) and one `Quality` a face."""

    vectors: NDArray[np.float32]
    quality: tuple[Quality, ...]


@dataclass(frozen=True, eq=False)
class FaceEncoder:
    """Safe to call from several threads, as its two networks are."""

    points: Points
    embedder: Embedder

    def encode(
        self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike, scale: float = 1.0
    ) -> EncodedFaces:
        """The faces in boxes (n, 4) of ``rgb`` (h, w, 3), which is ``scale`` times the size of the
        photo: a face's quality counts the pixels that the camera gave it."""
        boxes = np.asarray(xyxy_px, dtype=np.float64).reshape(-1, 4)
        points = self.points.find(rgb, boxes)
        quality, vectors = [], []
        for i, box in enumerate(boxes):
            quality.append(assess(align_face(rgb, points[i]), box / scale, points[i]))
            vectors.append(self.embedder.embed(self.embedder.align(rgb, points[i])[None]))
        none = np.empty((0, self.embedder.dimensions), dtype=np.float32)
        return EncodedFaces(np.concatenate([none, *vectors]), tuple(quality))


def with_identity(faces: Sequence[Face], photo: Photo, encoder: FaceEncoder) -> tuple[Face, ...]:
    """The faces of ``photo`` with what tells them from others; one without area stays without."""
    whole = [i for i, face in enumerate(faces) if _has_area(face)]
    boxes = np.array([faces[i].xyxy_px for i in whole]).reshape(-1, 4) * photo.scale
    found = encoder.encode(photo.rgb, boxes, photo.scale)
    described = list(faces)
    for i, vector, quality in zip(whole, found.vectors, found.quality, strict=True):
        if abs(float(np.linalg.norm(vector)) - 1) < 0.005:  # a face of one grey has none
            described[i] = replace(
                faces[i],
                identity=Identity(
                    encoder.embedder.fingerprint,
                    vector_to_text(vector),
                    round(quality.side_px, 1),
                    round(quality.sharpness, 1),
                    round(quality.turned, 3),
                ),
            )
    return tuple(described)


def quality_of(face: Face) -> Quality:
    """Raises `ValueError` for a face without identity."""
    if face.identity is None:
        raise ValueError(f"{face}: was not described")
    return Quality(face.identity.side_px, face.identity.sharpness, face.identity.turned)


def _has_area(face: Face) -> bool:
    x1, y1, x2, y2 = face.xyxy_px
    return x2 > x1 and y2 > y1


def load_face_encoder(points: Path, embedding: Path) -> FaceEncoder:
    """Raises `ModelError` when one of the two cannot be loaded."""
    return FaceEncoder(load_point_finder(points), load_embedder(embedding))
