"""Train a YOLO detector through Ultralytics, with what `yolo detect train` lacks.

Class weights and a focal term in the loss, a line on how much of given weights fitted, a run card,
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

from facesort.data_yaml import check_data_yaml
from facesort.errors import ModelError, first_line
from facesort.models.training.run_card import Recording, read_card
from facesort.models.training.start import find_checkpoint, find_start, is_resumable, load_start
from facesort.models.training.trainer import Weigh, attach_logs, isolated, make_trainer
from facesort.models.ultralytics_loader import read_yolo

# what Ultralytics raises for wrong arguments and data; the first line says which
WRONG = (SyntaxError, TypeError, ValueError, FileNotFoundError, RuntimeError, AssertionError)


@dataclass(frozen=True)
class Extras:
    """What Ultralytics' own arguments do not hold.

    ``weigh`` gives the class weights, ``focal`` the exponent of the focal loss. ``wandb`` is
    "offline", "online", or None for no log there. ``command`` goes into the run card. ``say`` takes
    lines.
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
        read_yolo(Path(overrides["pretrained"]))  # may Ultralytics read it, later?
    if overrides.get("resume"):
        began_with = _check_resumable(Path(start))
        data = data or began_with
        # where the run lies, whatever the checkpoint says of it
        overrides["save_dir"] = str(Path(start).parent.parent)
        extras = _extras_of_card(Path(start).parent.parent, extras)
    if data is None or not data.is_file():
        raise ModelError(f"{data}: no such file; expected a data set YAML")
    check_data_yaml(data)
    overrides["data"] = str(data)
    yolo = load_start(start)
    attach_logs(yolo, extras.wandb, extras.tensorboard)
    recording = Recording(extras.command, extras.bf16_cpu, extras.focal, extras.say)
    recording.attach(yolo)
    with ExitStack() as stack:
        stack.enter_context(isolated())
        if extras.bf16_cpu:
            stack.enter_context(bf16_on_cpu(yolo))
        trainer = make_trainer(extras.weigh, extras.focal, recording)
        _run(lambda: yolo.train(trainer=trainer, **overrides), recording)
    metrics = {key: float(value) for key, value in yolo.trainer.metrics.items()}
    return Trained(Path(yolo.trainer.save_dir), Path(yolo.trainer.best), metrics)


def _run(training: Callable[[], object], recording: Recording) -> None:
    """Run ``training``; what breaks it goes into the run card, and becomes one line."""
    try:
        training()
    except WRONG as error:
        reason = first_line(error)
        recording.failed(reason)
        raise ModelError(f"training stopped: {reason}") from error
    except Exception as error:
        recording.failed(str(error) or type(error).__name__)
        raise


def _check_resumable(last: Path) -> Path:
    """The data set YAML that the stopped run of ``last`` began with."""
    if last.parent.name != "weights" or not is_resumable(last):
        raise ModelError(
            f"{last}: nothing to resume; pass the weights/last.pt (or best.pt) of a run that was "
            "stopped, or leave resume out"
        )
    if (best := last.with_name("best.pt")).is_file():
        read_yolo(best)  # Ultralytics opens it again where the rest brings nothing better
    return Path(str(read_yolo(last).ckpt["train_args"].get("data")))


def _extras_of_card(folder: Path, given: Extras) -> Extras:
    """The extras a stopped run began with, from its card; logs and lines as given now."""
    old = read_card(folder).get("extras", {})
    weights = old.get("class_weights")
    return replace(
        given,
        bf16_cpu=given.bf16_cpu or bool(old.get("bf16_cpu")),
        focal=old.get("focal", given.focal),
        weigh=(lambda _, names: np.array([weights[n] for n in names])) if weights else given.weigh,
    )


@contextmanager
def bf16_on_cpu(model: Any) -> Iterator[None]:
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
