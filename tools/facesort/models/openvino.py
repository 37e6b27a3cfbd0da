"""The same detectors run by OpenVINO: it reads the ONNX file, 8-bit ones too, and its own.

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

from facesort.errors import ModelError, first_line
from facesort.models.backends import BACKENDS, ORT, Request
from facesort.models.detect import (
    META_CONF,
    META_SURE,
    METADATA_FILE,
    RawForward,
    YoloDetector,
    read_metadata,
    read_metadata_file,
)
from facesort.models.parity import Parity, compare

MIN_FOUND_AGAIN = 0.95


def load_detector(weights: Path, request: Request) -> YoloDetector:
    """The detector of an ONNX file, or of an .xml file or its folder, run by OpenVINO."""
    core = _core()
    file = weights if weights.is_file() else _xml_in(weights)
    forward = _forward(core, file, request.threads)
    if file.suffix == ".onnx":
        return replace(BACKENDS[ORT].load(file, replace(request, threads=1)), forward=forward)
    model = _read(core, file)
    beside = file.with_name(METADATA_FILE)
    meta = read_metadata_file(beside) if beside.is_file() else _runtime_info(model)
    side = model.input(0).partial_shape[2]
    side_px = None if side.is_dynamic else side.get_length()
    data = file.read_bytes() + file.with_suffix(".bin").read_bytes()
    metadata = read_metadata(meta, file, side_px)
    return metadata.detector(forward, data, request, side_px is not None, file)


def _forward(core: Any, file: Path, threads: int) -> RawForward:
    is_open = _read(core, file).input(0).partial_shape.is_dynamic
    compiled: dict[tuple[int, ...], Any] = {}
    one_at_a_time = Lock()

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_at_a_time:
            if pixels.shape not in compiled:
                model = _read(core, file)
                if is_open:
                    model.reshape(list(pixels.shape))
                compiled[pixels.shape] = _compile(core, model, threads)
            return _run(compiled[pixels.shape], pixels)

    return forward


def _read(core: Any, file: Path) -> Any:
    try:
        return core.read_model(str(file))
    except RuntimeError as error:
        raise ModelError(f"{file}: OpenVINO cannot load it: {first_line(error)}") from error


def _xml_in(folder: Path) -> Path:
    found = sorted(folder.glob("*.xml"))
    if len(found) != 1:
        raise ModelError(f"{folder}: holds {len(found)} .xml files; pass one of them")
    return found[0]


def _runtime_info(model: Any) -> dict[str, str]:
    """What `write_openvino` took over from the ONNX file."""
    keys = ("names", "imgsz", "end2end", META_CONF, META_SURE)
    there = [key for key in keys if model.has_rt_info(["model_info", key])]
    return {key: model.get_rt_info(["model_info", key]).astype(str) for key in there}


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

    original = BACKENDS[ORT].load(onnx_file, Request())
    for square in (original.square, True):
        model = _read(core, onnx_file)
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
    except ImportError as error:
        raise ModelError(
            "OpenVINO is not installed; run: python -m pip install openvino"
        ) from error
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
