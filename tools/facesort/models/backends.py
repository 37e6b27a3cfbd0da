"""The programs that run a face detector: which files each takes, and who loads them.

A new one is one module and one line here; scripts take the names from it. Modules are imported
when they are used, so that a script's ``--help`` can list the names.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.errors import ModelError

if TYPE_CHECKING:
    from facesort.models.detect import YoloDetector

_PACKAGE = "facesort.models"


@dataclass(frozen=True)
class Backend:
    """``loads`` is ``module.function`` of (Path, `Request`) -> YoloDetector. Its own files have
    ``suffix``; or they lie in a folder, which has a file ``marker``. It runs those with a suffix of
    ``also``, too, when it is asked for by name."""

    name: str
    loads: str
    suffix: str = ""
    marker: str = ""
    also: tuple[str, ...] = ()

    def owns(self, weights: Path) -> bool:
        if self.marker and weights.is_dir():
            return any(weights.glob(self.marker))
        return bool(self.suffix) and weights.suffix == self.suffix and not weights.is_dir()

    def runs(self, weights: Path) -> bool:
        return self.owns(weights) or (weights.suffix in self.also and not weights.is_dir())

    def load(self, weights: Path, request: Request) -> YoloDetector:
        module, _, function = self.loads.rpartition(".")
        load = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), function)
        detector: YoloDetector = load(weights, request)
        return detector


@dataclass(frozen=True)
class Request:
    """What a detector is to be: ``conf`` and ``imgsz`` are what the model says of itself where they
    are not given. ``threads`` is per call, 0 for all cores; ``fused``, as when it is exported."""

    conf: float | None = None
    imgsz: int | None = None
    threads: int = 1
    fused: bool = False


TORCH, ORT, OPENVINO, NCNN = "torch", "onnxruntime", "openvino", "ncnn"
_ALL = (
    Backend(TORCH, "ultralytics_loader.load_detector", suffix=".pt"),
    Backend(ORT, "runtime.load_detector", suffix=".onnx"),
    Backend(OPENVINO, "openvino.load_detector", suffix=".xml", marker="*.xml", also=(".onnx",)),
    Backend(NCNN, "ncnn.load_detector", marker="*.ncnn.param"),
)
BACKENDS = {one.name: one for one in _ALL}
EXPECTED = ", ".join(one.suffix or f"or a folder with {one.marker}" for one in _ALL)


def backend_of(weights: Path) -> Backend:
    """The program whose file or folder ``weights`` is. Raises `ModelError` where it is none's."""
    if not weights.exists():
        raise ModelError(f"{weights}: no such model; train one, or pass --weights FILE")
    found = next((one for one in _ALL if one.owns(weights)), None)
    if found is None:
        what = "a folder without a model" if weights.is_dir() else f"'{weights.suffix}' is no model"
        raise ModelError(f"{weights}: {what}; expected {EXPECTED}")
    return found
