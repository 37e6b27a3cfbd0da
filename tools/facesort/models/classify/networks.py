"""Which classifiers there are, and how much of given weights fits them. Nothing is downloaded.

Ultralytics' own (``yolo11n-cls``, ``yolov8n-cls`` ...) and torchvision trunks with the same head
(``data_configs/models/*-cls.yaml``), so that one trainer, one exporter and one file format do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facesort.errors import ModelError
from facesort.models.checkpoints import load_state_dict
from facesort.models.training.start import OWN_YAMLS, Transfer

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
