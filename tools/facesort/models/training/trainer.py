"""Ultralytics' trainer with what it lacks: class weights and a focal term in its loss; it fetches
nothing and reports to no one.

Ultralytics sums binary cross-entropy over cells and classes, ``criterion.bce(scores, targets)``,
each class times ``model.class_weights``, divided by the sum of the targets. Both are used as they
are: the weights are set on the model, and ``bce`` is replaced by the focal form.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.data_yaml import is_trusted
from facesort.errors import ModelError
from facesort.files import replacing
from facesort.models.training.run_card import Recording
from facesort.models.training.start import Transfer

# weights (classes,) from the training boxes of each class (classes,) and the class names
Weigh = Callable[[NDArray[np.int64], Sequence[str]], NDArray[np.float64]]

_SMALLEST = 1e-8  # keeps the gradient of x ** gamma finite at x = 0


def focal_bce(scores: Any, targets: Any, gamma: float) -> Any:
    """Binary cross-entropy of logits times ``|target - probability| ** gamma``, elementwise.

    Quality focal loss, Li et al. 2020 (arXiv:2006.04388), eq. 5: the form of Lin et al. 2017
    (arXiv:1708.02002) for targets between 0 and 1, such as Ultralytics' assigner gives. There is
    no alpha: class weights do that.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    scores, targets = scores.float(), targets.float()  # bfloat16 has 3 digits
    distance = (targets - scores.sigmoid()).abs().clamp_min(_SMALLEST)
    loss = binary_cross_entropy_with_logits(scores, targets, reduction="none")
    return loss * distance**gamma


def make_focal(model: Any, gamma: float) -> None:
    """Let the training loss of ``model`` (a DetectionModel with its args) be focal."""
    if getattr(model, "criterion", None) is None:
        model.criterion = model.init_criterion()
    for loss in detection_losses(model.criterion):
        loss.bce = partial(focal_bce, gamma=gamma)


def detection_losses(criterion: Any) -> Iterator[Any]:
    """The detection losses in a criterion: one, or the two of an end-to-end head (YOLO26)."""
    pair = [getattr(criterion, name, None) for name in ("one2many", "one2one")]
    yield from filter(None, pair) if any(pair) else [criterion]


def weights_of_file(file: Path) -> Weigh:
    """Weights from ``file``: class_weights.json of tools/balance_dataset.py (its cw2), or
    ``{"name of class": weight, ...}``. Classes are matched by name; `ModelError` if one lacks."""
    weights = _read(file)

    def weigh(counts: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float64]:
        if absent := [name for name in names if name not in weights]:
            raise ModelError(f"{file}: no weight for class '{absent[0]}'; it has {list(weights)}")
        return np.array([weights[name] for name in names])

    return weigh


def _read(file: Path) -> dict[str, float]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if "cw2" in content:
            content = dict(zip(content["names"], content["cw2"], strict=True))
        weights = {str(name): float(weight) for name, weight in content.items()}
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); expected cw1, cw2 or a JSON file"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{file}: no class weights; expected class_weights.json of balance_dataset.py, or "
            '{"name of class": weight}'
        ) from error
    if bad := [name for name, weight in weights.items() if not 0 <= weight < float("inf")]:
        raise ModelError(f"{file}: weight of '{bad[0]}' is {weights[bad[0]]}; expected 0 or more")
    return weights


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
