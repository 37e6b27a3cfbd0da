"""Class weights and the focal term change Ultralytics' loss exactly as computed by hand."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.training.trainer import (
    detection_losses,
    focal_bce,
    make_focal,
    weights_of_file,
)

NAMES = ["face", "masked", "sunglasses", "masked_sunglasses"]
WEIGHTS = [0.5, 1.0, 2.0, 8.0]


pytestmark = pytest.mark.usefixtures("one_thread")


def by_hand(scores: Any, targets: Any, gamma: float = 0) -> NDArray[np.float64]:
    """Binary cross-entropy with a focal factor, in NumPy and from the definition."""
    s, t = (np.asarray(x.detach().float(), dtype=np.float64) for x in (scores, targets))
    p = 1 / (1 + np.exp(-s))
    loss: NDArray[np.float64] = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    return loss * np.abs(t - p) ** gamma


def network(name: str) -> Any:
    """A detector of four classes with the arguments a trainer gives it."""
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    model: Any = DetectionModel(name, nc=4, verbose=False)
    model.args = get_cfg()
    return model.train()


def batch() -> dict[str, Any]:
    import torch

    generator = torch.Generator().manual_seed(1)
    return {
        "img": torch.rand(2, 3, 64, 64, generator=generator),
        "batch_idx": torch.tensor([0.0, 0, 1, 1]),
        "cls": torch.tensor([0.0, 1, 2, 3]),
        "bboxes": torch.tensor([[0.3, 0.3, 0.4, 0.4], [0.7, 0.7, 0.4, 0.4]] * 2),
    }


def class_loss(model: Any, weights: list[float] | None, gamma: float) -> tuple[float, float]:
    """The classification loss of ``model`` as it trains, and the same computed by hand."""
    import torch

    if weights:
        model.class_weights = torch.tensor(weights)
    model.criterion = model.init_criterion()
    if gamma:
        make_focal(model, gamma)
    loss = list(detection_losses(model.criterion))[-1]
    seen = SimpleNamespace(scores=None, targets=None)
    inner = loss.bce

    def listen(scores: Any, targets: Any) -> Any:
        seen.scores, seen.targets = scores, targets
        return inner(scores, targets)

    loss.bce = listen
    with torch.no_grad():
        told = model(batch())[1]["cls_loss"]
    total = max(float(seen.targets.sum()), 1.0)
    expected = (by_hand(seen.scores, seen.targets, gamma) * (weights or [1] * 4)).sum() / total
    return float(told), float(expected) * model.args.cls


@pytest.mark.parametrize("name", ["yolov8n.yaml", "yolo26n.yaml"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("gamma", [0, 1.5], ids=["", "focal"])
def test_the_loss_is_the_one_computed_by_hand(
    name: str, weights: list[float] | None, gamma: float
) -> None:
    told, expected = class_loss(network(name), weights, gamma)
    assert told == pytest.approx(expected, rel=1e-4)
    if weights or gamma:
        plain, _ = class_loss(network(name), None, 0)
        assert abs(told - plain) > 0.05 * plain


@pytest.mark.parametrize(
    ("score", "target", "gamma", "expected"),
    [
        (0.0, 1.0, 0, np.log(2)),
        (0.0, 1.0, 2, np.log(2) / 4),
        (0.0, 0.5, 2, 0.0),  # a soft target that is met costs nothing
        (100.0, 0.0, 1, 100.0),
        (-200.0, 0.0, 0.5, 0.0),
    ],
)
def test_focal_values(score: float, target: float, gamma: float, expected: float) -> None:
    import torch

    scores = torch.tensor([score], requires_grad=True)
    loss = focal_bce(scores, torch.tensor([target]), gamma)
    loss.sum().backward()
    assert loss.item() == pytest.approx(expected, abs=1e-6)
    assert scores.grad is not None and torch.isfinite(scores.grad).all()


def test_focal_in_bfloat16_keeps_its_digits() -> None:
    import torch

    scores = torch.tensor([[-4.0, 0.5, 3.0]], dtype=torch.bfloat16)
    targets = torch.tensor([[0.0, 0.25, 1.0]], dtype=torch.bfloat16)
    got = focal_bce(scores, targets, 1.5).numpy()
    np.testing.assert_allclose(got, by_hand(scores, targets, 1.5), rtol=1e-5)


def test_a_file_of_class_weights_is_matched_by_name(tmp_path: Path) -> None:
    file = tmp_path / "class_weights.json"
    turned = {"names": NAMES[::-1], "cw1": [0, 0, 0, 0], "cw2": WEIGHTS[::-1]}
    for content in (turned, dict(zip(NAMES, WEIGHTS, strict=True))):
        file.write_text(json.dumps(content))
        got = weights_of_file(file)(np.zeros(4, dtype=np.int64), NAMES)
        np.testing.assert_array_equal(got, WEIGHTS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read"),
        ("", "no class weights"),
        ("[1, 2]", "no class weights"),
        ('{"names": ["a"], "cw2": []}', "no class weights"),
        ('{"face": -1}', "weight of 'face' is -1.0"),
        ('{"face": NaN}', "weight of 'face' is nan"),
        ('{"face": 1}', "no weight for class 'masked'"),
    ],
)
def test_a_bad_file_of_class_weights_is_told(tmp_path: Path, text: str | None, reason: str) -> None:
    file = tmp_path / "weights.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ModelError, match=reason):
        weights_of_file(file)(np.zeros(4, dtype=np.int64), NAMES)
