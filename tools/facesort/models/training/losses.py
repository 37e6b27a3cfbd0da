"""The classification loss of Ultralytics' detectors with class weights and a focal term.

Ultralytics sums binary cross-entropy over cells and classes, ``criterion.bce(scores, targets)``,
each class times ``model.class_weights``, divided by the sum of the targets. Both are used as they
are: the weights are set on the model, and ``bce`` is replaced by the focal form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError

# weights (classes,) from the training boxes of each class (classes,) and the class names
Weigh = Callable[[NDArray[np.int64], Sequence[str]], NDArray[np.float64]]

_SMALLEST = 1e-8  # keeps the gradient of x ** gamma finite at x = 0


def focal_bce(scores: Any, targets: Any, gamma: float) -> Any:
    """Binary cross-entropy of logits times ``|target - probability| ** gamma``, elementwise.

    Quality focal loss, Li et al. 2020 (arXiv:2006.04388), eq. 5: the form of Lin et al. 2017
    (arXiv:1708.02002) for targets between 0 and 1, such as Ultralytics' assigner gives. There is
    no alpha: class weights do that.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    scores, targets = scores.float(), targets.float()  # bfloat16 has 3 digits
    distance = (targets - scores.sigmoid()).abs().clamp_min(_SMALLEST)
    loss = binary_cross_entropy_with_logits(scores, targets, reduction="none")
    return loss * distance**gamma


def make_focal(model: Any, gamma: float) -> None:
    """Let the training loss of ``model`` (a DetectionModel with its args) be focal."""
    if getattr(model, "criterion", None) is None:
        model.criterion = model.init_criterion()
    for loss in detection_losses(model.criterion):
        loss.bce = partial(focal_bce, gamma=gamma)


def detection_losses(criterion: Any) -> Iterator[Any]:
    """The detection losses in a criterion: one, or the two of an end-to-end head (YOLO26)."""
    pair = [getattr(criterion, name, None) for name in ("one2many", "one2one")]
    yield from filter(None, pair) if any(pair) else [criterion]


def weights_of_file(file: Path) -> Weigh:
    """Weights from ``file``: class_weights.json of tools/balance_dataset.py (its cw2), or
    ``{"name of class": weight, ...}``. Classes are matched by name; `ModelError` if one lacks."""
    weights = _read(file)

    def weigh(counts: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float64]:
        if absent := [name for name in names if name not in weights]:
            raise ModelError(f"{file}: no weight for class '{absent[0]}'; it has {list(weights)}")
        return np.array([weights[name] for name in names])

    return weigh


def _read(file: Path) -> dict[str, float]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if "cw2" in content:
            content = dict(zip(content["names"], content["cw2"], strict=True))
        weights = {str(name): float(weight) for name, weight in content.items()}
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); expected cw1, cw2 or a JSON file"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{file}: no class weights; expected class_weights.json of balance_dataset.py, or "
            '{"name of class": weight}'
        ) from error
    if bad := [name for name, weight in weights.items() if not 0 <= weight < float("inf")]:
        raise ModelError(f"{file}: weight of '{bad[0]}' is {weights[bad[0]]}; expected 0 or more")
    return weights
