"""Makes, quantizes and runs LiteRT files; runs in .venv-mobile (see environment.py).

python side_litert.py convert CHECKPOINT OUT.tflite AROUND_JSON
python side_litert.py quantize FLOAT.tflite OUT.tflite INPUTS.npy RANGES.json CONVS_IN_FLOAT
python side_litert.py run FILE.tflite THREADS      (inputs on stdin, outputs on stdout)
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

COVERED = 0.9  # of the images


def convert(checkpoint: Path, out: Path, around_json: str) -> dict[str, object]:
    """Write ``out``; the names of its convolutions in order, for `quantize`'s report."""
    import litert_torch
    from side_network import Around, Network, convolutions, example, load

    around = Around.read(around_json)
    model = load(checkpoint)
    convs = convolutions(model, example(Around(around.imgsz)))
    network = Network(model, around).eval()
    litert_torch.convert(network, (example(around),)).export(str(out))
    return {"convolutions": convs}


def interpreter(file: Path, threads: int, keep_all: bool = False) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    options: dict[str, Any] = {}
    if keep_all:  # each operation by itself, so that every tensor can be read
        options["experimental_preserve_all_tensors"] = True
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        options["experimental_op_resolver_type"] = plain
    made = Interpreter(model_path=str(file), num_threads=threads, **options)
    made.allocate_tensors()
    return made


class Graph:
    """The operations of a float file: which are the network's body, and its learned layers."""

    def __init__(self, file: Path) -> None:
        made = interpreter(file, 1, keep_all=True)
        self.tensors = {tensor["index"]: tensor for tensor in made.get_tensor_details()}
        self.ops = [op for op in made._get_ops_details() if op["op_name"] != "DELEGATE"]
        self.learned = [op for op in self.ops if self._is_learned(op)]
        self.body = self._body()

    def name(self, index: int) -> str:
        return str(self.tensors[index]["name"])

    def outputs(self, op: dict[str, Any]) -> list[str]:
        return [self.name(index) for index in op["outputs"]]

    def _is_learned(self, op: dict[str, Any]) -> bool:
        """A convolution, other than the mean over a DFL's bins: that gives one channel."""
        is_conv = op["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D")
        return is_conv and int(self.tensors[op["outputs"][0]]["shape"][-1]) > 1

    def _body(self) -> set[int]:
        """Learned convolutions and all before them; the rest is the tail, where boxes and scores
        would share one scale in 8 bits."""
        wanted: set[int] = set()
        inside: set[int] = set()
        learned = {op["index"] for op in self.learned}
        for op in reversed(self.ops):
            if op["index"] in learned or wanted & set(map(int, op["outputs"])):
                inside.add(op["index"])
                wanted |= set(map(int, op["inputs"]))
        return inside

    def layers(self) -> list[list[str]]:
        """By learned convolution: its output and those of the activation that only it feeds."""
        users: dict[int, list[dict[str, Any]]] = {}
        for op in self.ops:
            for index in set(map(int, op["inputs"])):
                users.setdefault(index, []).append(op)
        found = []
        for conv in self.learned:
            layer = self.outputs(conv)
            for op in users.get(int(conv["outputs"][0]), []):
                if op["op_name"] in ("LOGISTIC", "MUL", "RELU", "LEAKY_RELU"):
                    layer += self.outputs(op)
            found.append(layer)
        return found


def quantize(
    file: Path, out: Path, inputs: Path, ranges: Path, in_float: list[int]
) -> dict[str, object]:
    """Weights and activations of the body in 8 bits but for the convolutions ``in_float``; the
    noise that 8 bits add to each convolution's output, as a share of it."""
    from ai_edge_quantizer import qtyping, quantizer, recipe

    graph = Graph(file)
    made = quantizer.Quantizer(str(file))
    made.load_quantization_recipe(recipe.static_wi8_ai8())
    none = recipe.AlgorithmName.NO_QUANTIZE
    names = qtyping.TFLOperationName
    for operation in (names.INPUT, names.OUTPUT):
        made.update_quantization_recipe(".*", operation, algorithm_key=none)
    layers = graph.layers()
    kept = [name for number in in_float for name in layers[number]]
    kept += [
        name for op in graph.ops if op["index"] not in graph.body for name in graph.outputs(op)
    ]
    for name in kept:
        pattern = f"^{re.escape(name)};?$"
        made.update_quantization_recipe(pattern, names.ALL_SUPPORTED, algorithm_key=none)
    if not ranges.is_file():
        ranges.write_text(json.dumps(tensor_ranges(file, graph, inputs)))
    known = json.loads(ranges.read_text())
    as_arrays = {
        name: {
            key: np.array([[value]], np.float32)
            for key, value in zip(("min", "max"), pair, strict=True)
        }
        for name, pair in known.items()
    }
    made.quantize(as_arrays).export_model(str(out), overwrite=True)
    return {"noise": noise(file, graph, inputs, known) if not in_float else []}


