"""Train a classifier of face crops with Ultralytics' own trainer.

What it lacks is added: class indices in our order (its own is alphabetical, and our index is the
two bits), weights of a detector, and a run card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from facesort.errors import ModelError, first_line
from facesort.models.checkpoints import allow_trunks
from facesort.models.classify.networks import find_network, transfer
from facesort.models.training.run_card import (
    FINISHED,
    git_commit,
    hash_file,
    machine,
    now,
    versions,
    write_card,
)
from facesort.models.training.train import WRONG, bf16_on_cpu
from facesort.models.training.trainer import isolated

# What hides the mouth or the eyes changes the class: nothing is erased, little is cut off.
# RandAugment, Ultralytics' default, is off as well: whether it helps here was not measured.
DEFAULTS = MappingProxyType(
    {
        "epochs": 20,
        "batch": 32,
        "optimizer": "AdamW",
        "lr0": 0.001,
        "cos_lr": True,
        "warmup_epochs": 1.0,
        "scale": 0.25,
        "erasing": 0.0,
        "auto_augment": None,
        "plots": False,
        "cache": "ram",
    }
)
# torchvision gives MobileNetV3 0.01, for ImageNet. After our few hundred steps the running
# variances are still too near their start: judged by them every crop is a face (356 steps).
_BATCH_NORM_MOMENTUM = 0.1


@dataclass(frozen=True)
class Recipe:
    """What to train: the network's name, weights to begin with (None: from scratch), the classes in
    order, Ultralytics' own arguments, whether to compute in bfloat16 on a CPU, and the command for
    the run card."""

    network: str
    weights: Path | None
    names: Sequence[str]
    overrides: dict[str, Any]
    bf16_cpu: bool = False
    command: str = ""


def fit(recipe: Recipe, data: Path, folder: Path, say: Callable[[str], object]) -> Path:
    """Train on ``data``/train, choose by ``data``/val, and return the best checkpoint.

    ``folder`` is where the run lies. Raises `ModelError` where Ultralytics refuses.
    """
    network, started = find_network(recipe.network), now()
    folder = folder.resolve()  # Ultralytics has its own folder for what is relative
    trainer_class, extra = _trainer(recipe, say)
    arguments = {**DEFAULTS, **recipe.overrides, "model": network, "data": str(data)}
    arguments |= {"project": str(folder.parent), "name": folder.name, "exist_ok": True}
    allow_trunks()  # Ultralytics reads its best checkpoint again in the end
    with isolated(), ExitStack() as stack:
        try:
            trainer = trainer_class(overrides=arguments)
            if recipe.bf16_cpu:
                stack.enter_context(bf16_on_cpu(trainer))
            trainer.train()
        except WRONG as error:
            raise ModelError(f"training stopped: {first_line(error)}") from error
    best = Path(trainer.best)
    card = {
        "status": FINISHED,
        "command": recipe.command,
        "started": started,
        "ended": now(),
        "seed": trainer.args.seed,
        "extras": {"bf16_cpu": recipe.bf16_cpu},
        "start": {"model": recipe.network, "weights": str(recipe.weights), **extra},
        "data": {"folder": str(data), "crops": len(trainer.train_loader.dataset)},
        "arguments": vars(trainer.args),
        "versions": versions(),
        "git": git_commit(),
        "machine": machine(),
        "results": {"best_sha256": hash_file(best), "metrics": dict(trainer.metrics or {})},
    }
    write_card(folder, card)
    return best


def _trainer(recipe: Recipe, say: Callable[[str], object]) -> tuple[Any, dict[str, Any]]:
    """The trainer's class, and what it will report of the transfer."""
    from facesort.models.ultralytics_loader import import_ultralytics

    import_ultralytics(verbose=True)
    from torch.nn import BatchNorm2d
    from ultralytics.models.yolo.classify import ClassificationTrainer

    extra: dict[str, Any] = {"transferred": None}

    class Trainer(ClassificationTrainer):
        def get_dataset(self) -> Any:
            names = dict(enumerate(recipe.names))
            return {**super().get_dataset(), "names": names, "nc": len(names)}

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            model = super().get_model(cfg, None, verbose)
            for layer in model.modules():
                if isinstance(layer, BatchNorm2d):
                    layer.momentum = max(layer.momentum or 0.0, _BATCH_NORM_MOMENTUM)
            if recipe.weights is None:
                say(f"{recipe.network}: from scratch")
            else:
                taken = transfer(recipe.weights, model)
                extra["transferred"] = taken.as_dict()
                say(f"{recipe.network}: {taken} ({recipe.weights.name})")
            return model

    return Trainer, extra
