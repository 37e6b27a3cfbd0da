"""Embeddings: unit vectors, the same alone and in a batch; unfit files are named."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_network import DIMENSIONS, write_network

from facesort.errors import ModelError
from facesort.models.encoders import Normalisation, read_spec, to_metadata
from facesort.models.people import similarity_norm
from facesort.models.people.align import TEMPLATE_PX, align_face
from facesort.models.people.embed import BATCH, load_embedder, unit


def faces(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)


@pytest.mark.parametrize("batch", [1, "n"])
@pytest.mark.parametrize("n", [0, 1, BATCH + 3])
def test_a_unit_vector_a_face(tmp_path: Path, batch: int | str, n: int) -> None:
    embedder = load_embedder(write_network(tmp_path / "net.onnx", batch=batch))
    some = faces(n)
    vectors = embedder.embed(some)
    assert vectors.shape == (n, DIMENSIONS) == (n, embedder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    for i in range(n):
        assert np.allclose(embedder.embed(some[i : i + 1])[0], vectors[i], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [faces(2)[:, :100], faces(2).astype(np.float32), faces(2)[0], np.empty((0, 112, 112, 4), "u1")],
)
def test_other_shapes_and_types_are_refused(tmp_path: Path, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        load_embedder(write_network(tmp_path / "net.onnx")).embed(wrong)


def test_the_file_says_how_it_wants_its_pixels(tmp_path: Path) -> None:
    plain = load_embedder(write_network(tmp_path / "plain.onnx"))
    assert (plain.normalisation, plain.licence) == (Normalisation(), "not stated")
    assert plain.name == "plain" and plain.likeness is similarity_norm.DEFAULT
    own = write_network(
        tmp_path / "own.onnx",
        {
            "facesort_mean": "0",
            "facesort_scale": "255",
            "facesort_channels": "BGR",
            "facesort_name": "ours",
            "facesort_licence": "MIT",
            "facesort_likeness": similarity_norm.DEFAULT.to_json(),
        },
    )
    other = load_embedder(own)
    assert other.normalisation == Normalisation(0, 255, "BGR")
    assert (other.name, other.licence) == ("ours", "MIT")
    assert other.fingerprint != plain.fingerprint
    pixels = other.normalisation.apply(faces(1))
    assert np.allclose(pixels[0, 0], faces(1)[0, :, :, 2] / 255)


@pytest.mark.parametrize(
    "metadata",
    [
        {"facesort_scale": "0"},
        {"facesort_scale": "much"},
        {"facesort_scale": "[1, 1, 0]"},
        {"facesort_mean": "[1, 2]"},
        {"facesort_template": "[[1, 2]]"},
        {"facesort_template": "[[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]"},
        {"facesort_template": "eyes"},
        {"facesort_mean": "nan"},
        {"facesort_channels": "GBR"},
        {"facesort_likeness": "[]"},
        {"facesort_likeness": "{"},
        {"facesort_likeness": '{"mean": [[1]], "spread": [[1]]}'},
    ],
)
def test_metadata_that_cannot_be_used_is_named(tmp_path: Path, metadata: dict[str, str]) -> None:
    with pytest.raises(ModelError, match=next(iter(metadata))):
        load_embedder(write_network(tmp_path / "net.onnx", metadata))


@pytest.mark.parametrize(
    ("takes", "gives", "message"),
    [
        ([], [1, 6], "takes"),
        ([1, 3, 112], [1, 6], "takes"),
        ([1, 3, 112, 96], [1, 6], "takes"),
        ([1, 3, "h", "w"], [1, 6], "takes"),
        ([1, 1, 112, 112], [1, 6], "takes"),
        ([1, 3, 16, 16], [1, 6], "takes"),
        ([1, 3, 112, 112], [1, 6, 1, 1], "gives"),
        ([1, 3, 112, 112], ["n", "d"], "gives"),
        ([1, 3, 64, 64], ["n", 10], "gives"),
    ],
)
def test_networks_of_other_shapes_are_named(takes: list, gives: list, message: str) -> None:
    with pytest.raises(ModelError, match=rf"some.onnx: {message} .*; expected"):
        read_spec(Path("some.onnx"), takes, gives, {})


@settings(max_examples=50, deadline=None)
@given(
    st.integers(32, 512),
    st.lists(st.floats(0.5, 300, width=32), min_size=3, max_size=3),
    st.sampled_from(["RGB", "BGR"]),
    st.text(max_size=20),
)
def test_what_a_file_says_of_itself_comes_back(
    side: int, numbers: list[float], order: str, name: str
) -> None:
    template = TEMPLATE_PX * side / 112 + 1
    said = {
        "facesort_mean": json.dumps(numbers),
        "facesort_scale": json.dumps(numbers[0]),
        "facesort_channels": order,
        "facesort_template": json.dumps(template.tolist()),
        "facesort_name": name,
    }
    spec = read_spec(Path("some.onnx"), ["n", 3, side, side], ["n", 16], said)
    assert spec.normalisation == Normalisation(tuple(numbers), numbers[0], order)
    assert np.allclose(spec.template_px, template) and spec.side_px == side
    again = read_spec(Path("some.onnx"), ["n", 3, side, side], ["n", 16], to_metadata(spec))
    assert to_metadata(again) == to_metadata(spec)


def test_faces_are_aligned_as_the_file_wants_them(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    landmarks = TEMPLATE_PX * 1.1 + 30
    plain = load_embedder(write_network(tmp_path / "plain.onnx"))
    assert np.array_equal(plain.align(rgb, landmarks), align_face(rgb, landmarks))
    shifted = {"facesort_template": json.dumps((TEMPLATE_PX + np.array([0, 5])).tolist())}
    lower = load_embedder(write_network(tmp_path / "lower.onnx", shifted)).align(rgb, landmarks)
    assert abs(lower[5:] - plain.align(rgb, landmarks)[:-5].astype(float)).max() <= 1
    with pytest.raises(ValueError, match="finite"):
        plain.align(rgb, np.full((5, 2), np.nan))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_embedder(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="cannot load it"):
        load_embedder(tmp_path / "text.onnx")


def test_a_detector_is_no_embedder(onnx_file: Path) -> None:
    with pytest.raises(ModelError, match="expected"):
        load_embedder(onnx_file)


def test_a_row_of_zeros_stays_one() -> None:
    assert np.array_equal(unit(np.zeros((1, 3), np.float32)), np.zeros((1, 3)))
