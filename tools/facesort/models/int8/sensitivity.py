"""Which layer of a network suffers most from 8 bits: each alone is quantized, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.models.detect import load_detector
from facesort.models.int8.quantize import Calibrated, Scheme
from facesort.models.parity import face_costs

SMALL_PX = 320  # layers rank alike there, in a quarter of the time
CONF = 0.1  # also weak faces tell what a layer does; weaker still, they are not yet lost

Step = Callable[[Sequence[Any], int, str], Iterable[Any]]  # a progress bar


@dataclass(frozen=True)
class LayerCost:
    """A layer by its convolution, and the mean over faces of 1 - IoU and of the change in score."""

    name: str
    nodes: tuple[str, ...]
    cost: float


def rank_layers(
    calibrated: Calibrated,
    float_file: Path,
    scheme: Scheme,
    images: Sequence[NDArray[np.uint8]],
    folder: Path,
    step: Step,
) -> list[LayerCost]:
    """All layers that ``scheme`` quantizes, the worst first; ``folder`` takes trial files."""
    truth = _look(float_file, images, CONF)
    layers, costs = list(calibrated.layers_in(scheme).items()), []
    for name, nodes in step(layers, len(layers), "layer"):
        trial = folder / "layer.onnx"
        calibrated.write_only(trial, scheme, nodes)
        pairs = zip(truth, _look(trial, images, CONF / 5), strict=True)
        each = np.concatenate([face_costs(a, b) for a, b in pairs] or [np.zeros(0)])
        costs.append(LayerCost(name, tuple(nodes), float(each.mean()) if len(each) else 0.0))
    return sorted(costs, key=lambda layer: -layer.cost)


def _look(file: Path, images: Sequence[NDArray[np.uint8]], conf: float) -> list[Detections]:
    detector = load_detector(file, threads=0)
    small = detector.imgsz if detector.square else min(detector.imgsz, SMALL_PX)
    return replace(detector, conf=conf, imgsz=small).detect(images)
