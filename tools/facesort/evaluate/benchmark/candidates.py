"""Candidates of a benchmark: a model file, the program that runs it, its cold start."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort.errors import ModelError
from facesort.models.backends import BACKENDS, EXPECTED, ORT, TORCH
from facesort.models.detect import YoloDetector, load_detector

ULTRALYTICS_INT8 = "ultralytics-int8"
PROGRAMS = (*BACKENDS, ULTRALYTICS_INT8)


@dataclass(frozen=True)
class Candidate:
    """``file`` run by ``backend``; ``name`` is what the tables say."""

    name: str
    backend: str
    file: Path

    def load(self, imgsz: int, threads: int) -> YoloDetector:
        """A detector for images of ``imgsz`` on so many threads."""
        if self.backend == TORCH:
            import torch

            torch.set_num_threads(threads)
        program = ORT if self.backend == ULTRALYTICS_INT8 else self.backend
        return load_detector(self.file, imgsz=imgsz, threads=threads, fused=True, backend=program)

    @property
    def megabytes(self) -> float:
        files = [self.file, *self.file.glob("*")] if self.file.is_dir() else [self.file]
        return sum(one.stat().st_size for one in files if one.is_file()) / 1e6


def candidates(
    files: Sequence[Path], backends: Sequence[str], data: Path, folder: Path
) -> list[Candidate]:
    """Every file with every backend that runs it.

    Ultralytics' own 8-bit export is made of each .pt, in ``folder``, calibrated on ``data``.
    """
    out = []
    for file in files:
        if not file.exists():
            raise ModelError(f"{file}: no such model; expected {EXPECTED}")
        for backend in backends:
            is_export = backend == ULTRALYTICS_INT8
            if not BACKENDS[TORCH if is_export else backend].runs(file):
                continue
            made = ultralytics_int8(file, data, folder) if is_export else file
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


TOOLS = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys, time
start = time.perf_counter()
sys.path.insert(0, sys.argv[1])
import json, resource
from pathlib import Path
import numpy as np
name, backend, file, imgsz, threads = sys.argv[2:]
if backend == "onnxruntime":
    from facesort.models.detect import load_detector
    detector = load_detector(Path(file), imgsz=int(imgsz), threads=int(threads))
else:
    from facesort.evaluate.benchmark.candidates import Candidate
    detector = Candidate(name, backend, Path(file)).load(int(imgsz), int(threads))
detector.detect([np.zeros((480, 640, 3), np.uint8)])
seconds = time.perf_counter() - start
try:  # Linux: of this program only; ru_maxrss holds what the parent had before the exec
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps([seconds, peak, "torch" in sys.modules]))
"""


@dataclass(frozen=True)
class ColdStart:
    """``start_s``: imports, loading, first image. ``peak_mb``: resident memory at its highest."""

    start_s: float
    peak_mb: float
    uses_torch: bool


def measure_cold_start(candidate: Candidate, imgsz: int, threads: int) -> ColdStart:
    """Raises `ModelError` when the process fails."""
    from facesort.models.detect import load_detector  # noqa: F401 (its bytecode is compiled now)

    arguments = [candidate.name, candidate.backend, candidate.file, imgsz, threads]
    command = [sys.executable, "-c", PROGRAM, str(TOOLS), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(f"{candidate.file.name} in {candidate.backend}: {reason}")
    return ColdStart(*json.loads(done.stdout.splitlines()[-1]))
