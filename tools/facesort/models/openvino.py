"""The same detectors run by OpenVINO: it reads the ONNX file, 8-bit ones too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector

MISSING = "OpenVINO is not installed; run: python -m pip install openvino"


def load_in_openvino(
    onnx_file: Path, conf: float | None = None, imgsz: int | None = None, threads: int = 1
) -> YoloDetector:
    """The detector of an ONNX file, its network run by OpenVINO; ``threads`` 0 means all cores."""
    try:
        import openvino
    except ImportError:
        raise ModelError(MISSING) from None
    detector = load_detector(onnx_file, conf, imgsz)
    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads} if threads else {}
    precise = {"INFERENCE_PRECISION_HINT": "f32"}  # it would take bfloat16 where the CPU has it
    compiled = core.compile_model(core.read_model(str(onnx_file)), "CPU", options | precise)

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        raw: NDArray[np.float32] = compiled(pixels)[0][0].copy()
        return raw

    return replace(detector, forward=forward)


def write_openvino(onnx_file: Path, out: Path) -> None:
    """Write ``out`` (.xml, its weights beside it as .bin) from an ONNX file, weights as they are.

    The metadata of the ONNX file goes into the runtime info, as OpenVINO calls it.
    """
    try:
        import openvino
    except ImportError:
        raise ModelError(MISSING) from None
    import onnx

    model = openvino.convert_model(str(onnx_file))
    for entry in onnx.load(str(onnx_file)).metadata_props:
        model.set_rt_info(entry.value, ["model_info", entry.key])
    openvino.save_model(model, str(out), compress_to_fp16=False)
