"""A face crop in, the probability of each class out; ONNX Runtime, or Ultralytics for a .pt; and
from the checkpoint to ONNX, proved equal, and on to 8 bits.

Static QDQ quantization by ONNX Runtime, activations U8, weights S8 per channel:
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import ast
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.files import move
from facesort.models.detect import names_of
from facesort.models.int8.quantize import note_int8, reader
from facesort.models.letterbox import letterbox
from facesort.models.runtime import open_session, silent_quantizer

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """``forward`` maps (1, 3, imgsz, imgsz), 0 to 1, to (classes,) probabilities."""

    forward: Callable[[Floats], Floats]
    names: tuple[str, ...]
    imgsz: int

    def classify(self, rgb: Image) -> Floats:
        """The probabilities of one crop (h, w, 3 RGB) of any size, padded to a square."""
        return self.forward(network_input(rgb, self.imgsz))


def network_input(rgb: Image, imgsz: int) -> Floats:
    """(1, 3, imgsz, imgsz): the whole crop on grey; a cut to the middle could lose the mouth."""
    return letterbox(rgb, imgsz, square=True)[0]


def squared(rgb: Image, imgsz: int) -> Image:
    """The same as an image (imgsz, imgsz, 3), to train on."""
    scaled = network_input(rgb, imgsz)[0].transpose(1, 2, 0) * 255
    return np.ascontiguousarray(scaled.round().astype(np.uint8))


def load_classifier(file: Path, imgsz: int | None = None, threads: int = 1) -> Classifier:
    """Load an .onnx of ours, or a .pt (which needs ``imgsz``); `ModelError` if it is neither."""
    if file.suffix == ".pt" and imgsz:
        return _load_torch(file, imgsz)
    if file.suffix != ".onnx" or not file.is_file():
        raise ModelError(f"{file}: no such classifier; expected an existing .onnx file")
    session = open_session(file, file.read_bytes(), threads)
    meta = session.get_modelmeta().custom_metadata_map
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    try:
        names = ast.literal_eval(meta["names"])
        size = int(max(ast.literal_eval(meta["imgsz"])))
    except (KeyError, ValueError, TypeError, SyntaxError) as error:
        raise ModelError(
            f"{file}: names no classes; make it with tools/train_classifier.py"
        ) from error
    if gives.shape[1:] != [len(names)]:
        raise ModelError(f"{file}: output {gives.shape} is no classifier's of {len(names)} classes")
    return Classifier(
        lambda pixels: session.run(None, {takes.name: pixels})[0][0], names_of(names), size
    )


def _load_torch(file: Path, imgsz: int) -> Classifier:
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(file, task="classify")
    import torch

    network = model.model.float().eval()

    def forward(pixels: Floats) -> Floats:
        with torch.inference_mode():
            output = network(torch.from_numpy(pixels))
        probabilities: Floats = (output[0] if isinstance(output, tuple) else output)[0].numpy()
        return probabilities

    return Classifier(forward, names_of(model.names), imgsz)


MAX_GAP = 1e-4  # of a probability, between the checkpoint and its ONNX file
_FLOAT = ("Softmax",)  # its result is what is read: 8 bits would leave 256 confidences


@dataclass(frozen=True)
class Equal:
    """How far two classifiers differ over ``crops``: probabilities, and crops named otherwise."""

    crops: int
    max_gap: float
    other_class: int


def compare(a: Any, b: Any, crops: Sequence[Image]) -> Equal:
    """Compare two classifiers (`Classifier`) on RGB crops."""
    pairs = [(a.classify(rgb), b.classify(rgb)) for rgb in crops]
    gaps = [float(np.abs(p - q).max()) for p, q in pairs]
    return Equal(
        len(crops), max(gaps, default=0.0), sum(p.argmax() != q.argmax() for p, q in pairs)
    )


def export(checkpoint: Path, out: Path, crops: Sequence[Image], imgsz: int) -> Equal:
    """Write ``out`` from ``checkpoint``; `ModelError`, and no file, unless both say the same."""
    import onnx

    from facesort.models.ultralytics_loader import load_yolo

    if not crops:
        raise ModelError(f"{checkpoint}: no crop to compare the exported file on")
    with tempfile.TemporaryDirectory() as folder:
        model = load_yolo(Path(shutil.copy(checkpoint, folder)), task="classify")
        with warnings.catch_warnings():  # torch's remarks on its exporter, which Ultralytics chose
            warnings.simplefilter("ignore", DeprecationWarning)
            file = Path(model.export(format="onnx", imgsz=imgsz, simplify=True))
        graph = onnx.load(str(file))
        for entry in graph.metadata_props:
            if entry.key == "description":  # holds the path of the data on this machine
                entry.value = "face occlusion classifier, made with facesort"
        onnx.checker.check_model(graph, full_check=True)
        onnx.save(graph, str(file))
        equal = compare(load_classifier(checkpoint, imgsz), load_classifier(file), crops)
        if equal.max_gap > MAX_GAP or equal.other_class:
            raise ModelError(
                f"{out.name} is not equal to {checkpoint.name}: probabilities differ by "
                f"{equal.max_gap:.1e} (allowed {MAX_GAP:.0e}), {equal.other_class} crops of "
                f"{equal.crops} get another class"
            )
        move(file, out)
    return equal


def quantize(file: Path, out: Path, crops: Iterable[Image]) -> None:
    """Write ``out``, the classifier ``file`` in 8 bits; ``crops`` give the ranges of its tensors:
    of the training split, never of the test."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    model, imgsz = onnx.load(str(file)), load_classifier(file).imgsz
    name = model.graph.input[0].name
    feeds = ({name: network_input(rgb, imgsz)} for rgb in crops)
    with tempfile.TemporaryDirectory() as folder, silent_quantizer():
        made = Path(folder) / out.name
        try:
            quantize_static(
                model,
                str(made),
                reader(feeds),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=[n.name for n in model.graph.node if n.op_type in _FLOAT],
            )
        except ValueError as error:
            raise ModelError(f"{file.name}: cannot be quantized: {error}") from error
        note_int8(made, "U8S8")
        move(made, out)
