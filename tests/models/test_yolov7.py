"""YOLOv7 in Ultralytics' modules: the authors' network by counts; trained, reloaded, exported."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

OWN_YAMLS = Path(__file__).resolve().parents[2] / "data_configs" / "models"

pytestmark = pytest.mark.usefixtures("one_thread")


def parameters(module: Any) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "whole", "trunk", "activation"),
    # the tiny trunk with the official anchor head is 6,219,709 fused: the authors' own figure
    [
        ("yolov7-tiny", 8_144_864, 5_997_856, "LeakyReLU(negative_slope=0.1)"),
        ("yolov7", 43_589_728, 36_470_688, "SiLU()"),
    ],
)
def test_parameters_and_activations(name: str, whole: int, trunk: int, activation: str) -> None:
    from torch import nn
    from ultralytics.nn.modules import Conv
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel(str(OWN_YAMLS / f"{name}.yaml"), verbose=False)
    assert parameters(model) == whole
    assert whole - parameters(model.model[-1]) == trunk
    assert model.stride.tolist() == [8, 16, 32]
    assert model.yaml["nc"] == 80
    assert {str(m.act) for m in model.modules() if isinstance(m, Conv)} == {activation}
    assert isinstance(Conv.default_act, nn.SiLU), "the next network gets its own activation"


def test_yolov7_tiny_is_trained_saved_reloaded_and_exported(tiny_set: Path) -> None:
    import onnxruntime
    import torch
    from ultralytics import YOLO

    from facesort.models.training.train import train

    smallest = {"epochs": 1, "imgsz": 32, "batch": 2, "device": "cpu", "workers": 0, "plots": False}
    run = train("yolov7-tiny", tiny_set, project=str(tiny_set.parent / "runs"), **smallest)

    checkpoint: Any = YOLO(str(run.best))
    network = checkpoint.model.float().eval()
    assert list(checkpoint.names.values())[3] == "masked_sunglasses"
    with warnings.catch_warnings():  # torch's remarks on its exporter, which Ultralytics chose
        warnings.simplefilter("ignore")
        onnx_file = checkpoint.export(format="onnx", imgsz=64, simplify=False)
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(image)[0].numpy()
    (got,) = session.run(None, {"images": image.numpy()})
    assert got.shape == (1, 4 + 4, 8 * 8 + 4 * 4 + 2 * 2)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)
