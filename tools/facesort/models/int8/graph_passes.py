"""Changes of a YOLO's ONNX graph before it goes to 8 bits: the tail, DFL, upsampling."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

SHAPE_ONLY = {"Shape", "Size"}  # they carry sizes, not features: nothing before them is head


def tail_nodes(model: Any) -> list[str]:
    """Names of the nodes after the last learned convolutions, in the order of the graph.

    ``model`` is an ``onnx.ModelProto``. Walks back from the outputs and stops at every learned
    convolution; the DFL's, which only takes a mean (weights 0, 1, 2 ...), is passed through.
    """
    maker = {output: node for node in model.graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    tail: set[str] = set()
    pending = [output.name for output in model.graph.output]
    while pending:
        node = maker.get(pending.pop())
        if node is None or node.name in tail or _is_learned(node, weights):
            continue
        tail.add(node.name)
        if node.op_type not in SHAPE_ONLY:
            pending += list(node.input)
    return [node.name for node in model.graph.node if node.name in tail]


def learned_convs(model: Any) -> list[str]:
    """Names of all convolutions with trained weights, in the order of the graph."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    return [node.name for node in model.graph.node if _is_learned(node, weights)]


def read_by(model: Any, nodes: Collection[str]) -> set[str]:
    """The tensors that ``nodes`` read and others make: what enters this part of the graph."""
    inside = [node for node in model.graph.node if node.name in nodes]
    made = {output for node in inside for output in node.output}
    return {name for node in inside for name in node.input} - made


def with_activation(model: Any, conv: str) -> list[str]:
    """``conv`` and what only it feeds, up to the next learned convolution: one layer."""
    weights = {tensor.name for tensor in model.graph.initializer}
    learned = set(learned_convs(model))
    known, layer = set(weights), list[str]()
    for node in model.graph.node:  # in an order in which every input is made before it is used
        fed = any(name in known - weights for name in node.input)
        only = all(name in known for name in node.input if name)
        if node.name == conv or (fed and only and node.name not in learned):
            layer.append(node.name)
            known |= set(node.output)
    return layer


def _is_learned(node: Any, weights: dict[str, Any]) -> bool:
    return node.op_type == "Conv" and not is_mean(weights.get(node.input[1]))


def is_mean(tensor: Any) -> bool:
    """Whether ``tensor`` is the kernel of a DFL, which takes a mean over the channels: 0, 1, 2 ...

    Beside it there may be a row of ones, which takes the sum to divide by (see `dfl`).
    """
    from onnx import numpy_helper

    if tensor is None or tensor.dims[0] > 2:
        return False
    rows = numpy_helper.to_array(tensor).reshape(tensor.dims[0], -1)
    counted = np.arange(rows.shape[1])
    return bool((rows[0] == counted).all() and (rows[1:] == 1).all())


LOGIT_LIMIT = 80.0  # exp(80) * 15 * 16 still fits a float32


