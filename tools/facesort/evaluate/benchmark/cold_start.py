"""A model in a fresh process: how long until its first image is done, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from facesort.errors import ModelError
from facesort.evaluate.benchmark.candidates import Candidate

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
    detector = Contestant(name, backend, Path(file)).load(int(imgsz), int(threads))
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


def measure_cold_start(contestant: Candidate, imgsz: int, threads: int) -> ColdStart:
    """Raises `ModelError` when the process fails."""
    from facesort.models.detect import load_detector  # noqa: F401 (its bytecode is compiled now)

    arguments = [contestant.name, contestant.backend, contestant.file, imgsz, threads]
    command = [sys.executable, "-c", PROGRAM, str(TOOLS), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(f"{contestant.file.name} in {contestant.backend}: {reason}")
    return ColdStart(*json.loads(done.stdout.splitlines()[-1]))
