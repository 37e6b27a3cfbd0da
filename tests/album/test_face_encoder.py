"""A face keeps its vector when the photo is turned, smaller, mirrored, or shows a mask."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from facesort.album.person.face_encoder import FaceEncoder, load_face_encoder
from facesort.dataset.synthesize import draw_kind
from facesort.models.people.points import load_point_finder

WEIGHTS = Path(__file__).parents[2] / "weights"
POINTS, EMBEDDING = WEIGHTS / "face_points.onnx", WEIGHTS / "face_embedding.onnx"
BOX_PX = np.array([178.0, 75, 271, 176])  # as weights/occlusion.onnx finds it


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return load_face_encoder(POINTS, EMBEDDING)


def test_no_faces(encoder: FaceEncoder) -> None:
    found = encoder.encode(skimage.data.astronaut(), np.empty((0, 4)))
    assert found.vectors.shape == (0, encoder.embedder.dimensions) and found.quality == ()


def test_the_same_person_however_she_is_shown(encoder: FaceEncoder) -> None:
    photo = Image.fromarray(skimage.data.astronaut())
    ways = {"as it is": (np.asarray(photo), BOX_PX)}
    ways["mirrored"] = (np.asarray(photo)[:, ::-1], [512 - 271, 75, 512 - 178, 176])
    ways["half as large"] = (np.asarray(photo.resize((256, 256))), BOX_PX / 2)
    middle = tuple((BOX_PX[:2] + BOX_PX[2:]) / 2)
    ways["turned"] = (np.asarray(photo.rotate(20, center=middle)), BOX_PX)
    five = load_point_finder(POINTS).find(np.asarray(photo), BOX_PX)[0]
    masked = draw_kind(np.asarray(photo), five, 0, "mask", np.random.default_rng(0))[0]
    ways["masked"] = (masked, BOX_PX)
    vectors = {way: encoder.encode(rgb, box).vectors[0] for way, (rgb, box) in ways.items()}
    alike = {way: float(vector @ vectors["as it is"]) for way, vector in vectors.items()}
    assert alike.pop("masked") > 0.5
    assert min(alike.values()) > 0.8, alike


def test_quality_counts_the_pixels_of_the_photo(encoder: FaceEncoder) -> None:
    (quality,) = encoder.encode(skimage.data.astronaut(), BOX_PX, scale=0.5).quality
    assert quality.side_px == 2 * 93
    assert quality.reject_reason() == "" and quality.turned < 0.3


def test_the_shipped_embedding_says_what_it_is(encoder: FaceEncoder) -> None:
    embedder = encoder.embedder
    assert embedder.name == "face_embedding" and "AGPL-3.0" in embedder.licence
    assert EMBEDDING.stat().st_size + POINTS.stat().st_size < 15_000_000
    assert (embedder.likeness.mean[0, 0] > 0) and embedder.likeness.spread.min() > 0.05
