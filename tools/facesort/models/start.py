"""What a training starts from: a checkpoint, a network's YAML, or a network's name. No downloads.

A name (yolov8n, yolo11s, yolov5nu, yolov7-tiny) means from scratch: a YAML of ours in
``data_configs/models`` or one inside the Ultralytics package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facesort.errors import ModelError

OWN_YAMLS = Path(__file__).resolve().parents[3] / "data_configs" / "models"
_SUFFIXES = (".yaml", ".yml")


def find_start(text: str) -> str:
    """``text`` as Ultralytics' YOLO() takes it, known to be on this machine.

    Raises `ModelError` that names what to pass instead.
    """
    given = Path(text).expanduser()
    if given.suffix == ".pt":
        return str(find_checkpoint(text, f"or {given.stem} to start from scratch"))
    if given.suffix in _SUFFIXES and given.is_file():
        return str(given)
    name = given.stem if given.suffix in _SUFFIXES else given.name
    own = OWN_YAMLS / f"{name}.yaml"
    if given.name != str(given) or not (own.is_file() or _in_package(name)):
        raise ModelError(
            f"{text}: no such model; expected a .pt or .yaml file, or a name such as yolov5n, "
            "yolov7-tiny, yolov8n, yolo11n, yolo26s to start from scratch"
        )
    return str(own) if own.is_file() else f"{_scaled(name)}.yaml"


def find_checkpoint(text: str, instead: str = "") -> Path:
    """The checkpoint ``text``; `ModelError` where it is not on this machine."""
    file = Path(text).expanduser()
    if file.suffix != ".pt" or not file.is_file():
        more = f", {instead}" if instead else ""
        raise ModelError(
            f"{text}: no such checkpoint, and nothing is downloaded; pass an existing .pt file{more}"
        )
    return file


def load_start(start: str) -> Any:
    """Ultralytics' YOLO of what `find_start` returned; `ModelError` if that cannot be used."""
    from facesort.models.quiet import import_ultralytics, load_yolo

    if start.endswith(".pt"):
        return load_yolo(Path(start), task="detect", verbose=True)
    try:
        return import_ultralytics(verbose=True).YOLO(start, task="detect")
    except Exception as error:  # a YAML may name anything, and anything may go wrong in it
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{start}: not a network's YAML ({reason[0][:120]})") from error


@contextmanager
def no_downloads() -> Iterator[None]:
    """While this lasts, Ultralytics fetches no weights, fonts or data sets: it goes on without."""
    from ultralytics.data import utils as data
    from ultralytics.utils import downloads

    def refuse(url: str, *_: object, **__: object) -> None:
        raise ConnectionError(f"{url}: not on this machine, and nothing is downloaded")

    modules: list[Any] = [data, downloads]
    stock = [module.safe_download for module in modules]
    for module in modules:
        module.safe_download = refuse
    try:
        yield
    finally:
        for module, function in zip(modules, stock, strict=True):
            module.safe_download = function


def _scaled(name: str) -> str:
    """``yolov5nu`` as ``yolov5n``: the YAML of both, whose head is the u's anyway."""
    return re.sub(r"^(yolov5[nsmlx])u$", r"\1", name)


def _in_package(name: str) -> bool:
    """Whether Ultralytics has a detector of this name; its YAMLs hold all sizes of one network."""
    from facesort.models.quiet import import_ultralytics

    models = Path(str(import_ultralytics().__file__)).parent / "cfg" / "models"
    family = re.sub(r"^(yolov?\d+)[nslmx](?=$|-)", r"\1", _scaled(name))
    files = {file.stem for file in models.rglob("*.yaml")}
    return bool({_scaled(name), family} & files)
