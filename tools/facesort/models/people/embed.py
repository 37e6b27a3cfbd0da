"""What makes a face that person's face: aligned images to unit vectors, on ONNX Runtime.

A model file says in its metadata how it wants its pixels and what it may be used for
(`models.encoders`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.errors import ModelError
from facesort.models import encoders
from facesort.models.encoders import EncoderSpec, Normalisation
from facesort.models.people.align import align_to
from facesort.models.people.similarity_norm import SimilarityNorm
from facesort.models.runtime import open_session

BATCH = 32  # faces a call: memory stays flat, and one core gains nothing from more

Faces = NDArray[np.uint8]
Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the album needs of an embedding; safe to call from several threads."""

    @property
    def name(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def likeness(self) -> SimilarityNorm: ...
    def align(self, rgb: Faces, landmarks_px: ArrayLike) -> Faces: ...
    def embed(self, faces_rgb: Faces) -> Vectors: ...


@dataclass(frozen=True)
class OnnxEmbedder:
    """A network behind ``forward``: (n, 3, side, side) to (n, dimensions); implements
    `Embedder`."""

    forward: Callable[[Vectors], Vectors]
    spec: EncoderSpec
    fingerprint: str

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def licence(self) -> str:
        return self.spec.licence

    @property
    def dimensions(self) -> int:
        return self.spec.dimensions

    @property
    def normalisation(self) -> Normalisation:
        return self.spec.normalisation

    @property
    def likeness(self) -> SimilarityNorm:
        return self.spec.likeness

    def align(self, rgb: Faces, landmarks_px: ArrayLike) -> Faces:
        """The face (side, side, 3) of ``rgb`` (h, w, 3) as the network wants it, by its landmarks
        (5, 2). Raises `ValueError` for landmarks that are not finite or all in one place."""
        return align_to(rgb, landmarks_px, self.spec.template_px, self.spec.side_px)

    def embed(self, faces_rgb: Faces) -> Vectors:
        """Unit vectors (n, dimensions) of aligned faces (n, side, side, 3); their dot product is
        the likeness, 1 for the same image. Raises `ValueError` at another shape or type."""
        faces, side = np.asarray(faces_rgb), self.spec.side_px
        if faces.dtype != np.uint8 or faces.shape[1:] != (side, side, 3):
            raise ValueError(
                f"faces {faces.dtype} {faces.shape}; expected uint8 (n, {side}, {side}, 3)"
            )
        rows = np.empty((len(faces), self.dimensions), dtype=np.float32)
        for i in range(0, len(faces), BATCH):
            some = self.normalisation.apply(faces[i : i + BATCH])
            rows[i : i + BATCH] = self.forward(some)
        return unit(rows)


def unit(rows: Vectors) -> Vectors:
    """Rows at length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), dtype=np.float32)


def load_embedder(weights: Path, threads: int = 1) -> OnnxEmbedder:
    """Load an .onnx that takes aligned faces and gives a vector each.

    Raises `ModelError` when the file is missing, cannot be loaded, or takes or gives anything else.
    """
    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; expected an .onnx that embeds faces")
    data = weights.read_bytes()
    session = open_session(weights, data, threads)
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    meta = session.get_modelmeta().custom_metadata_map
    spec = encoders.read_spec(weights, takes.shape, gives.shape, meta)

    def one(pixels: Vectors) -> Vectors:
        return session.run(None, {takes.name: pixels})[0]

    def one_by_one(pixels: Vectors) -> Vectors:
        return np.concatenate([one(pixels[i : i + 1]) for i in range(len(pixels))])

    return OnnxEmbedder(
        forward=one_by_one if takes.shape[0] == 1 else one,
        spec=spec,
        fingerprint=blake2b(data, digest_size=16).hexdigest(),
    )
