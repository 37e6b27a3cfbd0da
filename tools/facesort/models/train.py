"""Train a YOLO detector through Ultralytics, with what `yolo detect train` lacks.

Class weights and a focal term in the loss, a word on how much of given weights fitted, a run card,
and bfloat16 on CPUs (Ultralytics allows it only on CUDA) with memory laid out by channel: together
1.9 times the images a second on two cores with AVX512-BF16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import ModelError, UsageError
from facesort.models.losses import Weigh, make_focal
from facesort.models.recording import Recording
from facesort.models.run_card import Card, read_card
from facesort.models.start import find_checkpoint, find_start, load_start, no_downloads
from facesort.models.transfer import Transfer

LOGS = ("offline", "online")  # Weights & Biases: files beside the run, or sent to its maker
_WRONG = (SyntaxError, TypeError, ValueError, FileNotFoundError, RuntimeError, AssertionError)


@dataclass(frozen=True)
class Extras:
    """What Ultralytics' own arguments do not hold.

    ``weigh`` gives the class weights, ``focal`` the exponent of the focal loss. ``wandb`` is one of
    `LOGS`, or None for no log there. ``command`` goes into the run card. ``say`` takes lines.
    """

    bf16_cpu: bool = False
    weigh: Weigh | None = None
    focal: float | None = None
    wandb: str | None = None
    tensorboard: bool = False
    command: str = ""
    say: Callable[[str], object] = lambda line: None


@dataclass(frozen=True)
class Trained:
    """A finished run: its folder, best checkpoint, and that checkpoint's figures on val."""

    folder: Path
    best: Path
    metrics: Mapping[str, float]


def train(model: str, data: Path | None, extras: Extras | None = None, **overrides: Any) -> Trained:
    """Train ``model`` (a checkpoint, a YAML, or a name: see `find_start`) on ``data``.

    ``overrides`` are Ultralytics' own training arguments (epochs, imgsz, batch ...). With
    ``resume`` True, ``model`` is the last.pt of a run that was stopped; its data and extras hold.
    Raises `ModelError` where something is missing or Ultralytics refuses.
    """
    extras = extras or Extras()
    start = find_start(model)
    if isinstance(overrides.get("pretrained"), str):
        overrides["pretrained"] = str(find_checkpoint(overrides["pretrained"]))
    yolo = load_start(start)
    if overrides.get("resume"):
        _check_resumable(yolo, start)
        extras = _extras_of_card(Path(start), extras)
    elif data is None or not data.is_file():
        raise ModelError(f"{data}: no such file; expected a data set YAML")
    if data is not None:
        overrides["data"] = str(data)
    transferred: list[Card] = []
    recorded: Card = {"bf16_cpu": extras.bf16_cpu, "focal": extras.focal, "class_weights": None}
    recording = Recording(extras.command, recorded, transferred)
    if extras.focal:
        yolo.add_callback("on_train_start", _focal_callback(extras.focal))
    recording.attach(yolo)
    _log(yolo, extras)
    try:
        with ExitStack() as stack:
            stack.enter_context(no_downloads())
            if extras.bf16_cpu:
                stack.enter_context(_bf16_on_cpu(yolo))
            yolo.train(trainer=_trainer(extras, transferred, recorded), **overrides)
    except _WRONG as error:
        # what Ultralytics raises for wrong arguments and data; the first line says which
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        recording.failed(reason)
        raise ModelError(f"training stopped: {reason}") from error
    except BaseException as error:
        recording.failed(type(error).__name__)
        raise
    trainer = yolo.trainer
    metrics = {key: float(value) for key, value in trainer.metrics.items()}
    return Trained(Path(trainer.save_dir), Path(trainer.best), metrics)


def _trainer(extras: Extras, transferred: list[Card], recorded: Card) -> type:
    """Ultralytics' detection trainer, which says what fitted and weighs the classes as asked."""
    import torch
    from ultralytics.models.yolo.detect import DetectionTrainer

    class Trainer(DetectionTrainer):
        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            model = super().get_model(cfg, weights, verbose)
            if weights is not None and not self.resume:
                transfer = Transfer.between(weights, model)
                transferred.append(transfer.as_dict())
                extras.say(str(transfer))
            return model

        def set_class_weights(self) -> None:
            if extras.weigh is None:
                super().set_class_weights()
                return
            names = list(self.data["names"].values())
            weights = extras.weigh(self.get_class_counts().astype(np.int64), names)
            self.model.class_weights = torch.tensor(
                weights, dtype=torch.float32, device=self.device
            )
            recorded["class_weights"] = dict(zip(names, weights.tolist(), strict=True))
            shown = ", ".join(f"{n} {w:.3f}" for n, w in recorded["class_weights"].items())
            extras.say(f"class weights: {shown}")

    return Trainer


def _focal_callback(gamma: float) -> Callable[[Any], None]:
    def focal(trainer: Any) -> None:
        make_focal(trainer.model, gamma)
        make_focal(trainer.ema.ema, gamma)  # of which the loss on val is told

    return focal


def _check_resumable(yolo: Any, start: str) -> None:
    """Ultralytics would begin a new run instead."""
    checkpoint = yolo.ckpt or {}
    if checkpoint.get("epoch", -1) < 0 or checkpoint.get("optimizer") is None:
        raise ModelError(
            f"{start}: nothing to resume, that training is finished; pass the weights/last.pt of "
            "a run that was stopped, or leave resume out"
        )


def _extras_of_card(last: Path, given: Extras) -> Extras:
    """The extras a stopped run began with, from its card; logs and lines as given now."""
    old = read_card(last.parent.parent).get("extras", {})
    weights = old.get("class_weights")
    return replace(
        given,
        bf16_cpu=given.bf16_cpu or bool(old.get("bf16_cpu")),
        focal=old.get("focal", given.focal),
        weigh=(lambda _, names: np.array([weights[n] for n in names])) if weights else given.weigh,
    )


def _log(yolo: Any, extras: Extras) -> None:
    """Ultralytics' own logs, for this run only: its settings file stays as it is."""
    import importlib
    import os

    if extras.wandb:
        os.environ["WANDB_MODE"] = extras.wandb
    wanted = {"wb": bool(extras.wandb), "tensorboard": extras.tensorboard}
    for name in (name for name, is_wanted in wanted.items() if is_wanted):
        callbacks = importlib.import_module(f"ultralytics.utils.callbacks.{name}").callbacks
        if not callbacks:
            package = {"wb": "wandb"}.get(name, name)
            raise ModelError(f"--{package}: is not installed; pip install {package}")
        for event, callback in callbacks.items():
            yolo.add_callback(event, callback)


@contextmanager
def _bf16_on_cpu(model: Any) -> Iterator[None]:
    """While this lasts, the forward pass and the loss run in bfloat16, weights stay float32."""
    import torch
    import ultralytics.engine.trainer

    trainer: Any = ultralytics.engine.trainer

    def channels_last(self: Any) -> None:
        self.model.to(memory_format=torch.channels_last)

    model.add_callback("on_train_start", channels_last)
    stock = trainer.autocast
    trainer.autocast = lambda enabled, device: torch.amp.autocast(device, dtype=torch.bfloat16)
    try:
        yield
    finally:
        trainer.autocast = stock


def parse_overrides(pairs: Mapping[str, str]) -> dict[str, Any]:
    """``{"lr0": "0.01"}`` as Ultralytics wants it: values read as YAML."""
    import yaml

    try:
        return {key: yaml.safe_load(value) for key, value in pairs.items()}
    except yaml.YAMLError as error:
        raise UsageError(f"{' '.join(map('='.join, pairs.items()))}: {error}") from None
