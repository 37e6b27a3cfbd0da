"""Published face encoders and how each wants its faces: channels, scaling, five points, licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.models.people.align import TEMPLATE_PX
from facesort.models.people.embed import OnnxEmbedder
from facesort.models.runtime import open_session

# https://docs.openvino.ai: model card of face-reidentification-retail-0095, in shares of the side
RETAIL_TEMPLATE = np.array(
    [[0.3156, 0.4616], [0.6827, 0.4616], [0.5003, 0.6405], [0.3495, 0.8247], [0.6534, 0.8247]]
)


@dataclass(frozen=True, eq=False)
class Published:
    """``mean`` and ``scale`` are for files that do not scale their pixels themselves."""

    template_px: NDArray[np.float64]
    licence: str
    order: str = "RGB"
    mean: float = 0.0
    scale: float = 1.0


PUBLISHED = {
    # Zhong et al. 2021, https://arxiv.org/abs/2205.12010; OpenCV Zoo, face_recognition_sface
    "sface": Published(TEMPLATE_PX, "Apache-2.0"),
    # Open Model Zoo
    "retail-0095": Published(128 * RETAIL_TEMPLATE, "Apache-2.0", order="BGR"),
    "mobilefacenet": Published(TEMPLATE_PX, "not stated", mean=127.5, scale=128.0),
}


def same_cosine(weights: Path, embedder: OnnxEmbedder, published: Published) -> float:
    """Smallest cosine of what the published file and ``embedder`` say of images of noise."""
    session = open_session(weights, weights.read_bytes(), threads=1)
    takes = session.get_inputs()[0]
    side = embedder.spec.side_px
    faces = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    cosines = []
    for face, vector in zip(faces, embedder.embed(faces), strict=True):
        pixels = face[..., ::-1] if published.order == "BGR" else face
        scaled = (pixels.astype(np.float32) - published.mean) / published.scale
        feed = {takes.name: np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])}
        said = np.asarray(session.run(None, feed)[0]).ravel()
        cosines.append(float(said @ vector / np.linalg.norm(said)))
    return min(cosines)
