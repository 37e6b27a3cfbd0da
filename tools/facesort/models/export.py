"""From a PyTorch checkpoint to an ONNX file that is checked before anyone sees it.

Ultralytics does the export; this adds the thresholds to the file's metadata, runs onnx.checker
and the parity gate, and moves the file into place only when it has passed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import META_CONF, META_SURE, load_detector
from facesort.models.parity import Parity, compare, require


def export_onnx(
    weights: Path,
    out: Path,
    pictures: Sequence[NDArray[np.uint8]],
    imgsz: int = 640,
    dynamic: bool = True,
    thresholds: Mapping[str, float] | None = None,
) -> Parity:
    """Write ``out`` from ``weights`` (.pt) and return how equal the two are on ``pictures``.

    ``dynamic`` lets the file take any height and width (multiples of 32). ``thresholds`` may hold
    ``conf`` and ``sure``. Raises `ModelError`, and leaves ``out`` as it was, when the checkpoint
    is unfit, the file is invalid, or the parity gate fails.
    """
    if weights.suffix != ".pt":
        raise ModelError(f"{weights}: not a checkpoint; expected a .pt file")
    if out.is_dir():
        raise ModelError(f"{out}: is a folder; expected the name of a file to write")
    original = load_detector(weights)
    with tempfile.TemporaryDirectory() as folder:
        file = _convert(weights, Path(folder), imgsz, dynamic)
        _finish(file, thresholds or {})
        parity = compare(original, load_detector(file), pictures)
        require(parity, f"{out.name} exported from {weights.name}")
        _move(file, out)
    return parity


def _convert(weights: Path, folder: Path, imgsz: int, dynamic: bool) -> Path:
    """Export a copy in ``folder``: Ultralytics writes beside the checkpoint it is given."""
    from facesort.models.quiet import load_yolo

    model = load_yolo(Path(shutil.copy(weights, folder)), task="detect")
    with warnings.catch_warnings():  # torch's remarks on its exporter, which Ultralytics chose
        warnings.simplefilter("ignore", DeprecationWarning)
        return Path(model.export(format="onnx", imgsz=imgsz, dynamic=dynamic, simplify=True))


def _finish(file: Path, thresholds: Mapping[str, float]) -> None:
    """Check the graph and write the thresholds into the metadata."""
    import onnx

    model = onnx.load(str(file))
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"{file.name}: onnx.checker refuses it: {error}") from None
    keys = {"conf": META_CONF, "sure": META_SURE}
    for name, value in thresholds.items():
        model.metadata_props.add(key=keys[name], value=str(value))
    for entry in model.metadata_props:
        if entry.key == "description":  # holds the path of the data on the machine of training
            entry.value = "YOLO face occlusion detector, made with facesort"
    onnx.save(model, str(file))


def _move(file: Path, out: Path) -> None:
    """Put ``file`` at ``out`` in one step, so that nobody ever loads half a model."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.copyfile(file, partial)
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
