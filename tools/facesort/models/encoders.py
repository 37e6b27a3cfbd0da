"""What a face encoder's file says of itself: the one place that knows the metadata of its .onnx.

Any file with one image input (n, 3, side, side) and one vector output (n, d) can be used. What the
keys below do not say is taken as a MobileFaceNet has it: ArcFace's template, RGB,
(x - 127.5) / 128. A new key is one line here and one field of `EncoderSpec`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.people import similarity_norm
from facesort.models.people.align import SIDE_PX, TEMPLATE_PX
from facesort.models.people.similarity_norm import SimilarityNorm

META_MEAN, META_SCALE = "facesort_mean", "facesort_scale"  # a number, or three as channels lie
META_ORDER = "facesort_channels"  # RGB or BGR
META_TEMPLATE = "facesort_template"  # five points [x, y] in pixels of the input
META_NAME, META_LICENCE = "facesort_name", "facesort_licence"
META_LIKENESS = "facesort_likeness"  # `SimilarityNorm` as JSON
DEFAULT_MEAN, DEFAULT_SCALE = 127.5, 128.0
SIDES_PX = range(32, 513)
LEAST_DIMENSIONS = 16  # fewer numbers are a class, or points, of a face

Channels = float | tuple[float, ...]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Normalisation:
    """From bytes to what a network wants: (x - mean) / scale, in RGB or BGR. ``mean`` and ``scale``
    are one number, or one a channel in that order."""

    mean: Channels = DEFAULT_MEAN
    scale: Channels = DEFAULT_SCALE
    order: str = "RGB"

    def apply(self, faces_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, side, side, 3) bytes to (n, 3, side, side)."""
        pixels = faces_rgb[..., ::-1] if self.order == "BGR" else faces_rgb
        mean = np.asarray(self.mean, dtype=np.float32)
        scaled = (pixels.astype(np.float32) - mean) / np.asarray(self.scale, dtype=np.float32)
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


@dataclass(frozen=True, eq=False)
class EncoderSpec:
    """``side_px`` of the square input, ``template_px`` (5, 2) of the landmarks in it, and
    ``dimensions`` of the vector; ``likeness`` is the calibration of its cosines."""

    side_px: int
    template_px: Matrix
    dimensions: int
    normalisation: Normalisation
    name: str
    licence: str
    likeness: SimilarityNorm


def read_spec(
    weights: Path, takes: Sequence[Any], gives: Sequence[Any], meta: Mapping[str, str]
) -> EncoderSpec:
    """From the shapes of input and output and the metadata of ``weights``.

    Raises `ModelError` for shapes that are no face encoder's and for metadata that cannot be used.
    """
    side = takes[2] if len(takes) == 4 and isinstance(takes[2], int) else 0
    if side not in SIDES_PX or list(takes[1:]) != [3, side, side]:
        raise ModelError(
            f"{weights}: takes {list(takes)}; expected (n, 3, side, side), a square face of "
            f"{SIDES_PX.start} to {SIDES_PX.stop - 1} pixels a side"
        )
    if len(gives) != 2 or not isinstance(gives[1], int) or gives[1] < LEAST_DIMENSIONS:
        raise ModelError(
            f"{weights}: gives {list(gives)}; expected (n, d), a vector of {LEAST_DIMENSIONS} "
            "numbers or more a face"
        )
    return EncoderSpec(
        side_px=side,
        template_px=_template(meta, weights, side),
        dimensions=gives[1],
        normalisation=_normalisation(meta, weights),
        name=meta.get(META_NAME, weights.stem),
        licence=meta.get(META_LICENCE, "not stated"),
        likeness=_likeness(meta, weights),
    )


def to_metadata(spec: EncoderSpec) -> dict[str, str]:
    """What `read_spec` reads back."""
    how = spec.normalisation
    return {
        META_MEAN: json.dumps(how.mean),
        META_SCALE: json.dumps(how.scale),
        META_ORDER: how.order,
        META_TEMPLATE: json.dumps(np.round(spec.template_px, 4).tolist()),
        META_NAME: spec.name,
        META_LICENCE: spec.licence,
        META_LIKENESS: spec.likeness.to_json(),
    }


def _template(meta: Mapping[str, str], weights: Path, side_px: int) -> Matrix:
    if META_TEMPLATE not in meta:
        return TEMPLATE_PX * (side_px / SIDE_PX)
    try:
        points = np.array(json.loads(meta[META_TEMPLATE]), dtype=np.float64)
        usable = points.shape == (5, 2) and bool(np.isfinite(points).all())
        usable = usable and float(np.ptp(points, axis=0).min()) > 1
    except (ValueError, TypeError):
        usable = False
    if not usable:
        raise ModelError(
            f"{weights}: metadata {META_TEMPLATE} cannot be used; expected [[x, y], ...], the "
            "eyes, nose and mouth corners in pixels of the input"
        )
    return points


def _normalisation(meta: Mapping[str, str], weights: Path) -> Normalisation:
    mean, scale = (_channels(meta, *key) for key in _DEFAULTS)
    order = meta.get(META_ORDER, "RGB")
    usable = mean is not None and scale is not None and order in ("RGB", "BGR")
    if mean is None or scale is None or not usable or not np.min(scale) > 0:
        raise ModelError(
            f"{weights}: metadata {META_MEAN}, {META_SCALE}, {META_ORDER} cannot be used; expected "
            "a number, a number above 0 (or three of each), RGB or BGR"
        )
    return Normalisation(mean, scale, order)


_DEFAULTS = ((META_MEAN, DEFAULT_MEAN), (META_SCALE, DEFAULT_SCALE))


def _channels(meta: Mapping[str, str], key: str, default: float) -> Channels | None:
    try:
        values = np.array(json.loads(meta.get(key, str(default))), dtype=np.float64)
    except (ValueError, TypeError):
        return None
    if values.shape not in ((), (3,)) or not np.isfinite(values).all():
        return None
    return float(values) if values.shape == () else tuple(values.tolist())


def _likeness(meta: Mapping[str, str], weights: Path) -> SimilarityNorm:
    if META_LIKENESS not in meta:
        return similarity_norm.DEFAULT
    try:
        return similarity_norm.from_json(meta[META_LIKENESS])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{weights}: metadata {META_LIKENESS} cannot be used: {error}") from error
