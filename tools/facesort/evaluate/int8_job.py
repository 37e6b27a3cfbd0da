"""Make an 8-bit model from a float one and a data set: calibrate on train, judge on val."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facesort.dataset.calibration_images import stratified
from facesort.dataset.split import TRAIN
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import ModelError
from facesort.evaluate.regression_gate import RegressionGate
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import load_detector
from facesort.models.int8.builder import Int8, Int8Builder
from facesort.models.int8.sensitivity import LayerCost
from facesort.photos import open_photo

CALIBRATION_IMAGES = 96


@dataclass(frozen=True)
class Int8Job:
    """What there is to tell: the file, its format, the figures before and after, the layers."""

    file: Path
    made: Int8
    gate: RegressionGate
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
    config = read_config(data)
    if config.names != original.names:
        raise ModelError(
            f"{data.name} has the classes {config.names}, the model {original.names}; "
            "pass --calib with the data that the model was trained on"
        )
    chosen = stratified(config.read(TRAIN), CALIBRATION_IMAGES)
    say(f"calibrating on {len(chosen)} real images of the train split")
    builder = Int8Builder(float_file, map(_rgb, step(chosen, len(chosen), "photo")), folder)
    gate = RegressionGate(config.read("val"), original)
    say(f"judging on the {len(gate.truth)} images of the val split")
    file, made = builder.build(gate, say, step)
    ranking = builder.rank(made.scheme, step) if sensitivity else []
    return Int8Job(file, made, gate, ranking)


def _rgb(item: ImageLabels) -> Any:
    return open_photo(item.path).rgb
