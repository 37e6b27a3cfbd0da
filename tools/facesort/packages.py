"""Which packages each command needs, and the one line that installs what is missing.

The sets are requirements.txt (small), requirements-train.txt and requirements-test.txt.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shlex
import sys
from collections.abc import Iterable, Sequence

from facesort import paths
from facesort.errors import FacesortError

SMALL, TRAIN, TEST = "", "train", "test"  # as the extras of the installed package are called

SMALL_MODULES = frozenset(
    "numpy cv2 onnxruntime PIL pillow_heif simplejpeg scipy fsspec filelock tqdm yaml platformdirs "
    "argcomplete starlette uvicorn".split()
)
TRAIN_MODULES = frozenset(
    "torch torchvision ultralytics onnx onnxslim lap imagehash pandas pyarrow braceexpand jinja2 "
    "matplotlib labelImg PyQt5 wandb".split()
)
TEST_MODULES = frozenset(
    "pytest hypothesis ray ncnn pnnx s3fs moto pycocotools skimage webdataset mkdocs httpx "
    "playwright".split()
)
_ALL_MODULES = SMALL_MODULES | TRAIN_MODULES | TEST_MODULES

_TORCH = ("torch", "ultralytics")
# what a script cannot begin without, besides the small set
NEEDED: dict[str, tuple[str, ...]] = {
    "benchmark_models": (*_TORCH, "onnx"),
    "build_dataset": ("imagehash",),
    "calibrate_yolo": _TORCH,
    "check_dataset": ("imagehash", "jinja2", "matplotlib"),
    "crops_to_yolo": ("imagehash",),
    "evaluate_yolo": ("jinja2", "matplotlib", "imagehash"),
    "train_classifier": (*_TORCH, "torchvision", "onnx", "imagehash"),
    "train_embedder": ("torch", "onnx"),
    "train_points": ("torch", "onnx"),
    "train_resident": _TORCH,
    "train_yolo": (*_TORCH, "imagehash"),
    "yolo_to_onnx": (*_TORCH, "onnx", "onnxslim"),
}


class MissingPackageError(FacesortError):
    """A package is not installed; the message holds the line that installs it."""


def check(script: str) -> None:
    """Raise `MissingPackageError`, before any work, unless ``script`` has what it needs."""
    require(*NEEDED.get(script, ()), what=f"{script}.py")


def require(*modules: str, what: str) -> None:
    """Raise `MissingPackageError` unless all ``modules`` (import names) can be found."""
    missing = [name for name in modules if not is_there(name)]
    if missing:
        raise MissingPackageError(
            f"{what} needs {_listed(missing)}, which {_is_or_are(missing)} not installed; "
            f"run: {install_line(missing)}"
        )


def explain(error: ModuleNotFoundError) -> MissingPackageError | None:
    """The error in our words, where a package of ours is missing; None for anything else."""
    name = (error.name or "").partition(".")[0]
    if name not in _ALL_MODULES:
        return None
    return MissingPackageError(
        f"this needs {name}, which is not installed; run: {install_line([name])}"
    )


def set_of(module: str) -> str:
    """The smallest set that holds ``module``: `SMALL`, `TRAIN` or `TEST`."""
    return TRAIN if module in TRAIN_MODULES else TEST if module in TEST_MODULES else SMALL


def install_line(modules: Iterable[str]) -> str:
    """The command that installs the smallest set that holds all ``modules``."""
    needed = max((set_of(name) for name in modules), key=[SMALL, TRAIN, TEST].index)
    if not paths.IS_INSTALLED:
        name = f"requirements-{needed}.txt" if needed else "requirements.txt"
        file = os.path.relpath(paths.ASSETS / name) if os.name != "nt" else paths.ASSETS / name
        return f"python -m pip install -r {shlex.quote(str(file))}"
    if getattr(sys, "frozen", False):  # a program without pip
        return f"python -m pip install -r requirements-{needed}.txt (in a checkout of facesort)"
    python = shlex.quote(sys.executable)
    pip = f"{python} -m pip" if is_there("pip") else f"uv pip install --python {python}"
    pip += " install" if is_there("pip") else ""
    return " ".join([pip, *(f'"{line}"' for line in _requirements(needed))])


def _requirements(extra: str) -> list[str]:
    """What the installed package says it needs for ``extra``."""
    lines = importlib.metadata.requires("facesort") or []
    marked = f"extra == '{extra}'"
    parts = [line.replace('"', "'").partition(";") for line in lines]
    return [name.strip() for name, _, mark in parts if (marked in mark if extra else not mark)]


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # None in sys.modules: made impossible to import
        return False


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_or_are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
