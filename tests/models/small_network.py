"""A MobileFaceNet in miniature: an ONNX graph of the same operators, of a few kilobytes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIMENSIONS = 16


def write_network(path: Path, metadata: dict[str, str] | None = None, batch: int | str = 1) -> Path:
    """Conv 3x3 stride 4, relu6, a depthwise conv added to its input, one over all, a vector."""
    rng = np.random.default_rng(0)
    shapes = {"a": (8, 3, 3, 3), "b": (8, 1, 3, 3), "c": (DIMENSIONS, 8, 28, 28)}
    weights = []
    for name, shape in shapes.items():
        values = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        weights.append(numpy_helper.from_array(np.zeros(shape[0], np.float32), f"{name}_bias"))
    first = 1 if batch == 1 else 0
    weights.append(numpy_helper.from_array(np.array([first, -1], np.int64), "shape"))
    for name, value in (("low", 0.0), ("high", 6.0)):
        weights.append(numpy_helper.from_array(np.array(value, np.float32), name))

    def conv(x: str, name: str, stride: int, pad: int, group: int = 1, side: int = 3):
        return helper.make_node(
            "Conv",
            [x, name, f"{name}_bias"],
            [f"{name}_out"],
            strides=[stride, stride],
            pads=[pad] * 4,
            dilations=[1, 1],
            group=group,
            kernel_shape=[side, side],
        )

    nodes = [
        conv("input", "a", 4, 1),
        helper.make_node("Clip", ["a_out", "low", "high"], ["clipped"]),
        conv("clipped", "b", 1, 1, group=8),
        helper.make_node("Add", ["b_out", "clipped"], ["added"]),
        conv("added", "c", 1, 0, side=28),
        helper.make_node("Reshape", ["c_out", "shape"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, 112, 112])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, DIMENSIONS])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