def tensor_ranges(file: Path, graph: Graph, inputs: Path) -> dict[str, tuple[float, float]]:
    """Least and greatest value of each tensor that `COVERED` of the images stay within; what the
    tail reads keeps its whole range. As int8/quantize.py does it for ONNX; the quantizer's own
    calibration, a moving average over the images, costs 4 points of mAP50-95."""
    made = interpreter(file, 1, keep_all=True)
    takes = int(made.get_input_details()[0]["index"])
    wanted = [takes, *(int(index) for op in graph.ops for index in op["outputs"])]
    extremes = []
    for pixels in np.load(inputs):
        made.set_tensor(takes, pixels[None])
        made.invoke()
        values = (made.get_tensor(index) for index in wanted)
        extremes.append([(float(v.min()), float(v.max())) if v.size else (0, 0) for v in values])
    low, high = np.array(extremes).transpose(2, 1, 0)
    read = {int(i) for op in graph.ops if op["index"] not in graph.body for i in op["inputs"]}
    found = {}
    for index, least, greatest in zip(wanted, low, high, strict=True):
        covered = 1.0 if index in read else COVERED
        pair = np.quantile(least, 1 - covered), np.quantile(greatest, covered)
        found[graph.name(index)] = (float(pair[0]), float(pair[1]))
    return found


def noise(
    file: Path, graph: Graph, inputs: Path, ranges: dict[str, tuple[float, float]]
) -> list[float]:
    """By learned convolution: how much of its output 255 steps over its range leave unsaid."""
    made = interpreter(file, 1, keep_all=True)
    made.set_tensor(made.get_input_details()[0]["index"], np.load(inputs)[:1])
    made.invoke()
    shares = []
    for conv in graph.learned:
        index = conv["outputs"][0]
        value, between = made.get_tensor(index), ranges.get(graph.name(index))
        if between is None:
            shares.append(0.0)
            continue
        low, high = between
        step = max(high - low, 1e-9) / 255
        again = np.clip(np.round((value - low) / step), 0, 255) * step + low
        shares.append(float(np.sqrt(((again - value) ** 2).mean() / max((value**2).mean(), 1e-12))))
    return shares


def run(file: Path, threads: int) -> None:
    made = interpreter(file, threads)
    takes, gives = made.get_input_details()[0], made.get_output_details()[0]
    shapes = {key: [int(n) for n in d["shape"]] for key, d in (("input", takes), ("output", gives))}
    kind = np.dtype(takes["dtype"])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the runtime prints must not get between the outputs
    out.write(json.dumps(shapes | {"type": kind.name}).encode() + b"\n")
    out.flush()
    for data in blocks(int(np.prod(shapes["input"])) * kind.itemsize):
        made.set_tensor(takes["index"], np.frombuffer(data, kind).reshape(shapes["input"]))
        made.invoke()
        out.write(made.get_tensor(gives["index"]).astype(np.float32).tobytes())
        out.flush()


def blocks(size: int) -> Iterator[bytes]:
    while len(data := sys.stdin.buffer.read(size)) == size:
        yield data


def main() -> None:
    command, *rest = sys.argv[1:]
    if command == "run":
        return run(Path(rest[0]), int(rest[1]))
    if command == "convert":
        said = convert(Path(rest[0]), Path(rest[1]), rest[2])
    else:
        file, out, inputs, ranges = map(Path, rest[:4])
        said = quantize(file, out, inputs, ranges, json.loads(rest[4]))
    from side_network import answer

    return answer(said)


if __name__ == "__main__":
    main()
