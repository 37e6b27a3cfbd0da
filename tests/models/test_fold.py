"""Folding changes the graph, not what it says."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from facesort.errors import ModelError
from facesort.models.people.fold import fold
from facesort.models.people.trainable import as_module

SIDE, DIMENSIONS = 8, 5


def published(seed: int = 0, last: str = "Gemm", scaled: bool = True) -> onnx.ModelProto:
    """Scaling, Conv without bias, norm, PRelu, Conv, Add of a bias, a squeeze, norm before Gemm."""
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return rng.uniform(0.1, 1, shape).astype(np.float32)

    values = {
        "low": np.array([127.5], np.float32),
        "gain": np.array([1 / 128], np.float32),
        "a": some(4, 3, 3, 3) - 0.5,
        "slope": some(4, 1, 1),
        "b": some(4, 4, 1, 1) - 0.5,
        "b_add": some(1, 4, 1, 1),
        "squeeze": some(4, 4, 1, 1) - 0.5,
        "w": some(DIMENSIONS, 4 * SIDE * SIDE) - 0.5,
        "w_bias": some(DIMENSIONS),
        "v": some(DIMENSIONS, 4, SIDE, SIDE) - 0.5,
    }
    for name, size in (("n1", 4), ("n2", 4), ("n3", DIMENSIONS)):
        values |= {f"{name}_{i}": some(size) for i in range(4)}

    def norm(x: str, name: str) -> onnx.NodeProto:
        parameters = [f"{name}_{i}" for i in range(4)]
        return helper.make_node("BatchNormalization", [x, *parameters], [name], epsilon=1e-3)

    def conv(x: str, w: str, y: str, pad: int = 0) -> onnx.NodeProto:
        how = {"strides": [1, 1], "pads": [pad] * 4, "dilations": [1, 1], "group": 1}
        return helper.make_node("Conv", [x, w], [y], **how)

    nodes = [
        helper.make_node("Sub", ["data", "low"], ["s1"]),
        helper.make_node("Mul", ["s1", "gain"], ["s2"]),
        conv("s2" if scaled else "data", "a", "c1", pad=1),
        norm("c1", "n1"),
        helper.make_node("PRelu", ["n1", "slope"], ["p1"]),
        conv("p1", "b", "c2"),
        helper.make_node("Add", ["c2", "b_add"], ["d2"]),
        helper.make_node("AveragePool", ["d2"], ["g"], kernel_shape=[SIDE, SIDE]),
        conv("g", "squeeze", "g2"),
        helper.make_node("Sigmoid", ["g2"], ["g3"]),
        helper.make_node("Mul", ["d2", "g3"], ["m"]),
        helper.make_node("Add", ["m", "p1"], ["sum"]),
    ][0 if scaled else 2 :]
    if last == "Gemm":
        nodes += [
            norm("sum", "n2"),
            helper.make_node("Dropout", ["n2"], ["drop"]),
            helper.make_node("Flatten", ["drop"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w", "w_bias"], ["fc"], transB=1),
            norm("fc", "n3"),
        ]
        output, shape = "n3", [1, DIMENSIONS]
    else:
        nodes += [conv("sum", "v", "out")]
        output, shape = "out", [1, DIMENSIONS, 1, 1]
    graph = helper.make_graph(
        nodes,
        "published",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def run(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: pixels})[0]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["Gemm", "Conv"]), st.booleans())
def test_the_folded_graph_says_what_the_published_one_says(
    seed: int, last: str, scaled: bool
) -> None:
    import torch

    model = published(seed, last, scaled)
    folded, mean, scale = fold(model)
    assert np.allclose(mean, 127.5 if scaled else 0) and np.allclose(scale, 128 if scaled else 1)
    faces = np.random.default_rng(seed).integers(0, 256, (1, 3, SIDE, SIDE)).astype(np.float32)
    said = run(model, faces).ravel()
    pixels = ((faces - mean.reshape(3, 1, 1)) / scale.reshape(3, 1, 1)).astype(np.float32)
    assert np.allclose(run(folded, pixels).ravel(), said, rtol=1e-3, atol=1e-3 * abs(said).max())
    trained = as_module(folded)(torch.from_numpy(pixels)).detach().numpy().ravel()
    assert np.allclose(trained, said, rtol=1e-3, atol=1e-3 * abs(said).max())
    assert run(folded, np.repeat(pixels, 3, axis=0)).shape == (3, DIMENSIONS)


def test_operators_that_cannot_be_folded_are_named(tmp_path: Path) -> None:
    model = published()
    model.graph.node[4].op_type = "Elu"
    with pytest.raises(ModelError, match="Elu"):
        fold(model)


def test_a_norm_that_nothing_takes_is_named() -> None:
    model = published(last="Conv")
    model.graph.node[-1].CopyFrom(
        helper.make_node("BatchNormalization", ["sum", "n2_0", "n2_1", "n2_2", "n2_3"], ["out"])
    )
    with pytest.raises(ModelError, match="norm"):
        fold(model)
