"""Make an 8-bit model from a float one and a data set: calibrate on train, judge on val."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facesort.dataset.calibration import stratified
from facesort.dataset.config import read_config
from facesort.dataset.split import TRAIN
from facesort.errors import DatasetError, ModelError
from facesort.evaluate.gate import Gate
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import load_detector
from facesort.models.int8.build import Int8, Int8Builder
from facesort.models.int8.sensitivity import LayerCost
from facesort.photos import open_photo

CALIBRATION_PICTURES = 96


@dataclass(frozen=True)
class Int8Job:
    """What there is to tell: the file, its format, the figures before and after, the layers."""

    file: Path
    made: Int8
    gate: Gate
    ranking: list[LayerCost]


def make_int8(
    float_file: Path,
    data: Path,
    folder: Path,
    sensitivity: bool,
    say: Callable[[str], None],
    step: Callable[..., Iterable[Any]],
) -> Int8Job:
    """Quantize ``float_file`` into ``folder``; raises `ModelError` when the gate refuses it."""
    original = load_detector(float_file, threads=0)
    with _naming_data():
        config = read_config(data)
    if config.names != original.names:
        raise ModelError(
            f"{data.name} has the classes {config.names}, the model {original.names}; "
            "pass --data with the data that the model was trained on"
        )
    with _naming_data():
        chosen = stratified(config.read(TRAIN), CALIBRATION_PICTURES)
    say(f"calibrating on {len(chosen)} real pictures of the train split")
    builder = Int8Builder(float_file, map(_rgb, step(chosen, len(chosen), "photo")), folder)
    with _naming_data():
        gate = Gate(config.read("val"), original)
    say(f"judging on the {len(gate.truth)} pictures of the val split")
    file, made = builder.build(gate, say, step)
    ranking = builder.rank(made.scheme, step) if sensitivity else []
    return Int8Job(file, made, gate, ranking)


@contextmanager
def _naming_data() -> Iterator[None]:
    """An 8-bit model needs pictures: where they are missing, say which option names them."""
    try:
        yield
    except DatasetError as error:
        raise DatasetError(
            f"{error}; --int8 calibrates and judges on pictures: pass --data FILE.yaml, the data "
            "that the model was trained on, with a train and a val split"
        ) from error


def _rgb(item: ImageLabels) -> Any:
    return open_photo(item.path).rgb
