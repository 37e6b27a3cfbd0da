"""From a PyTorch checkpoint to an ONNX file that is checked before anyone sees it.

Ultralytics does the export; this adds thresholds and origin to the file's metadata, runs
onnx.checker and the parity gate, and moves the file into place only when it has passed.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.files import move
from facesort.models.detect import DEFAULT_IMGSZ, load_detector
from facesort.models.parity import Parity, compare, require

META_DATA = "facesort_data"  # name and hash of the training data
HALF_MAX_ABS, HALF_MIN_IOU = 0.05, 0.95  # float16 has three digits


@dataclass(frozen=True)
class Form:
    """What the file is to take. ``dynamic``: any batch, height and width (multiples of the
    stride); else ``batch`` images of ``imgsz`` x ``imgsz``. ``half``: weights of 16 bits."""

    imgsz: int = DEFAULT_IMGSZ
    dynamic: bool = True
    batch: int = 1
    opset: int | None = None
    half: bool = False


def export_onnx(
    weights: Path,
    out: Path,
    images: Sequence[NDArray[np.uint8]],
    form: Form | None = None,
    notes: Mapping[str, str] | None = None,
) -> dict[str, Parity]:
    """Write ``out`` from ``weights`` (.pt); return how equal it is on ``images``, step by step.

    ``notes`` go into the metadata (`detect.META_CONF` ...). Raises `ModelError`, and leaves ``out``
    as it was, when the checkpoint is unfit, the file is invalid, or the parity gate fails.
    """
    if weights.suffix != ".pt":
        raise ModelError(f"{weights}: not a checkpoint; expected a .pt file")
    if out.is_dir():
        raise ModelError(f"{out}: is a folder; expected the name of a file to write")
    form = form or Form()
    original = load_detector(weights, imgsz=form.imgsz)
    with tempfile.TemporaryDirectory() as folder:
        file = _convert(weights, Path(folder), form)
        _finish(file, notes or {})
        bars = (HALF_MAX_ABS, HALF_MIN_IOU) if form.half else ()
        exported = load_detector(file)
        rows = {"torch → ONNX": compare(original, exported, images)}
        require(rows["torch → ONNX"], f"{out.name} exported from {weights.name}", *bars)
        fused = load_detector(weights, imgsz=form.imgsz, fused=True)
        rows = {"torch → fused": compare(original, fused, images)} | rows
        move(file, out)
    return rows


def trained_on(weights: Path) -> str | None:
    """The data set YAML that a checkpoint says it was trained on."""
    from facesort.models.ultralytics_loader import load_yolo

    arguments = (load_yolo(weights, task="detect").ckpt or {}).get("train_args") or {}
    return str(arguments["data"]) if arguments.get("data") else None


def _convert(weights: Path, folder: Path, form: Form) -> Path:
    """Export a copy in ``folder``: Ultralytics writes beside the checkpoint it is given."""
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(Path(shutil.copy(weights, folder)), task="detect")
    with warnings.catch_warnings():  # torch's remarks on its exporter, which Ultralytics chose
        warnings.simplefilter("ignore", DeprecationWarning)
        return Path(
            model.export(
                format="onnx",
                imgsz=form.imgsz,
                dynamic=form.dynamic,
                batch=form.batch,
                opset=form.opset,
                quantize=16 if form.half else None,
                simplify=True,
            )
        )


def _finish(file: Path, notes: Mapping[str, str]) -> None:
    """Check the graph and write ``notes`` into the metadata."""
    import onnx
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = onnx.load(str(file))
    ONNXModel(model).topological_sort()  # 16-bit exports come with their casts at the end
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"{file.name}: onnx.checker refuses it: {error}") from error
    kept = {entry.key: entry.value for entry in model.metadata_props}
    # Ultralytics' own names the path of the data on the machine of training
    kept["description"] = "YOLO face occlusion detector, made with facesort"
    onnx.helper.set_model_props(model, kept | dict(notes))
    onnx.save(model, str(file))
