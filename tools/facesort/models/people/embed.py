"""What makes a face that person's face: aligned images to unit vectors, on ONNX Runtime.

A model file says in its metadata how it wants its pixels and what it may be used for; a file that
says nothing is taken for a MobileFaceNet: RGB, (x - 127.5) / 128.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.people import similarity_norm
from facesort.models.people.align import SIDE_PX
from facesort.models.people.similarity_norm import SimilarityNorm
from facesort.models.runtime import open_session

META_MEAN, META_SCALE = "facesort_mean", "facesort_scale"
META_ORDER = "facesort_channels"  # RGB or BGR
META_NAME, META_LICENCE = "facesort_name", "facesort_licence"
META_LIKENESS = "facesort_likeness"  # `SimilarityNorm` as JSON
DEFAULT_MEAN, DEFAULT_SCALE = 127.5, 128.0
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
    def embed(self, faces_rgb: Faces) -> Vectors: ...


@dataclass(frozen=True)
class Normalisation:
    """From bytes to what a network wants: (x - mean) / scale, in RGB or BGR."""

    mean: float = DEFAULT_MEAN
    scale: float = DEFAULT_SCALE
    order: str = "RGB"

    def apply(self, faces_rgb: Faces) -> Vectors:
        """(n, 112, 112, 3) bytes to (n, 3, 112, 112)."""
        pixels = faces_rgb[..., ::-1] if self.order == "BGR" else faces_rgb
        scaled = (pixels.astype(np.float32) - self.mean) / self.scale
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


@dataclass(frozen=True)
class OnnxEmbedder:
    """A network behind ``forward``: (n, 3, 112, 112) to (n, dimensions); implements `Embedder`."""

    forward: Callable[[Vectors], Vectors]
    dimensions: int
    normalisation: Normalisation
    name: str
    licence: str
    fingerprint: str
    likeness: SimilarityNorm = similarity_norm.DEFAULT

    def embed(self, faces_rgb: Faces) -> Vectors:
        """Unit vectors (n, dimensions) of aligned faces (n, 112, 112, 3); their dot product is
        the likeness, 1 for the same image. Raises `ValueError` at another shape or type."""
        faces = np.asarray(faces_rgb)
        if faces.dtype != np.uint8 or faces.shape[1:] != (SIDE_PX, SIDE_PX, 3):
            raise ValueError(
                f"faces {faces.dtype} {faces.shape}; expected uint8 (n, {SIDE_PX}, {SIDE_PX}, 3)"
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
    """Load an .onnx that takes faces of 112x112 and gives a vector each.

    Raises `ModelError` when the file is missing, cannot be loaded, or takes or gives anything else.
    """
    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; expected an .onnx that embeds faces")
    data = weights.read_bytes()
    session = open_session(weights, data, threads)
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    if list(takes.shape[1:]) != [3, SIDE_PX, SIDE_PX]:
        raise ModelError(f"{weights}: takes {takes.shape}; expected (n, 3, {SIDE_PX}, {SIDE_PX})")
    if len(gives.shape) != 2 or not isinstance(gives.shape[1], int):
        raise ModelError(f"{weights}: gives {gives.shape}; expected (n, d), a vector a face")
    meta = session.get_modelmeta().custom_metadata_map

    def one(pixels: Vectors) -> Vectors:
        return session.run(None, {takes.name: pixels})[0]

    def one_by_one(pixels: Vectors) -> Vectors:
        return np.concatenate([one(pixels[i : i + 1]) for i in range(len(pixels))])

    return OnnxEmbedder(
        forward=one_by_one if takes.shape[0] == 1 else one,
        dimensions=gives.shape[1],
        normalisation=_normalisation(meta, weights),
        name=meta.get(META_NAME, weights.stem),
        licence=meta.get(META_LICENCE, "not stated"),
        fingerprint=blake2b(data, digest_size=16).hexdigest(),
        likeness=_likeness(meta, weights),
    )


def _likeness(meta: dict[str, str], weights: Path) -> SimilarityNorm:
    if META_LIKENESS not in meta:
        return similarity_norm.DEFAULT
    try:
        return similarity_norm.from_json(meta[META_LIKENESS])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{weights}: metadata {META_LIKENESS} cannot be used: {error}") from None


def _normalisation(meta: dict[str, str], weights: Path) -> Normalisation:
    try:
        mean = float(meta.get(META_MEAN, DEFAULT_MEAN))
        scale = float(meta.get(META_SCALE, DEFAULT_SCALE))
    except ValueError:
        mean, scale = 0.0, 0.0
    order = meta.get(META_ORDER, "RGB")
    if not (np.isfinite(mean) and np.isfinite(scale) and scale > 0 and order in ("RGB", "BGR")):
        raise ModelError(
            f"{weights}: metadata {META_MEAN}, {META_SCALE}, {META_ORDER} cannot be used; expected "
            "a number, a number above 0, RGB or BGR"
        )
    return Normalisation(mean, scale, order)
