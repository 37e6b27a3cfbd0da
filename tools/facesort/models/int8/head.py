"""Where a YOLO network ends and the reading of its answer begins, found by the graph's structure.

The tail of the detect head (concat, DFL, anchor arithmetic, sigmoid) puts boxes of 0 to 640 and
scores of 0 to 1 into one tensor. Under one 8-bit scale every such score rounds to 0, whatever the
calibration; so the tail stays in float.
"""

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
