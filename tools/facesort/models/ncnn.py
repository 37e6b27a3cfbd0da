"""The same detectors run by ncnn, on phones and small boards: pnnx converts the ONNX file.

Both come from ncnn's makers and want no certain torch: https://github.com/pnnx/pnnx. What is
written is laid out as Ultralytics does it, so that ``YOLO("..._ncnn_model")`` reads it as well.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.files import move
from facesort.models.backends import BACKENDS, ORT, Request
from facesort.models.detect import (
    METADATA_FILE,
    RawForward,
    YoloDetector,
    read_metadata,
    read_metadata_file,
)
from facesort.models.parity import Parity, compare, require

INSTALL = "ncnn and pnnx are not both installed; run: python -m pip install ncnn pnnx"
PARAM, BIN = "model.ncnn.param", "model.ncnn.bin"


def load_detector(weights: Path, request: Request) -> YoloDetector:
    """The detector of a folder that `write_ncnn` or Ultralytics wrote; it takes only squares.

    Raises `ModelError` when ncnn is not installed or knows an operator of the network not.
    """
    metadata = read_metadata(read_metadata_file(weights / METADATA_FILE), weights)
    data = (weights / PARAM).read_bytes() + (weights / BIN).read_bytes()
    forward = _forward(weights, request.threads)
    return metadata.detector(forward, data, request, True, weights)


def _forward(folder: Path, threads: int) -> RawForward:
    try:
        import ncnn
    except ImportError as error:
        raise ModelError(INSTALL) from error
    net = ncnn.Net()
    net.opt.num_threads = threads or os.cpu_count() or 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    if net.load_param(str(folder / PARAM)) or net.load_model(str(folder / BIN)):
        raise ModelError(f"{folder}: ncnn cannot load it; run the ONNX file by ONNX Runtime")

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(pixels[0]).clone())
            failed, raw = extractor.extract("out0")
            if failed:
                raise ModelError(f"{folder}: ncnn cannot run it; use the ONNX file instead")
            return np.array(raw)

    return forward


def write_ncnn(
    onnx_file: Path, out: Path, imgsz: int, images: Sequence[NDArray[np.uint8]]
) -> Parity:
    """Write the folder ``out`` (network, weights, metadata) from a float ONNX file.

    It takes one image of ``imgsz`` x ``imgsz``: input ``in0``, RGB 0 to 1, output ``out0``.
    Returns how equal both are on ``images``; raises `ModelError`, and writes nothing, when a
    package is missing, the network cannot be converted, or the parity gate fails.
    """
    original = BACKENDS[ORT].load(onnx_file, Request())
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _convert(onnx_file, folder, imgsz)
        forward = _forward(folder, threads=1)
        converted = replace(original, forward=forward, imgsz=imgsz, square=True)
        parity = compare(original, converted, images)
        require(parity, f"{out.name} converted from {onnx_file.name}")
        _write_metadata(onnx_file, folder / METADATA_FILE, imgsz)
        for name in (PARAM, BIN, METADATA_FILE):
            move(folder / name, out / name)
    return parity


def _convert(onnx_file: Path, folder: Path, imgsz: int) -> None:
    """Let pnnx make `PARAM` and `BIN` in ``folder``, 32 bits; it runs as a program of its own."""
    try:
        import pnnx
    except ImportError as error:
        raise ModelError(INSTALL) from error
    shutil.copyfile(onnx_file, folder / "model.onnx")  # pnnx writes beside what it reads
    shape = f"inputshape=[1,3,{imgsz},{imgsz}]f32"
    command = [pnnx.EXEC_PATH, "model.onnx", shape, "fp16=0"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode or not all((folder / name).is_file() for name in (PARAM, BIN)):
        said = ((done.stderr + done.stdout).strip().splitlines() or ["nothing"])[-1]
        raise ModelError(f"{onnx_file.name}: pnnx cannot convert it; it said: {said[:200]}")


def _write_metadata(onnx_file: Path, file: Path, imgsz: int) -> None:
    import onnx
    import yaml

    entries = onnx.load(str(onnx_file)).metadata_props
    known = {entry.key: _value(entry.value) for entry in entries}
    known |= {"imgsz": [imgsz, imgsz], "batch": 1, "dynamic": False}
    file.write_text(yaml.safe_dump(known, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _value(text: str) -> Any:
    """What the text of ONNX metadata stands for: a number, a list, a table, or itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
