"""Confidences rescaled in the weights: the same order, other values, in every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from facesort.errors import ModelError
from facesort.evaluate.reliability import fit_platt
from facesort.models.platt_scaling import apply_platt_scaling

SHIPPED = Path(__file__).resolve().parents[2] / "weights" / "occlusion.pt"


def scores(weights: Path) -> np.ndarray:
    """(classes, anchors) that the network gives for an image of noise."""
    import torch

    from facesort.models.ultralytics_loader import load_yolo

    network = load_yolo(weights, task="detect").model.float().eval()
    pixels = torch.from_numpy(np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32))
    with torch.no_grad():
        return network(pixels)[0][0, 4:].numpy()


def test_the_scores_are_platts_of_the_old_ones(tmp_path: Path) -> None:
    apply_platt_scaling(SHIPPED, tmp_path / "out.pt", 1.4, 0.5)
    before, after = scores(SHIPPED), scores(tmp_path / "out.pt")
    np.testing.assert_allclose(after, expit(1.4 * logit(before) + 0.5), rtol=0.02, atol=1e-4)
    assert list(tmp_path.iterdir()) == [tmp_path / "out.pt"]


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan")])
def test_an_order_is_never_turned_round(tmp_path: Path, slope: float) -> None:
    with pytest.raises(ModelError, match="more than 0"):
        apply_platt_scaling(SHIPPED, tmp_path / "out.pt", slope, 0.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (2.0, 1.0), (0.6, -0.5)])
def test_the_fit_finds_what_made_the_outcomes(slope: float, shift: float) -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.05, 0.95, 20_000)
    right = (rng.random(20_000) < expit(slope * logit(confidence) + shift)).astype(float)
    assert fit_platt(confidence, right) == pytest.approx((slope, shift), abs=0.08)


@pytest.mark.parametrize("right", [[], [1.0, 1.0], [0.0]])
def test_nothing_to_learn_from_changes_nothing(right: list[float]) -> None:
    assert fit_platt(np.full(len(right), 0.5), np.array(right)) == (1.0, 0.0)
