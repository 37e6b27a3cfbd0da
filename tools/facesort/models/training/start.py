"""What a training starts from: Ultralytics' arguments as ``key=value``, and how much of a
checkpoint fits. No downloads; what is wrong is refused before anything is loaded.

Ultralytics' own checks are used as far as they go; some nonsense it takes in silence
(``freeze=abc`` freezes nothing, ``imgsz=-5`` becomes 32).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facesort.errors import ModelError, UsageError, first_line
from facesort.paths import ASSETS


def read_pairs(words: Iterable[str]) -> dict[str, str]:
    """``epochs=20``, ``--epochs=20`` and ``--epochs 20``, all as ``{"epochs": "20"}``."""
    pairs: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        key, sep, value = word.removeprefix("--").partition("=")
        if not sep and word.startswith("--"):
            value = next(rest, "")
        key = key.replace("-", "_")
        if not key.isidentifier() or not value or value.startswith("--"):
            raise UsageError(f"{word}: expected key=value, such as epochs=20; see --help")
        pairs[key] = value
    return pairs


def parse_overrides(pairs: Mapping[str, str]) -> dict[str, Any]:
    """``{"lr0": "0.01"}`` as Ultralytics wants it: values read as YAML. Raises `UsageError`."""
    overrides = {key: _value(key, text) for key, text in pairs.items()}
    for key, value in overrides.items():
        if expected := _expected(key, value):
            raise UsageError(f"{key}={pairs[key]}: {expected}")
    _check_with_ultralytics(overrides)
    return overrides


def _value(key: str, text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{key}={text}: expected a value as YAML writes it") from error


def _expected(key: str, value: Any) -> str:
    """What is expected instead of ``value``; empty where it will do."""
    match key:
        case "mode" | "task":
            return "this script trains detectors; leave it out"
        case "epochs" if _is_number(value) and value < 1:
            return "expected 1 or more"
        case "imgsz" if not (isinstance(value, int) and value >= 32):
            return "expected 32 pixels or more, in steps of 32"
        case "batch" if _is_number(value) and value != -1 and value <= 0:
            return "expected images a step; -1 or a share of its memory on a GPU"
        case "freeze" if not _are_layers(value):
            return "expected a number of layers, or a list of their numbers such as [0,1]"
        case "device" if "," in str(value).strip(","):
            return "expected one device; `yolo detect train` trains on several"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_layers(value: Any) -> bool:
    layers = value if isinstance(value, list) else [value]
    return value is None or all(type(layer) is int and layer >= 0 for layer in layers)


def _check_with_ultralytics(overrides: Mapping[str, Any]) -> None:
    from facesort.models.ultralytics_loader import import_ultralytics

    import_ultralytics(verbose=True)
    from ultralytics.cfg import get_cfg
    from ultralytics.utils import LOGGER

    was_disabled, LOGGER.disabled = LOGGER.disabled, True  # it prints a page of help
    try:
        get_cfg(overrides=dict(overrides))
    except (SyntaxError, TypeError, ValueError) as error:
        raise UsageError(str(error).strip().splitlines()[0]) from error
    finally:
        LOGGER.disabled = was_disabled


@dataclass(frozen=True)
class Transfer:
    """Tensors and parameters taken over whole, of those the network has."""

    tensors: int
    of_tensors: int
    parameters: int
    of_parameters: int

    @classmethod
    def between(cls, source: Any, target: Any) -> Transfer:
        """What fits of ``source`` in ``target``, torch modules; batch statistics not counted."""
        given = {name: tensor.shape for name, tensor in source.named_parameters()}
        wanted = list(target.named_parameters())
        fits = [tensor.numel() for name, tensor in wanted if given.get(name) == tensor.shape]
        return cls(len(fits), len(wanted), sum(fits), sum(t.numel() for _, t in wanted))

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __str__(self) -> str:
        rest = "" if self.parameters == self.of_parameters else "; the rest starts from scratch"
        return (
            f"transferred {self.tensors:,} of {self.of_tensors:,} tensors, {self.parameters:,} of "
            f"{self.of_parameters:,} parameters{rest}"
        )


OWN_YAMLS = ASSETS / "data_configs" / "models"
_SUFFIXES = (".yaml", ".yml")
_NAME = re.compile(r"(?:yolo)?(v?\d+)([a-z])u?(-p\d)?")  # the YAMLs without u have its head too


def find_start(text: str) -> str:
    """``text`` as Ultralytics' YOLO() takes it, known to be on this machine.

    Raises `ModelError` that names what to pass instead.
    """
    file = Path(text).expanduser()
    if file.suffix == ".pt":
        return str(find_checkpoint(text))
    if file.suffix in _SUFFIXES and file.is_file():
        return str(file)
    if network := _find_network(text.removesuffix(".yaml")):
        return network
    raise ModelError(
        f"{text}: no such model; expected a .pt or .yaml file, or a name such as yolov5n, "
        "yolov7-tiny, yolov8n, yolo11n, yolo26s to start from scratch"
    )


def find_checkpoint(text: str) -> Path:
    """The checkpoint ``text``; `ModelError` where it is not on this machine."""
    file = Path(text).expanduser()
    if file.suffix == ".pt" and file.is_file():
        return file
    scratch = f", or {file.stem} to start from scratch" if _find_network(file.stem) else ""
    raise ModelError(
        f"{text}: no such checkpoint, and nothing is downloaded; pass a .pt file that is here"
        f"{scratch}"
    )


def load_start(start: str) -> Any:
    """Ultralytics' YOLO of what `find_start` returned; `ModelError` if that cannot be used."""
    from facesort.models.checkpoints import read_safely
    from facesort.models.ultralytics_loader import import_ultralytics, load_yolo

    if start.endswith(".pt"):
        return load_yolo(Path(start), task="detect", verbose=True)
    ultralytics = import_ultralytics(verbose=True)
    try:
        with read_safely(Path(start)):
            return ultralytics.YOLO(start, task="detect")
    except ModelError:
        raise
    except Exception as error:  # a YAML may name anything, and anything may go wrong in it
        raise ModelError(f"{start}: not a network's YAML ({first_line(error)[:120]})") from error


def is_resumable(checkpoint: Path) -> bool:
    """Whether the training that wrote ``checkpoint`` was stopped on the way.

    From any other, Ultralytics would begin a new run, or break.
    """
    try:
        content = load_start(str(checkpoint)).ckpt or {}
    except ModelError:
        return False
    return content.get("epoch", -1) >= 0 and content.get("optimizer") is not None


def _find_network(name: str) -> str:
    """The YAML of the detector ``name``, ours or Ultralytics'; empty where there is none.

    One YAML of Ultralytics holds all sizes of a network: ``yolov8n.yaml`` is read from
    ``yolov8.yaml``.
    """
    own = {file.stem: str(file) for file in OWN_YAMLS.glob("*.yaml")}
    if found := own.get(name) or own.get(f"yolo{name}"):
        return found
    if not (match := _NAME.fullmatch(name)):
        return ""
    from facesort.models.ultralytics_loader import import_ultralytics

    models = Path(str(import_ultralytics().__file__)).parent / "cfg" / "models"
    version, size, p_level = match.group(1), match.group(2), match.group(3) or ""
    files = {file.stem for file in models.rglob("*.yaml")}
    sized, family = f"yolo{version}{size}{p_level}", f"yolo{version}{p_level}"
    return f"{sized}.yaml" if sized in files or (family in files and size in "nsmlx") else ""
