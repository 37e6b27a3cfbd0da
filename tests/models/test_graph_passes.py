"""Copies give the bytes that Resize gives, and only take its place where they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from facesort.models.int8.graph_passes import double_by_copies


@dataclass(frozen=True)
class Case:
    scales: tuple[float, ...] = (1, 1, 2, 2)
    mode: str = "nearest"
    nearest: str = "floor"
    place: str = "asymmetric"
    step_after: float = 0.02


def model_of(case: Case) -> onnx.ModelProto:
    """From numbers to 8 bits, a Resize in float as a quantizer leaves it, and back to numbers."""
    constants = {
        "step": np.float32(0.02),
        "step after": np.float32(case.step_after),
        "zero": np.uint8(7),
        "scales": np.array(case.scales, np.float32),
    }
    after = "step" if case.step_after == 0.02 else "step after"
    how = {
        "mode": case.mode,
        "nearest_mode": case.nearest,
        "coordinate_transformation_mode": case.place,
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["x8"], "in"),
        helper.make_node("DequantizeLinear", ["x8", "step", "zero"], ["x32"], "before"),
        helper.make_node("Resize", ["x32", "", "scales"], ["large"], "up", **how),
        helper.make_node("QuantizeLinear", ["large", after, "zero"], ["y8"], "after"),
        helper.make_node("DequantizeLinear", ["y8", after, "zero"], ["y"], "out"),
    ]
    graph = helper.make_graph(
        nodes,
        "up",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "up", "wide"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": pixels})[0]


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 5, 8), (2, 3, 7, 3)])
def test_copies_are_the_same_bytes(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).random(shape, dtype=np.float32) * 4
    model = model_of(Case())
    before = run(model, pixels)
    double_by_copies(model)
    onnx.checker.check_model(model, full_check=True)
    assert "Resize" not in {node.op_type for node in model.graph.node}
    assert "scales" not in {tensor.name for tensor in model.graph.initializer}
    np.testing.assert_array_equal(run(model, pixels), before)


@pytest.mark.parametrize(
    "case",
    [
        Case(scales=(1, 1, 3, 3)),
        Case(scales=(1, 1, 2, 1)),
        Case(mode="linear"),
        Case(nearest="ceil"),
        Case(place="half_pixel"),
        Case(step_after=0.03),
    ],
    ids=str,
)
def test_anything_else_stays(case: Case) -> None:
    model = model_of(case)
    as_it_was = model.SerializeToString()
    double_by_copies(model)
    assert model.SerializeToString() == as_it_was
