"""Run a command as on a processor with AVX2 only: without AVX-512, VNNI and AMX.

    python tests/benchmarks/old_processor.py python tools/yolo_to_onnx.py --int8 ...
    python tests/benchmarks/old_processor.py python tests/benchmarks/throughput.py

Such processors (laptops of 2013 to 2020) add products of 8-bit numbers up in 16 bits and cut off
what is above, so an 8-bit model may say something else there. Needs Linux, gcc and an Intel
processor (Ivy Bridge or later; cpuid_fault in /proc/cpuinfo). The code that runs is the real one,
at its own speed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def main(command: list[str]) -> int:
    if not command or command[0].startswith("-"):
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "old_processor.so"
        build = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        subprocess.run(build, check=True)
        before = os.environ.get("LD_PRELOAD", "")
        preload = f"{library} {before}".strip()
        return subprocess.run(command, env={**os.environ, "LD_PRELOAD": preload}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
