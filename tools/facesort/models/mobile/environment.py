"""The environment in which files for phones are made: found, made on request, and asked.

LiteRT's and CoreML's converters want a certain torch, so they get a virtual environment of their
own. The scripts ``side_*.py`` beside this file run there and import nothing of facesort but each
other.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.paths import project

# measured together on Python 3.11, Linux: LiteRT float within 1e-6 of the ONNX file in its scores
PACKAGES = (
    "torch==2.13.0",
    "torchvision==0.28.0",
    "litert-torch==0.10.0",
    "ai-edge-litert==2.3.0",
    "ai-edge-quantizer==0.10.0",
    "coremltools==9.0",
    "ultralytics-opencv-headless==8.4.190",
)
FOLDER = ".venv-mobile"
HERE = Path(__file__).resolve().parent
_QUIET = {
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def default_folder() -> Path:
    return project() / FOLDER


def find_python(folder: Path) -> Path:
    """The interpreter of the environment; raises `ModelError` with the commands that make it."""
    for name in ("bin/python", "Scripts/python.exe"):
        if (folder / name).is_file():
            return folder / name
    raise ModelError(
        f"{folder}: no environment for phone exports; pass --make-mobile-env to make it (about "
        f"3 GB of packages from PyPI), or run: {' && '.join(map(shlex.join, commands(folder)))}"
    )


def commands(folder: Path) -> list[list[str]]:
    """What makes the environment ``folder``."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", *PACKAGES],
    ]


def make(folder: Path, say: Callable[[str], None]) -> Path:
    """Make ``folder`` unless it is there; raises `ModelError` where a command fails."""
    try:
        return find_python(folder)
    except ModelError:
        pass
    for command in commands(folder):
        say(shlex.join(command))
        if subprocess.run(command).returncode:
            raise ModelError(f"{folder}: the last command failed; see above, and run it by hand")
    return find_python(folder)


def ask(python: Path, script: str, *arguments: object) -> dict[str, Any]:
    """Run ``side_SCRIPT.py`` to its end; what it says in its last line, as JSON.

    Raises `ModelError` with the last line that it wrote to its standard error.
    """
    done = subprocess.run(
        _command(python, script, arguments), capture_output=True, text=True, env=_environment()
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ModelError(f"the converter in {python.parents[1]} failed; it said: {said[:300]}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


Run = Callable[[NDArray[Any]], NDArray[np.float32]]


@contextmanager
def running(python: Path, file: Path, threads: int = 1) -> Iterator[Run]:
    """The network of the LiteRT ``file`` as a function, run by LiteRT's own runtime there."""
    command = _command(python, "litert", ("run", file, threads))
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        assert process.stdin and process.stdout
        into, out = process.stdin, process.stdout
        head = out.readline()
        if not head:
            raise ModelError(f"{file.name}: the LiteRT runtime in {python.parents[1]} refuses it")
        form = json.loads(head)
        size = int(np.prod(form["output"])) * 4

        def run(pixels: NDArray[Any]) -> NDArray[np.float32]:
            into.write(np.ascontiguousarray(pixels, dtype=form["type"]).tobytes())
            into.flush()
            data = out.read(size)
            if len(data) < size:
                raise ModelError(f"{file.name}: the LiteRT runtime stopped")
            return np.frombuffer(data, np.float32).reshape(form["output"])

        try:
            yield run
        finally:
            into.close()
            process.wait()


def _command(python: Path, script: str, arguments: tuple[object, ...]) -> list[str]:
    return [str(python), str(HERE / f"side_{script}.py"), *map(str, arguments)]


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return clean | _QUIET
