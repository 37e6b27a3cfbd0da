"""What a training starts from, and how much of a checkpoint fits. No downloads."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facesort.errors import ModelError, first_line
from facesort.paths import ASSETS


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
