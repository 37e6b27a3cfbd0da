"""The same detectors run by OpenVINO: it reads the ONNX file, 8-bit ones too.

OpenVINO 2026.4 gets the anchors of an 8-bit network wrong where height and width are left open, so
it is given the size of each input, and an 8-bit file for it takes squares only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

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
    core = _core()
    detector = load_detector(onnx_file, conf, imgsz)
    is_open = core.read_model(str(onnx_file)).input(0).partial_shape.is_dynamic
    compiled: dict[tuple[int, ...], Any] = {}
    one_at_a_time = Lock()

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_at_a_time:
            if pixels.shape not in compiled:
                model = core.read_model(str(onnx_file))
                if is_open:
                    model.reshape(list(pixels.shape))
                compiled[pixels.shape] = _compile(core, model, threads)
            return _run(compiled[pixels.shape], pixels)

    return replace(detector, forward=forward)


def write_openvino(onnx_file: Path, out: Path, images: Sequence[NDArray[np.uint8]]) -> Parity:
    """Write ``out`` (.xml, its weights beside it as .bin) from an ONNX file, weights as they are.

    The metadata of the ONNX file goes into the runtime info, as OpenVINO calls it. Where it goes
    wrong with open sizes, the file takes only squares of the detector's size. Returns how equal
    both are on ``images``; raises `ModelError`, and writes nothing, where OpenVINO does not find
    what ONNX Runtime finds.
    """
    core = _core()
    import onnx
    import openvino

    original = load_detector(onnx_file)
    for square in (original.square, True):
        model = core.read_model(str(onnx_file))
        if square and model.input(0).partial_shape.is_dynamic:
            model.reshape([1, 3, original.imgsz, original.imgsz])
        network = _compile(core, model, threads=1)
        converted = replace(original, forward=partial(_run, network), square=square)
        parity = compare(original, converted, images)
        if parity.faces and parity.found_again >= MIN_FOUND_AGAIN * parity.faces:
            break
    else:
        raise ModelError(
            f"{out.name}: OpenVINO finds {parity.found_again} of the {parity.faces} faces that "
            f"ONNX Runtime finds with {onnx_file.name}; run that file by ONNX Runtime"
        )
    for entry in onnx.load(str(onnx_file)).metadata_props:
        model.set_rt_info(entry.value, ["model_info", entry.key])
    out.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, str(out), compress_to_fp16=False)
    return parity


def _core() -> Any:
    try:
        import openvino
    except ImportError:
        raise ModelError("OpenVINO is not installed; run: python -m pip install openvino") from None
    return openvino.Core()


def _compile(core: Any, model: Any, threads: int) -> Any:
    options = {"INFERENCE_NUM_THREADS": threads} if threads else {}
    precise = {"INFERENCE_PRECISION_HINT": "f32"}  # it would take bfloat16 where the CPU has it
    return core.compile_model(model, "CPU", options | precise)


def _run(network: Any, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    first = network.input(0).partial_shape[0]
    batch = 1 if first.is_dynamic else first.get_length()
    raw: NDArray[np.float32] = network(np.repeat(pixels, batch, axis=0))[0][0].copy()
    return raw
