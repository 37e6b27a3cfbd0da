"""Training an embedding: the graph becomes a network and comes back as itself, but better."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from small_network import DIMENSIONS, write_network

from facesort.errors import ModelError
from facesort.models.people import distill
from facesort.models.people.embed import Normalisation, load_embedder
from facesort.models.people.trainable import as_module, load_graph, write_back


def covered(people: int = 4, photos: int = 3) -> distill.TrainingFaces:
    """Smooth noise, both sides alike, and the same with its lower half painted over."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (people * photos, 7, 7, 3), dtype=np.uint8)
    coarse[:, :, 4:] = coarse[:, :, 2::-1]
    bare = coarse.repeat(16, axis=1).repeat(16, axis=2)
    masked = bare.copy()
    masked[:, 60:] = 200
    person = np.repeat(np.arange(people), photos)
    return distill.TrainingFaces(np.stack([bare, masked], 1), person, np.array([0.3, 0.7]))


def test_the_module_says_what_the_graph_says(tmp_path: Path) -> None:
    import torch

    graph = load_graph(write_network(tmp_path / "net.onnx"))
    pixels = np.random.default_rng(0).normal(size=(1, 3, 112, 112)).astype(np.float32)
    said = ort.InferenceSession(tmp_path / "net.onnx").run(None, {"input": pixels})[0]
    for frozen in (0, 1, 3):
        found = as_module(graph, frozen)(torch.from_numpy(pixels)).detach().numpy()
        assert np.allclose(found, said, atol=1e-5)


def test_weights_come_back_with_any_batch_and_metadata(tmp_path: Path) -> None:
    graph = load_graph(write_network(tmp_path / "net.onnx"))
    write_back(graph, as_module(graph), tmp_path / "new" / "out.onnx", {"facesort_name": "us"})
    before, after = (load_embedder(tmp_path / name) for name in ("net.onnx", "new/out.onnx"))
    faces = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)
    assert np.allclose(before.embed(faces), after.embed(faces), atol=1e-5)
    assert (after.name, after.dimensions) == ("us", DIMENSIONS)
    assert (
        onnx.load(str(tmp_path / "new/out.onnx"))
        .graph.input[0]
        .type.tensor_type.shape.dim[0]
        .dim_param
    )


def test_a_covered_face_comes_nearer_to_the_bare_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is frozen stays; the rest learns in three seconds what a painted half hides."""
    monkeypatch.setattr(distill, "FROZEN", 1)
    monkeypatch.setattr(distill, "LEARNING_RATE", 1e-3)
    graph = load_graph(write_network(tmp_path / "net.onnx"))
    data, lines = covered(), []
    network = distill.distil(graph, data, Normalisation(), minutes=3 / 60, say=lines.append)
    write_back(graph, network, tmp_path / "out.onnx", {})
    teacher, student = (load_embedder(tmp_path / name) for name in ("net.onnx", "out.onnx"))
    bare = teacher.embed(data.faces[:, 0])
    near = [(e.embed(data.faces[:, 1]) * bare).sum(1).mean() for e in (teacher, student)]
    assert near[1] > near[0]
    changed = {name for name, value in network.weights.items() if value.requires_grad}
    assert changed == {"b", "b_bias", "c", "c_bias"}
    assert "steps of" in lines[-1]


def test_an_operator_that_cannot_be_trained_is_named(tmp_path: Path) -> None:
    graph = load_graph(write_network(tmp_path / "net.onnx"))
    graph.graph.node[1].op_type = "Sigmoid"
    with pytest.raises(ModelError, match="Sigmoid"):
        as_module(graph)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_graph(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="not an ONNX model"):
        load_graph(tmp_path / "text.onnx")


def test_faces_and_people_must_fit_together() -> None:
    good = covered()
    for person, share in ((good.person[1:], good.share), (good.person, good.share[1:])):
        with pytest.raises(ValueError, match="expected"):
            distill.TrainingFaces(good.faces, person, share)
    with pytest.raises(ValueError, match="above 0"):
        distill.TrainingFaces(good.faces[:0], good.person[:0], good.share)


def test_shaking_keeps_shape_and_repeats_by_seed() -> None:
    face = covered().faces[0, 0]
    for seed in range(8):
        once, again = (distill.shaken(face, np.random.default_rng(seed)) for _ in range(2))
        assert once.shape == face.shape and once.dtype == np.uint8
        assert np.array_equal(once, again)
