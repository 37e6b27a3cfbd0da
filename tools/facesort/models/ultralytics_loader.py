"""Import Ultralytics so that it stays on this machine and says no more than it is asked.

Installs and events are switched off in `facesort`; the telemetry setting itself is written here.
https://docs.ultralytics.com/quickstart/#ultralytics-settings
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort import packages
from facesort.errors import ModelError
from facesort.models.backends import Request
from facesort.models.checkpoints import harden, read_safely, why_unread
from facesort.models.detect import (
    DEFAULT_CONF,
    DEFAULT_IMGSZ,
    DEFAULT_SURE,
    Metadata,
    YoloDetector,
    names_of,
)


def import_ultralytics(verbose: bool = False) -> ModuleType:
    """Return the ``ultralytics`` package with sync switched off; ``verbose`` lets it log."""
    os.environ.setdefault("YOLO_VERBOSE", str(verbose).lower())
    import ultralytics

    if ultralytics.settings["sync"]:
        ultralytics.settings.update({"sync": False})
    harden(ultralytics)
    return ultralytics


def load_yolo(weights: Path, task: str, verbose: bool = False) -> Any:
    """Load a checkpoint; raises `ModelError` if it is missing, no checkpoint, or another task."""
    model = read_yolo(weights, verbose)
    if model.task != task:
        raise ModelError(f"{weights}: its task is '{model.task}'; expected '{task}'")
    return model


def read_yolo(weights: Path, verbose: bool = False) -> Any:
    """Load a checkpoint of any task, as data (see `checkpoints`); raises `ModelError`.

    Ultralytics downloads what it does not find, so a missing file never reaches it.
    """
    if weights.suffix != ".pt" or not weights.is_file():
        raise ModelError(f"{weights}: no such checkpoint; expected an existing .pt file")
    ultralytics = import_ultralytics(verbose)
    try:
        with read_safely(weights):
            return ultralytics.YOLO(str(weights))
    except ModelError:
        raise
    except Exception as error:  # whatever a damaged file leads torch and Ultralytics into
        raise ModelError(f"{weights}: not a YOLO checkpoint ({why_unread(error)})") from error


def load_detector(weights: Path, request: Request) -> YoloDetector:
    """The detector of a checkpoint, run by torch; it does not say for what sizes it was trained."""
    packages.require("torch", "ultralytics", what=f"{weights.name}, a PyTorch file,")
    model = load_yolo(weights, task="detect")
    import torch

    network = model.model.float().eval()
    if request.fused:
        network.fuse(verbose=False)
    one_at_a_time = Lock()  # the network keeps its anchors of the last input size in itself

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_at_a_time, torch.inference_mode():
            output = network(torch.from_numpy(pixels))
        raw: NDArray[np.float32] = (output[0] if isinstance(output, tuple) else output)[0].numpy()
        return raw

    end2end = bool(getattr(network.model[-1], "end2end", False))
    metadata = Metadata(names_of(model.names), DEFAULT_IMGSZ, DEFAULT_CONF, DEFAULT_SURE, end2end)
    return metadata.detector(forward, weights.read_bytes(), request, False, weights)
