"""Train a classifier of face crops with Ultralytics' own trainer: which there are, and how much of
given weights fits them. Nothing is downloaded.

Ultralytics' own (``yolo11n-cls``, ``yolov8n-cls`` ...) and torchvision trunks with the same head
(``data_configs/models/*-cls.yaml``), so that one trainer, one exporter and one file format do.

What it lacks is added: class indices in our order (its own is alphabetical, and our index is the
two bits), weights of a detector, and a run card.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from facesort.errors import ModelError, first_line
from facesort.models.checkpoints import allow_trunks, load_state_dict
from facesort.models.training.run_card import (
    FINISHED,
    git_commit,
    hash_file,
    machine,
    now,
    versions,
    write_card,
)
from facesort.models.training.start import OWN_YAMLS, Transfer
from facesort.models.training.train import WRONG, bf16_on_cpu
from facesort.models.training.trainer import isolated

_YOLO = re.compile(r"(yolov?\d+)([nsmlx])-cls")
_WEIGHTS = (".pt", ".pth")

State = dict[str, Any]  # tensors by name


def find_network(name: str) -> str:
    """The YAML of the classifier ``name``, as Ultralytics takes it; `ModelError` if unknown."""
    own = OWN_YAMLS / f"{name.removesuffix('-cls')}-cls.yaml"
    if own.is_file():
        return str(own)
    if (match := _YOLO.fullmatch(name)) and _in_ultralytics(f"{match.group(1)}-cls.yaml"):
        return f"{name}.yaml"
    ours = ", ".join(sorted(f.stem.removesuffix("-cls") for f in OWN_YAMLS.glob("*-cls.yaml")))
    raise ModelError(f"{name}: no such classifier; expected yolo11n-cls, yolov8n-cls, {ours}")


def check_weights(weights: Path) -> None:
    """Raise `ModelError` unless ``weights`` is a file that may hold some: ask before long work."""
    if weights.suffix not in _WEIGHTS or not weights.is_file():
        raise ModelError(
            f"{weights}: no such weights; expected an existing .pt or .pth file, or --scratch"
        )


def is_torchvision(network: Any) -> bool:
    """Whether ``network`` (Ultralytics' ClassificationModel) has a trunk of torchvision."""
    return type(network.model[0]).__name__ == "TorchVision"


def transfer(weights: Path, network: Any) -> Transfer:
    """Copy into ``network`` what fits of ``weights``, and return how much that was.

    A YOLO classifier takes an Ultralytics checkpoint, be it a detector's: the backbones are the
    same but for the layers that a classifier leaves out. A torchvision trunk takes torchvision's
    own state dict. Raises `ModelError` where nothing fits.
    """
    read = _state_dict if is_torchvision(network) else _checkpoint
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    given = read(weights, network)
    fits = {k: t for k, t in given.items() if getattr(t, "shape", ()) == shapes.get(k)}
    parameters = dict(network.named_parameters())
    taken = [parameters[name].numel() for name in fits if name in parameters]
    if not taken:
        raise ModelError(f"{weights}: nothing in it fits this network; pass weights of its family")
    network.load_state_dict(fits, strict=False)
    every = sum(tensor.numel() for tensor in parameters.values())
    return Transfer(len(taken), len(parameters), sum(taken), every)


def pair_layers(source: Any, target: Any) -> Iterator[tuple[int, int]]:
    """(layer of ``source``, layer of ``target``) that stand at one place and have one shape.

    Layers of a kind that ``target`` lacks are passed over: yolo11n as a detector has an SPPF before
    its last attention layer, as a classifier not, and by number the two would be paired.
    """
    kinds = {type(layer) for layer in target}
    places = (i for i, layer in enumerate(source) if type(layer) in kinds)
    for i, j in zip(places, range(len(target)), strict=False):
        if _shapes(source[i]) == _shapes(target[j]):
            yield i, j


def _shapes(layer: Any) -> tuple[object, ...]:
    return type(layer).__name__, *(tuple(t.shape) for t in layer.state_dict().values())


def _checkpoint(weights: Path, network: Any) -> State:
    source = _load(weights).model.float().model
    named: State = {}
    for i, j in pair_layers(source, network.model):
        named |= {f"model.{j}.{name}": t for name, t in source[i].state_dict().items()}
    return named


def _load(weights: Path) -> Any:
    from facesort.models.ultralytics_loader import read_yolo

    model = read_yolo(weights)
    if model.task not in ("detect", "classify"):
        raise ModelError(f"{weights}: its task is '{model.task}'; expected 'detect' or 'classify'")
    return model


def _state_dict(weights: Path, network: Any) -> State:
    """torchvision's names as those of the unwrapped trunk: both list its tensors in one order."""
    import torchvision

    check_weights(weights)
    given = load_state_dict(weights)
    name = str(network.yaml["backbone"][0][3][1])
    theirs = torchvision.models.get_model(name, weights=None).state_dict()
    ours = network.model[0].state_dict()
    pairs = zip(theirs, ours, strict=False)  # theirs goes on with the classifier
    return {f"model.0.{own}": given[their] for their, own in pairs if their in given}


def _in_ultralytics(file: str) -> bool:
    from facesort.models.ultralytics_loader import import_ultralytics

    models = Path(str(import_ultralytics().__file__)).parent / "cfg" / "models"
    return any(models.rglob(file))


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
