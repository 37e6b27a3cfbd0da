"""Weights that lie in an ONNX file in 8 or 16 bits and are computed with as floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

INT8, FLOAT16, FLOAT32 = "int8", "float16", "float32"
LEAST_VALUES = 2048  # smaller arrays stay floats

Array = NDArray[np.float32]


def put_weights(graph: Any, values: dict[str, NDArray[Any]], how: dict[str, str]) -> None:
    """Put ``values`` into ``graph`` as ``how`` says of them; the runtime turns them back into
    floats once, as it loads."""
    from onnx import TensorProto, helper, numpy_helper

    first = []
    for name, value in values.items():
        stored = how.get(name, FLOAT32) if value.size >= LEAST_VALUES else FLOAT32
        if stored == FLOAT32:
            graph.initializer.append(numpy_helper.from_array(value, name))
            continue
        small, scale = to_int8(value) if stored == INT8 else (value.astype(np.float16), None)
        wide = f"{name}_cast" if scale is not None else name
        graph.initializer.append(numpy_helper.from_array(small, f"{name}_{stored}"))
        first.append(helper.make_node("Cast", [f"{name}_{stored}"], [wide], to=TensorProto.FLOAT))
        if scale is not None:
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}_step"))
            first.append(helper.make_node("Mul", [wide, f"{name}_step"], [name]))
    later = list(graph.node)
    del graph.node[:]
    graph.node.extend([*first, *later])


def to_int8(values: Array) -> tuple[NDArray[np.int8], Array]:
    """``values`` (r, ...) as bytes and what one of them is worth in each row, (r, 1, ...); the step
    is the one of 21 that leaves least error (a single large weight need not widen it)."""
    rows = values.reshape(len(values), -1).astype(np.float64)
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12)
    best, least = largest / 127, np.full((len(rows), 1), np.inf)
    for share in np.linspace(0.7, 1.0, 21):
        step = largest * share / 127
        near = np.clip(np.round(rows / step), -127, 127) * step
        error = ((rows - near) ** 2).sum(axis=1, keepdims=True)
        best, least = np.where(error < least, step, best), np.minimum(error, least)
    small = np.clip(np.round(rows / best), -127, 127).astype(np.int8).reshape(values.shape)
    return small, best.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
