"""The same detectors run by OpenVINO: it reads the ONNX file, 8-bit ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.parity import Parity, compare

MIN_FOUND_AGAIN = 0.95


def load_in_openvino(
    onnx_file: Path, conf: float | None = None, imgsz: int | None = None, threads: int = 1
) -> YoloDetector:
    """The detector of an ONNX file, its network run by OpenVINO; ``threads`` 0 means all cores."""
    try:
        import openvino
    except ImportError:
        raise ModelError("OpenVINO is not installed; run: python -m pip install openvino") from None
    detector = load_detector(onnx_file, conf, imgsz)
    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads} if threads else {}
    precise = {"INFERENCE_PRECISION_HINT": "f32"}  # it would take bfloat16 where the CPU has it
    compiled = core.compile_model(core.read_model(str(onnx_file)), "CPU", options | precise)
    first = compiled.input(0).partial_shape[0]
    batch = 1 if first.is_dynamic else first.get_length()

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        raw: NDArray[np.float32] = compiled(np.repeat(pixels, batch, axis=0))[0][0].copy()
        return raw

    return replace(detector, forward=forward)


def write_openvino(onnx_file: Path, out: Path, pictures: Sequence[NDArray[np.uint8]]) -> Parity:
    """Write ``out`` (.xml, its weights beside it as .bin) from an ONNX file, weights as they are.

    The metadata of the ONNX file goes into the runtime info, as OpenVINO calls it. Returns how
    equal both are on ``pictures``; raises `ModelError`, and writes nothing, where OpenVINO does not
    find what ONNX Runtime finds.
    """
    parity = compare(load_detector(onnx_file), load_in_openvino(onnx_file), pictures)
    if parity.found_again < MIN_FOUND_AGAIN * parity.faces or not parity.faces:
        raise ModelError(
            f"{out.name}: OpenVINO finds {parity.found_again} of the {parity.faces} faces that "
            f"ONNX Runtime finds with {onnx_file.name}; run that file by ONNX Runtime"
        )
    import onnx
    import openvino

    model = openvino.convert_model(str(onnx_file))
    for entry in onnx.load(str(onnx_file)).metadata_props:
        model.set_rt_info(entry.value, ["model_info", entry.key])
    out.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, str(out), compress_to_fp16=False)
    return parity
