"""Several face encoders as one .onnx: one aligned crop goes in, one vector comes out.

Each encoder gets its own cut of the crop, in its own size, template and colours; its vector is made
unit length, and they are put side by side, each times the root of its weight, so that the cosine of
two such vectors is the weighted mean of the encoders' cosines. Weights can be stored in 16 bits, or
in 8 with one scale a row; they are computed with as floats, so only the file gets smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.encoders import EncoderSpec
from facesort.models.int8.weights import FLOAT32, put_weights
from facesort.models.people.align import similarity
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX

OPSET = 13
MOST_TURN = 0.02  # of a template against the crop's, as a tangent

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """An encoder's graph, what it says of itself, and the weight of its cosine; ``mirror`` has it
    look at the mirror image too, which takes twice as long; ``store`` is how its weights lie in the
    file: `INT8`, `FLOAT16` or `FLOAT32`."""

    graph: Any
    spec: EncoderSpec
    weight: float = 1.0
    mirror: bool = False
    store: str = FLOAT32


def fuse(parts: Sequence[Part], projection: Array | None = None) -> Any:
    """An ONNX model for crops (n, 3, 160, 160), RGB 0 to 255, on `cutouts.CROP_TEMPLATE_PX`; with a
    ``projection`` (d, k) of the d numbers of all parts, it gives k.

    Raises `ValueError` for no parts or weights that are not above 0, `ModelError` for a part that
    wants its faces tilted.
    """
    import onnx
    from onnx import TensorProto, helper

    if not parts or not all(part.weight > 0 for part in parts):
        raise ValueError("expected one part or more, of weights above 0")
    nodes: list[Any] = []
    values: dict[str, NDArray[Any]] = {}
    store: dict[str, str] = {}
    vectors, dimensions = [], 0
    total = sum(part.weight for part in parts)
    for number, part in enumerate(parts):
        name = f"p{number}"
        seen = _view(part.spec, name, nodes, values)
        unit = _run(part, name, [seen], nodes, values)
        store |= {f"{name}_{value.name}": part.store for value in part.graph.graph.initializer}
        values[f"{name}_root"] = np.array(np.sqrt(part.weight / total), np.float32)
        nodes.append(helper.make_node("Mul", [unit, f"{name}_root"], [f"{name}_part"]))
        vectors.append(f"{name}_part")
        dimensions += part.spec.dimensions
    together = "vectors" if projection is None else "all"
    nodes.append(helper.make_node("Concat", vectors, [together], axis=1))
    if projection is not None:
        values["projection"], dimensions = projection, projection.shape[1]
        nodes.append(helper.make_node("MatMul", ["all", "projection"], ["vectors"]))
    graph = helper.make_graph(
        nodes,
        "face_encoder",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 3, CROP_PX, CROP_PX])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", dimensions])],
        [],
    )
    put_weights(graph, values, store)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _view(spec: EncoderSpec, name: str, nodes: list[Any], values: dict[str, Any]) -> str:
    """The part of the crop that the encoder sees, in its size and normalised."""
    from onnx import helper

    # the fit that aligns a face for this encoder alone, undone; it has next to no turn
    matrix = similarity(CROP_TEMPLATE_PX, spec.template_px)
    if abs(matrix[0, 1]) > MOST_TURN * matrix[0, 0]:
        raise ModelError(f"{spec.name}: wants tilted faces; expected upright ones")
    middle = CROP_TEMPLATE_PX.mean(axis=0)
    shift = spec.template_px.mean(axis=0) - matrix[0, 0] * middle
    low, high = -shift / matrix[0, 0], (spec.side_px - 1 - shift) / matrix[0, 0]
    (x0, y0), (x1, y1) = low / (CROP_PX - 1), high / (CROP_PX - 1)
    values[f"{name}_roi"] = np.array([0, 0, y0, x0, 1, 1, y1, x1], np.float32)
    values[f"{name}_scales"] = np.array(
        [1, 1, spec.side_px / CROP_PX, spec.side_px / CROP_PX], np.float32
    )
    nodes.append(
        helper.make_node(
            "Resize",
            ["faces", f"{name}_roi", f"{name}_scales"],
            [f"{name}_cut"],
            mode="linear",
            coordinate_transformation_mode="tf_crop_and_resize",
        )
    )
    how = spec.normalisation
    cut = f"{name}_cut"
    if how.order == "BGR":
        values[f"{name}_bgr"] = np.array([2, 1, 0], np.int64)
        nodes.append(helper.make_node("Gather", [cut, f"{name}_bgr"], [f"{name}_turned"], axis=1))
        cut = f"{name}_turned"
    mean, scale = (
        np.broadcast_to(np.asarray(v, dtype=np.float32), 3) for v in (how.mean, how.scale)
    )
    values[f"{name}_mean"] = mean.reshape(1, 3, 1, 1).copy()
    values[f"{name}_gain"] = (1 / scale).reshape(1, 3, 1, 1).astype(np.float32)
    nodes.append(helper.make_node("Sub", [cut, f"{name}_mean"], [f"{name}_centred"]))
    nodes.append(helper.make_node("Mul", [f"{name}_centred", f"{name}_gain"], [f"{name}_seen"]))
    return f"{name}_seen"


def _run(part: Part, name: str, seen: list[str], nodes: list[Any], values: dict[str, Any]) -> str:
    """The encoder's nodes, once or for the mirror image too; the name of its unit vectors."""
    from onnx import helper, numpy_helper

    for value in part.graph.graph.initializer:
        values[f"{name}_{value.name}"] = numpy_helper.to_array(value)
    if part.mirror:
        for key, number in (("from", -1), ("to", np.iinfo(np.int64).min), ("axis", 3), ("by", -1)):
            values[f"{name}_{key}"] = np.array([number], np.int64)
        ends = [f"{name}_{key}" for key in ("from", "to", "axis", "by")]
        nodes.append(helper.make_node("Slice", [seen[0], *ends], [f"{name}_mirrored"]))
        seen = [*seen, f"{name}_mirrored"]
    units = []
    for look, pixels in enumerate(seen):
        vector = _copy(part.graph, f"{name}_{look}", name, pixels, nodes)
        nodes.append(_unit_node(vector, f"{name}_unit{look}"))
        units.append(f"{name}_unit{look}")
    if len(units) == 1:
        return units[0]
    nodes.append(helper.make_node("Add", units, [f"{name}_sum"]))
    nodes.append(_unit_node(f"{name}_sum", f"{name}_unit"))
    return f"{name}_unit"


def _unit_node(vector: str, out: str) -> Any:
    from onnx import helper

    return helper.make_node("LpNormalization", [vector], [out], axis=1, p=2)


def _copy(model: Any, prefix: str, shared: str, pixels: str, nodes: list[Any]) -> str:
    """The nodes of ``model`` with names of their own, its weights those of ``shared``."""
    from onnx import NodeProto

    weights = {value.name for value in model.graph.initializer}

    def renamed(name: str) -> str:
        if name == model.graph.input[0].name:
            return pixels
        return f"{shared}_{name}" if name in weights else f"{prefix}_{name}"

    for node in model.graph.node:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.name = ""
        del copy.input[:], copy.output[:]
        copy.input.extend(renamed(name) if name else "" for name in node.input)
        copy.output.extend(f"{prefix}_{name}" for name in node.output)
        nodes.append(copy)
    return f"{prefix}_{model.graph.output[0].name}"
