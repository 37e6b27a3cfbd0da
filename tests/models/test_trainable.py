"""A graph becomes a network, says the same, and comes back with any batch and its metadata."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from small_network import DIMENSIONS, write_network

from facesort.errors import ModelError
from facesort.models.people.embed import load_embedder
from facesort.models.people.trainable import as_module, load_graph, write_back


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


def test_an_operator_that_cannot_be_trained_is_named(tmp_path: Path) -> None:
    graph = load_graph(write_network(tmp_path / "net.onnx"))
    graph.graph.node[1].op_type = "Softmax"
    with pytest.raises(ModelError, match="Softmax"):
        as_module(graph)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_graph(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="not an ONNX model"):
        load_graph(tmp_path / "text.onnx")
