"""An ONNX graph as a trainable torch module, and its weights written back into the same graph.

Embeddings are published as graphs with their batch norms folded. Trained this way nothing of the
graph but its numbers can change, so what runs afterwards is what ran before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import ModelError, first_line

# operators of a MobileFaceNet, and of what `fold` makes of other encoders
_SIMPLE: dict[str, Callable[[Any], Any]] = {
    "Clip": lambda x: x.clamp(0, 6),
    "Relu": lambda x: x.relu(),
    "Sigmoid": lambda x: x.sigmoid(),
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "Reshape": lambda x: x.flatten(1),
    "Flatten": lambda x: x.flatten(1),
}
_LEARNT = ("Conv", "PRelu", "Gemm")
KNOWN = (*_LEARNT, *_SIMPLE, "Add", "Mul", "Constant")


def load_graph(path: Path, check: bool = True) -> Any:
    """The ONNX model in ``path``; without ``check``, one that does not say all shapes, too. Raises
    `ModelError` where there is none."""
    import onnx

    if not path.is_file():
        raise ModelError(f"{path}: no such model; expected an .onnx that embeds faces")
    try:
        model = onnx.load(str(path))
        if check:
            onnx.checker.check_model(model)
    except Exception as error:  # protobuf's and onnx's own types
        raise ModelError(f"{path}: not an ONNX model: {first_line(error)}") from error
    return model


def as_module(model: Any, frozen: int = 0) -> Any:
    """``model`` as a torch module whose ``weights`` are named like the graph's initializers; the
    first ``frozen`` convolutions stay as they are. Raises `ModelError` at an unknown operator."""
    import onnx
    import torch
    from onnx import numpy_helper

    nodes = [node for node in model.graph.node if node.op_type != "Constant"]
    for node in nodes:
        if node.op_type not in KNOWN:
            raise ModelError(f"operator {node.op_type}: cannot be trained; expected {KNOWN}")
    values = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    kept = {name for node in convolutions[:frozen] for name in node.input[1:]}
    first = nodes.index(convolutions[frozen]) if frozen < len(convolutions) else len(nodes)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            names = sorted({n for node in nodes if node.op_type in _LEARNT for n in node.input[1:]})
            self.weights = torch.nn.ParameterDict(
                {
                    name: torch.nn.Parameter(
                        torch.from_numpy(values[name].copy()), requires_grad=name not in kept
                    )
                    for name in names
                }
            )

        def forward(self, pixels: Any) -> Any:
            seen = {model.graph.input[0].name: pixels}
            with torch.no_grad():
                self._through(nodes[:first], seen)
            self._through(nodes[first:], seen)
            return seen[model.graph.output[0].name]

        def _through(self, some: list[Any], seen: dict[str, Any]) -> None:
            for node in some:
                seen[node.output[0]] = self._step(node, seen)

        def _step(self, node: Any, seen: dict[str, Any]) -> Any:
            x = seen[node.input[0]]
            if node.op_type == "Conv":
                how = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
                weight = self.weights[node.input[1]]
                bias = self.weights[node.input[2]] if len(node.input) > 2 else None
                return torch.nn.functional.conv2d(
                    x, weight, bias, how["strides"], how["pads"][:2], how["dilations"], how["group"]
                )
            if node.op_type == "PRelu":
                slope = self.weights[node.input[1]].reshape(-1)
                return torch.nn.functional.prelu(x, slope.to(x.dtype))
            if node.op_type == "Gemm":
                weight, bias = (self.weights[name] for name in node.input[1:3])
                return torch.nn.functional.linear(x, weight, bias)
            if node.op_type in ("Add", "Mul"):
                other = seen[node.input[1]]
                return x + other if node.op_type == "Add" else x * other
            return _SIMPLE[node.op_type](x)

    # as memory lies then, one core trains a third faster
    return Network().to(memory_format=torch.channels_last)


def write_back(model: Any, network: Any, path: Path, metadata: dict[str, str]) -> None:
    """Save ``model`` with the weights of ``network``, any batch size, and ``metadata``."""
    import onnx
    from onnx import numpy_helper

    trained = onnx.ModelProto()
    trained.CopyFrom(model)
    weights = dict(network.weights.items())
    for value in trained.graph.initializer:
        if value.name in weights:
            array = np.ascontiguousarray(weights[value.name].detach().cpu().numpy())
            value.CopyFrom(numpy_helper.from_array(array, value.name))
    _any_batch(trained)
    onnx.helper.set_model_props(trained, metadata)
    onnx.checker.check_model(trained)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(trained, str(path))


def _any_batch(model: Any) -> None:
    """Let ``model`` take any number of images: the batch axis gets a name, and the last reshape,
    published as (1, -1), keeps that axis."""
    from onnx import numpy_helper

    last = model.graph.node[-1]
    if last.op_type == "Reshape":
        for value in model.graph.initializer:
            if value.name == last.input[1]:
                value.CopyFrom(numpy_helper.from_array(np.array([0, -1], np.int64), value.name))
    for end in (model.graph.input[0], model.graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "n"
    del model.graph.value_info[:]
