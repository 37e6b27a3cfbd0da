"""Training stays on this machine: Ultralytics fetches nothing and reports to nobody, unless asked.

By its own settings Ultralytics would hand a run to every logger installed (MLflow, Comet, ClearML,
its Platform ...). Here only those that are asked for are attached, for this run alone: its settings
file stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from facesort.errors import ModelError

OFFLINE, ONLINE = "offline", "online"  # Weights & Biases: files beside the run, or sent away


@contextmanager
def isolated() -> Iterator[None]:
    """While this lasts there are no downloads (weights, fonts, data sets) and no loggers."""
    from ultralytics.data import utils as data
    from ultralytics.utils import callbacks, downloads

    def refuse(url: str, *_: object, **__: object) -> None:
        raise ConnectionError(f"{url}: not on this machine, and nothing is downloaded")

    patches: list[tuple[Any, str, Any]] = [
        (data, "safe_download", refuse),
        (downloads, "safe_download", refuse),
        (callbacks, "add_integration_callbacks", lambda instance: None),
    ]
    stock = [getattr(module, name) for module, name, _ in patches]
    for module, name, ours in patches:
        setattr(module, name, ours)
    try:
        yield
    finally:
        for (module, name, _), function in zip(patches, stock, strict=True):
            setattr(module, name, function)


def attach_logs(model: Any, wandb: str | None, tensorboard: bool) -> None:
    """Let ``model`` (an Ultralytics YOLO) log its training to Weights & Biases (`OFFLINE`,
    `ONLINE` or None) and TensorBoard. Raises `ModelError` if the package is not installed."""
    if wandb:
        os.environ["WANDB_MODE"] = wandb
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        _attach(model, "wb", "wandb")
    if tensorboard:
        _attach(model, "tensorboard", "tensorboard")


def _attach(model: Any, module: str, package: str) -> None:
    callbacks = import_module(f"ultralytics.utils.callbacks.{module}").callbacks
    if not callbacks:
        raise ModelError(f"--{package}: {package} is not installed; pip install {package}")
    for event, callback in callbacks.items():
        model.add_callback(event, callback)
