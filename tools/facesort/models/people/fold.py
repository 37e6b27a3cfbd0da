"""A published face encoder as a plain graph that can be trained: batch norms and added biases go
into the convolutions before them, and the first scaling of pixels becomes metadata.

Exact up to rounding: (w x + b) s + t = (s w) x + (s b + t).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError

Array = NDArray[np.float32]
INPUT, OUTPUT, OPSET = "faces", "vectors", 13
# pooling of a squeeze is over all that is left, and the one reshape is to rows; where that is not
# so, the result says something else than the original, and its importer says so
_SIMPLER = {"AveragePool": "GlobalAveragePool", "Reshape": "Flatten"}
KEPT = ("Conv", "PRelu", "Relu", "Clip", "Add", "Mul", "Sigmoid", "Flatten", "Gemm")


@dataclass
class _Graph:
    """``nodes`` so far, by ``made_by`` output; ``called`` maps an old name to the one it has now;
    ``waiting`` are scales and shifts (of a norm before a flatten) that the next Gemm takes."""

    values: dict[str, Array]
    uses: dict[str, int]
    nodes: list[Any] = field(default_factory=list)
    made_by: dict[str, Any] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, tuple[Array, Array]] = field(default_factory=dict)


def fold(model: Any) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """The folded ONNX model of ``model``, and the ``mean`` and ``scale`` (3,) of
    (x - mean) / scale, which it no longer does itself (0 and 1 where it never did).

    Raises `ModelError` for an operator that is neither kept nor folded.
    """
    from onnx import numpy_helper

    values = {i.name: numpy_helper.to_array(i).copy() for i in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t).copy()
        else:
            nodes.append(node)
    inputs = [i.name for i in model.graph.input if i.name not in values]
    nodes, mean, scale, first = _pixels(nodes, values, inputs[0])
    uses: dict[str, int] = {}
    for node in nodes:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    graph = _Graph(values, uses, called={first: INPUT})
    for node in nodes:
        _take(graph, node)
    return _finish(model, graph), mean, scale


def _pixels(nodes: list[Any], values: dict[str, Array], first: str) -> tuple[Any, Any, Any, str]:
    """Without the leading Sub, Mul and Add, what they come to, and the name after them."""
    gain, shift = np.ones(3), np.zeros(3)
    while nodes and nodes[0].op_type in ("Sub", "Mul", "Add") and nodes[0].input[1] in values:
        by = np.broadcast_to(values[nodes[0].input[1]].astype(np.float64).reshape(-1), (3,))
        if nodes[0].op_type == "Mul":
            gain, shift = gain * by, shift * by
        else:
            shift = shift + (by if nodes[0].op_type == "Add" else -by)
        first = nodes[0].output[0]
        nodes = nodes[1:]
    return nodes, -shift / gain, 1 / gain, first


def _take(graph: _Graph, node: Any) -> None:
    from onnx import NodeProto, helper

    taken = [graph.called.get(name, name) for name in node.input]
    before = graph.made_by.get(taken[0])
    alone = before is not None and graph.uses.get(node.input[0], 0) == 1
    if node.op_type == "Dropout":
        graph.called[node.output[0]] = taken[0]
    elif node.op_type == "BatchNormalization":
        gamma, beta, mean, variance = (graph.values[name] for name in taken[1:5])
        how = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        scale = gamma / np.sqrt(variance + how.get("epsilon", 1e-5))
        _scale(graph, node, taken[0], scale, beta - mean * scale, before if alone else None)
    elif node.op_type == "Add" and alone and _is_bias(graph, before, taken[1]):
        bias = graph.values[taken[1]].reshape(-1)
        _scale(graph, node, taken[0], np.ones_like(bias), bias, before)
    elif node.op_type in (*KEPT, *_SIMPLER, *_SIMPLER.values()):
        kept = NodeProto()
        kept.CopyFrom(node)
        del kept.input[:]
        kept.input.extend(taken)
        if node.op_type in _SIMPLER:
            kept.op_type = _SIMPLER[node.op_type]
            del kept.attribute[:], kept.input[1:]
        if node.op_type == "Gemm" and graph.waiting:
            _into_gemm(graph, kept)
        graph.nodes.append(kept)
        graph.made_by[kept.output[0]] = kept
    else:
        raise ModelError(f"operator {node.op_type}: cannot be folded; expected {KEPT}")


def _is_bias(graph: _Graph, before: Any, name: str) -> bool:
    if before.op_type != "Conv" or name not in graph.values:
        return False
    return bool(graph.values[name].size == graph.values[before.input[1]].shape[0])


def _scale(
    graph: _Graph, node: Any, name: str, scale: Array, shift: Array, before: Any | None
) -> None:
    """Put ``scale`` and ``shift`` of channels into the node ``before``, or let them wait."""
    graph.called[node.output[0]] = name
    if before is None or before.op_type not in ("Conv", "Gemm"):
        graph.waiting[name] = (scale, shift)
        return
    weight = graph.values[before.input[1]]
    by_row = scale.reshape(-1, *[1] * (weight.ndim - 1))
    graph.values[before.input[1]] = (weight * by_row).astype(np.float32)
    if len(before.input) < 3:
        before.input.append(f"{before.input[1]}_bias")
        graph.values[before.input[2]] = np.zeros(len(scale), np.float32)
    bias = graph.values[before.input[2]] * scale + shift
    graph.values[before.input[2]] = bias.astype(np.float32)


def _into_gemm(graph: _Graph, gemm: Any) -> None:
    ((scale, shift),) = graph.waiting.values()
    weight = graph.values[gemm.input[1]]  # transposed, as all exporters write a linear layer
    each = weight.shape[1] // scale.size  # pixels of a channel
    bias = graph.values[gemm.input[2]] + weight @ shift.repeat(each)
    graph.values[gemm.input[2]] = bias.astype(np.float32)
    graph.values[gemm.input[1]] = (weight * scale.repeat(each)).astype(np.float32)
    graph.waiting.clear()


def _finish(model: Any, graph: _Graph) -> Any:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if graph.waiting:
        raise ModelError("a batch norm without a convolution or Gemm cannot be folded")
    side = model.graph.input[0].type.tensor_type.shape.dim[3].dim_value
    last = graph.called.get(model.graph.output[0].name, model.graph.output[0].name)
    gives = graph.made_by[last]
    if gives.op_type == "Flatten" and gives.input[0] in graph.made_by:
        gives = graph.made_by[gives.input[0]]
    if gives.op_type not in ("Conv", "Gemm"):
        raise ModelError(f"the vector comes from {gives.op_type}; expected Conv or Gemm")
    dimensions = len(graph.values[gives.input[1]])
    if graph.made_by[last].op_type in ("Gemm", "Flatten"):
        graph.made_by[last].output[0] = OUTPUT
    else:  # (n, d, 1, 1)
        graph.nodes.append(helper.make_node("Flatten", [last], [OUTPUT], axis=1))
    used = sorted({name for node in graph.nodes for name in node.input} & graph.values.keys())
    folded = helper.make_graph(
        graph.nodes,
        model.graph.name or "encoder",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", dimensions])],
        [numpy_helper.from_array(np.ascontiguousarray(graph.values[n]), n) for n in used],
    )
    result = helper.make_model(folded, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(result)
    return result
