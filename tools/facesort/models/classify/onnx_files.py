"""From a classifier's checkpoint to ONNX, proved equal, and on to 8 bits.

Static QDQ quantization by ONNX Runtime, activations U8, weights S8 per channel:
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import ModelError
from facesort.files import move
from facesort.models.classify.classifier import Image, load_classifier, network_input
from facesort.models.int8.quantize import note_int8, reader
from facesort.models.runtime import silent_quantizer

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
