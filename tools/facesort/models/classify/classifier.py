"""A face crop in, the probability of each class out; ONNX Runtime, or Ultralytics for a .pt."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.letterbox import letterbox
from facesort.models.runtime import open_session

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """``forward`` maps (1, 3, imgsz, imgsz), 0 to 1, to (classes,) probabilities."""

    forward: Callable[[Floats], Floats]
    names: tuple[str, ...]
    imgsz: int

    def classify(self, rgb: Image) -> Floats:
        """The probabilities of one crop (h, w, 3 RGB) of any size, padded to a square."""
        return self.forward(network_input(rgb, self.imgsz))


def network_input(rgb: Image, imgsz: int) -> Floats:
    """(1, 3, imgsz, imgsz): the whole crop on grey; a cut to the middle could lose the mouth."""
    return letterbox(rgb, imgsz, square=True)[0]


def squared(rgb: Image, imgsz: int) -> Image:
    """The same as an image (imgsz, imgsz, 3), to train on."""
    scaled = network_input(rgb, imgsz)[0].transpose(1, 2, 0) * 255
    return np.ascontiguousarray(scaled.round().astype(np.uint8))


def load_classifier(file: Path, imgsz: int | None = None, threads: int = 1) -> Classifier:
    """Load an .onnx of ours, or a .pt (which needs ``imgsz``); `ModelError` if it is neither."""
    if file.suffix == ".pt" and imgsz:
        return _load_torch(file, imgsz)
    if file.suffix != ".onnx" or not file.is_file():
        raise ModelError(f"{file}: no such classifier; expected an existing .onnx file")
    session = open_session(file, file.read_bytes(), threads)
    meta = session.get_modelmeta().custom_metadata_map
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    try:
        names = ast.literal_eval(meta["names"])
        size = int(max(ast.literal_eval(meta["imgsz"])))
    except (KeyError, ValueError, TypeError, SyntaxError) as error:
        raise ModelError(
            f"{file}: names no classes; make it with tools/train_classifier.py"
        ) from error
    if gives.shape[1:] != [len(names)]:
        raise ModelError(f"{file}: output {gives.shape} is no classifier's of {len(names)} classes")
    return Classifier(
        lambda pixels: session.run(None, {takes.name: pixels})[0][0], _names(names), size
    )


def _load_torch(file: Path, imgsz: int) -> Classifier:
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(file, task="classify")
    import torch

    network = model.model.float().eval()

    def forward(pixels: Floats) -> Floats:
        with torch.inference_mode():
            output = network(torch.from_numpy(pixels))
        probabilities: Floats = (output[0] if isinstance(output, tuple) else output)[0].numpy()
        return probabilities

    return Classifier(forward, _names(model.names), imgsz)


def _names(names: dict[int, str]) -> tuple[str, ...]:
    return tuple(names[i] for i in range(len(names)))
