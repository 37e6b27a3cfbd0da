"""Prove that the small install has a ready-made wheel on every system and Python that we name.

    python installers/wheels_everywhere.py               # 4 systems x 4 Pythons; downloads 2 GB
    python installers/wheels_everywhere.py --python 3.12 --system windows

pip resolves and downloads for a system that is not this one; anything that would have to be
compiled there is an error. Exit code: 0 all there, 1 something is missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
SYSTEMS = {  # the tags that such a computer accepts, newest first
    "windows": ("win_amd64",),
    "mac-arm": ("macosx_14_0_arm64", "macosx_13_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64"),
    "mac-intel": ("macosx_14_0_x86_64", "macosx_13_0_x86_64", "macosx_12_0_x86_64",
                  "macosx_11_0_x86_64", "macosx_10_15_x86_64", "macosx_10_14_x86_64",
                  "macosx_10_13_x86_64", "macosx_10_12_x86_64", "macosx_10_9_x86_64"),
    "linux": ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64",
              "manylinux2014_x86_64"),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", choices=PYTHONS, nargs="+", default=PYTHONS)
    parser.add_argument("--system", choices=list(SYSTEMS), nargs="+", default=list(SYSTEMS))
    parser.add_argument("--requirements", type=Path, default=ROOT / "requirements.txt")
    args = parser.parse_args()
    failed = 0
    for system in args.system:
        for python in args.python:
            error = missing_wheel(args.requirements, system, python)
            print(f"{system:<10} Python {python:<5} {error or 'all wheels are there'}", flush=True)
            failed += bool(error)
    return int(bool(failed))


def missing_wheel(requirements: Path, system: str, python: str) -> str:
    """Why the requirements cannot be had there; "" where they can."""
    platforms = [word for tag in SYSTEMS[system] for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder]
        command += ["--only-binary", ":all:", "--python-version", python, *platforms]
        command += ["--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (errors or ["pip failed"])[-1]


if __name__ == "__main__":
    sys.exit(main())
