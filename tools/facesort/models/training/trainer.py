"""Ultralytics' trainer with what it lacks; it fetches nothing and reports to no one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from facesort.data_yaml import is_trusted
from facesort.errors import ModelError
from facesort.files import replacing
from facesort.models.training.losses import Weigh, make_focal
from facesort.models.training.run_card import Recording
from facesort.models.training.start import Transfer

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
        raise FileNotFoundError(path)  # Ultralytics looks at the images and labels instead

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


def make_trainer(weigh: Weigh | None, focal: float | None, recording: Recording) -> type:
    """A class for ``YOLO.train(trainer=...)`` that weighs the classes in the loss, makes it focal,
    says how much of given weights fitted, and never leaves half a checkpoint behind a kill."""
    import torch
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.utils.torch_utils import unwrap_model

    def focus(trainer: Any) -> None:
        for model in (trainer.model, trainer.ema.ema):  # the second is judged on val
            make_focal(unwrap_model(model), focal or 0.0)

    class Trainer(DetectionTrainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            if focal:
                self.add_callback("on_train_start", focus)

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            model = super().get_model(cfg, weights, verbose)
            if weights is not None and not self.resume:
                recording.transferred(Transfer.between(weights, model))
            return model

        def set_class_weights(self) -> None:
            if weigh is None:
                super().set_class_weights()
                return
            names = list(self.data["names"].values())
            weights = weigh(self.get_class_counts().astype(np.int64), names)
            model: Any = self.model
            on_device = torch.tensor(weights, dtype=torch.float32, device=self.device)
            unwrap_model(model).class_weights = on_device
            recording.weighed(dict(zip(names, weights.tolist(), strict=True)))

        def save_model(self) -> Any:
            whole = self.last, self.best
            with replacing(self.last) as last, replacing(self.best) as best:
                self.last, self.best = last, best
                try:
                    return super().save_model()
                finally:
                    self.last, self.best = whole

    return Trainer