def without_softmax(model: Any) -> bool:
    """Rewrite ``model`` (an ``onnx.ModelProto``) in place; False where there is no such softmax."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    for conv in graph.node:
        softmax = makers.get(conv.input[0]) if conv.op_type == "Conv" else None
        if softmax is not None and softmax.op_type == "Softmax" and len(conv.input) == 2:
            if is_mean(weights.get(conv.input[1])):
                _rewrite(graph, softmax, conv, weights[conv.input[1]])
                return True
    return False


def _rewrite(graph: Any, softmax: Any, conv: Any, mean: Any) -> None:
    from onnx import helper, numpy_helper

    name = softmax.name
    arange = numpy_helper.to_array(mean)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(-LOGIT_LIMIT, np.float32), f"{name}/low"),
            numpy_helper.from_array(np.array(LOGIT_LIMIT, np.float32), f"{name}/high"),
            numpy_helper.from_array(np.concatenate([arange, np.ones_like(arange)]), f"{name}/sums"),
            numpy_helper.from_array(np.array([1, 1], dtype=np.int64), f"{name}/halves"),
        ]
    )
    halves = [f"{name}/top", f"{name}/under"]
    nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = [
        ("Clip", [softmax.input[0], f"{name}/low", f"{name}/high"], [f"{name}/cut"], {}),
        ("Exp", [f"{name}/cut"], [f"{name}/exp"], {}),
        ("Conv", [f"{name}/exp", f"{name}/sums"], [f"{name}/both"], {"kernel_shape": [1, 1]}),
        ("Split", [f"{name}/both", f"{name}/halves"], halves, {"axis": 1}),
        ("Div", halves, list(conv.output), {}),
    ]
    made = [
        helper.make_node(op, takes, gives, f"{name}/{op}", **attributes)
        for op, takes, gives, attributes in nodes
    ]
    kept = [node for node in graph.node if node.name != conv.name]
    at = next(i for i, node in enumerate(kept) if node.name == name)
    kept[at : at + 1] = made
    del graph.node[:]
    graph.node.extend(kept)
    graph.initializer.remove(mean)


TWICE = [1.0, 1.0, 2.0, 2.0]
_HOW = {
    "mode": b"nearest",
    "coordinate_transformation_mode": b"asymmetric",
    "nearest_mode": b"floor",
}


def double_by_copies(model: Any) -> None:
    """Replace each 8-bit Resize to twice the size in the ``onnx.ModelProto`` ``model``: one between
    a DequantizeLinear and a QuantizeLinear of the same scale."""
    from onnx import numpy_helper

    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    maker = {output: node for node in graph.node for output in node.output}
    for resize in [node for node in graph.node if node.op_type == "Resize"]:
        before = maker.get(resize.input[0])
        after = [node for node in graph.node if resize.output[0] in node.input]
        if before is None or len(after) != 1 or not _doubles(resize, constants):
            continue
        kinds = (before.op_type, after[0].op_type)
        if kinds != ("DequantizeLinear", "QuantizeLinear"):
            continue
        if list(before.input[1:]) != list(after[0].input[1:]):
            continue
        factors = numpy_helper.from_array(np.array([1, 2, 2, 1]), f"{resize.name}/factors")
        graph.initializer.append(factors)
        nodes = list(graph.node)
        at = nodes.index(resize)
        nodes[at : at + 1] = _copies(resize.name, before.input[0], after[0].output[0])
        nodes.remove(after[0])
        if not any(before.output[0] in node.input for node in nodes):
            nodes.remove(before)
        if not any(resize.input[2] in node.input for node in nodes):
            graph.initializer.remove(constants[resize.input[2]])
        del graph.node[:]
        graph.node.extend(nodes)


def _doubles(resize: Any, constants: dict[str, Any]) -> bool:
    from onnx import helper, numpy_helper

    attributes = {a.name: helper.get_attribute_value(a) for a in resize.attribute}
    scales = constants.get(resize.input[2]) if len(resize.input) == 3 else None
    return (
        all(attributes.get(name) == value for name, value in _HOW.items())
        and scales is not None
        and numpy_helper.to_array(scales).tolist() == TWICE
    )


def _copies(name: str, source: str, target: str) -> list[Any]:
    """The nodes from ``source`` (n, c, h, w) to ``target`` (n, c, 2 h, 2 w)."""
    from onnx import helper

    last, wide, twice, shape, size, large = (
        f"{name}/{part}" for part in ("last", "wide", "twice", "shape", "size", "large")
    )
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Transpose", [source], last, {"perm": [0, 2, 3, 1]}),
        ("Concat", [last, last], wide, {"axis": 3}),  # h, w, 2 c: each pixel twice
        ("Concat", [wide, wide], twice, {"axis": 2}),  # h, 2 w, 2 c: each line twice
        ("Shape", [last], shape, {}),
        ("Mul", [shape, f"{name}/factors"], size, {}),
        ("Reshape", [twice, size], large, {}),
        ("Transpose", [large], target, {"perm": [0, 3, 1, 2]}),
    ]
    return [
        helper.make_node(op, takes, [gives], f"{gives}/{op}", **attributes)
        for op, takes, gives, attributes in steps
    ]
