"""What takes part in a benchmark: a model file and the program that runs it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.openvino import load_in_openvino

TORCH, ORT, OPENVINO, ULTRALYTICS_INT8 = "torch", "onnxruntime", "openvino", "ultralytics-int8"
BACKENDS = (TORCH, ORT, OPENVINO, ULTRALYTICS_INT8)


@dataclass(frozen=True)
class Candidate:
    """``file`` run by ``backend``; ``name`` is what the tables say."""

    name: str
    backend: str
    file: Path

    def load(self, imgsz: int, threads: int) -> YoloDetector:
        """A detector for images of ``imgsz`` on so many threads."""
        if self.backend == OPENVINO:
            return load_in_openvino(self.file, imgsz=imgsz, threads=threads)
        if self.backend == TORCH:
            import torch

            torch.set_num_threads(threads)
            return load_detector(self.file, imgsz=imgsz, fused=True)
        return load_detector(self.file, imgsz=imgsz, threads=threads)

    @property
    def megabytes(self) -> float:
        return self.file.stat().st_size / 1e6


def candidates(
    files: Sequence[Path], backends: Sequence[str], data: Path, folder: Path
) -> list[Candidate]:
    """Every file with every backend that takes it: .pt torch, .onnx the runtimes.

    Ultralytics' own 8-bit export is made of each .pt, in ``folder``, calibrated on ``data``.
    """
    out = []
    for file in files:
        if not file.is_file():
            raise ModelError(f"{file}: no such model; expected .pt or .onnx files")
        for backend in backends:
            is_checkpoint = backend in (TORCH, ULTRALYTICS_INT8)
            if is_checkpoint != (file.suffix == ".pt"):
                continue
            made = ultralytics_int8(file, data, folder) if backend == ULTRALYTICS_INT8 else file
            out.append(Candidate(file.stem, backend, made))
    if not out:
        raise ModelError(f"none of {', '.join(backends)} runs {', '.join(f.name for f in files)}")
    return out


def ultralytics_int8(weights: Path, data: Path, folder: Path) -> Path:
    """The 8-bit ONNX file that ``yolo export format=onnx quantize=8`` makes."""
    from facesort.models.ultralytics_loader import load_yolo

    copy = Path(shutil.copy(weights, folder))  # Ultralytics writes beside the checkpoint
    model = load_yolo(copy, task="detect")
    options = {"format": "onnx", "quantize": 8, "dynamic": True, "fraction": 0.1}
    return Path(model.export(**options, imgsz=640, data=str(data)))
