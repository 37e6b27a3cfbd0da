"""YOLOv7 in Ultralytics' modules: the authors' network by counts; trained, reloaded, exported."""

from pathlib import Path
from typing import Any

import pytest

OWN_YAMLS = Path(__file__).resolve().parents[2] / "data_configs" / "models"


def build(name: str) -> Any:
    from ultralytics.nn.tasks import DetectionModel

    return DetectionModel(str(OWN_YAMLS / f"{name}.yaml"), verbose=False)


def parameters(module: Any) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "whole", "trunk"),
    # the tiny trunk with the official anchor head is 6,219,709 fused: the authors' own figure
    [("yolov7-tiny", 8_144_864, 5_997_856), ("yolov7", 43_589_728, 36_470_688)],
)
def test_parameters(name: str, whole: int, trunk: int) -> None:
    model = build(name)
    assert parameters(model) == whole
    assert whole - parameters(model.model[-1]) == trunk
    assert model.stride.tolist() == [8, 16, 32]
    assert model.yaml["nc"] == 80


@pytest.mark.parametrize(("name", "slope"), [("yolov7-tiny", 0.1), ("yolov7", None)])
def test_activations(name: str, slope: float | None) -> None:
    from torch import nn
    from ultralytics.nn.modules import Conv

    activations = {type(m.act) for m in build(name).modules() if isinstance(m, Conv)}
    assert activations == {nn.LeakyReLU if slope else nn.SiLU}
    assert isinstance(Conv.default_act, nn.SiLU), "the next network gets its own activation"
