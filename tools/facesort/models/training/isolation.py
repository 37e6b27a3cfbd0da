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
from pathlib import Path
from typing import Any

from facesort.data_yaml import is_trusted
from facesort.errors import ModelError

OFFLINE, ONLINE = "offline", "online"  # Weights & Biases: files beside the run, or sent away


@contextmanager
def isolated() -> Iterator[None]:
    """While this lasts there are no downloads (weights, fonts, data sets) and no loggers, no
    ``download:`` of a data set's YAML is run unless it is one of ours, and the ``.cache`` beside
    labels, a pickle, is made anew instead of being read."""
    from ultralytics.data import dataset
    from ultralytics.data import utils as data
    from ultralytics.engine import trainer, validator
    from ultralytics.utils import callbacks, downloads

    def refuse(url: str, *_: object, **__: object) -> None:
        raise ConnectionError(f"{url}: not on this machine, and nothing is downloaded")

    def check_without_download(file: Any, autodownload: bool = True, split: str = "") -> Any:
        return check_stock(file, autodownload and is_trusted(Path(file)), split)

    def no_cache(path: Path) -> None:
        raise FileNotFoundError(path)  # Ultralytics looks at the pictures and labels instead

    check_stock = data.check_det_dataset
    patches: list[tuple[Any, str, Any]] = [
        (data, "safe_download", refuse),
        (downloads, "safe_download", refuse),
        (trainer, "check_det_dataset", check_without_download),
        (validator, "check_det_dataset", check_without_download),
        (dataset, "load_dataset_cache_file", no_cache),
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
