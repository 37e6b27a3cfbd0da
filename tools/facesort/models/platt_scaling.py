"""Make a YOLO's confidences mean what they say, in its own weights: nothing downstream changes.

The score of a class is the sigmoid of the last convolution's output x. Platt scaling, sigmoid(a x +
b) (J. Platt, Probabilistic Outputs for Support Vector Machines, 1999), is that convolution with its
weights times a and its bias times a, plus b. As a > 0, no two scores change their order, and
average precision stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facesort.errors import ModelError
from facesort.files import replacing
from facesort.models.ultralytics_loader import load_yolo


def apply_platt_scaling(weights: Path, out: Path, slope: float, shift: float) -> None:
    """Write the checkpoint ``weights`` to ``out`` with scores of sigmoid(``slope`` x + ``shift``).

    Raises `ModelError` unless ``slope`` is above 0 and the network ends in YOLO's detect head.
    """
    if not slope > 0:
        raise ModelError(f"slope {slope}: expected more than 0, or the scores change their order")
    import torch

    model = load_yolo(weights, task="detect")
    with torch.no_grad():
        for convolution in _score_convolutions(model.model, weights):
            convolution.weight.mul_(slope)
            convolution.bias.mul_(slope).add_(shift)
    with replacing(out) as temporary:
        model.save(temporary)


def _score_convolutions(network: Any, weights: Path) -> list[Any]:
    """The last convolution of every class branch, at each stride."""
    head = network.model[-1]
    branches = [getattr(head, name, None) for name in ("cv3", "one2one_cv3")]
    found = [layers[-1] for branch in branches if branch is not None for layers in branch]
    if not found or any(getattr(layer, "bias", None) is None for layer in found):
        raise ModelError(f"{weights}: no class branches; expected a YOLOv8 or later detect head")
    return found
