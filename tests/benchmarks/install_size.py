"""How long an install takes and how large it is: a fresh environment for each requirements file.

    python tests/benchmarks/install_size.py requirements.txt
    python tests/benchmarks/install_size.py requirements.txt --pip --no-compile --then-sort
    python tests/benchmarks/install_size.py requirements-train.txt --pip torch==2.13.0+cpu

``--pip`` hands what follows to pip. ``--then-sort`` also makes the sample album and sorts it in
that environment: the first command of README.md, timed as a whole. Sizes are of the whole
environment, pip included, in MB of 1,000,000 bytes, as the files are long.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SORT = (
    ("tools/make_sample_album.py", "--dst", "{folder}/sample_album"),
    ("tools/sort_photos.py", "--src", "{folder}/sample_album", "--dst", "{folder}/sorted"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("requirements", type=Path)
    parser.add_argument("--then-sort", action="store_true")
    parser.add_argument("--pip", nargs=argparse.REMAINDER, default=[])
    args = parser.parse_args()
    then_sort = args.then_sort or "--then-sort" in args.pip
    options = [option for option in args.pip if option != "--then-sort"]
    with tempfile.TemporaryDirectory() as name:
        start_s = time.monotonic()
        python = make_environment(Path(name, "env"))
        run(python, "-m", "pip", "install", "-q", *options, "-r", str(args.requirements))
        installed_s = time.monotonic() - start_s
        print(
            f"{args.requirements.name}: {installed_s:.0f} s, {megabytes(Path(name, 'env')):.0f} MB"
        )
        if then_sort:
            for script, *rest in SORT:
                run(python, str(ROOT / script), *(part.format(folder=name) for part in rest))
            total_s = time.monotonic() - start_s
            print(f"first sorted folder after {total_s:.0f} s")


def make_environment(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def run(*command: str) -> None:
    env = os.environ | {"FACESORT_CACHE": ""}
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(done.stdout)


def megabytes(folder: Path) -> float:
    return (
        sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink()) / 1e6
    )


if __name__ == "__main__":
    main()
