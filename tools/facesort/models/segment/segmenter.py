"""Which pixels are the person? Three ways behind one call: GrabCut, which needs no model, a person
segmentation network by path, or a YOLO-seg model by path.

All take a head crop (h, w, 3) RGB and the face in its pixels (left, top, right, bottom), and give
(h, w) booleans: the person whose face that is, as far as they can tell persons apart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError, first_line
from facesort.models.runtime import open_session
from facesort.models.segment.grabcut import FacePx, Mask, out_of_reach, person_of

Forward = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (h, w, 3) -> probabilities
Segment = Callable[[NDArray[np.uint8], FacePx], Mask]
TFLITE_WH = (256, 256)
PERSON = 0.5  # from this probability on
PERSON_NAMES = ("person", "head", "face", "human", "people")


def load_segmenter(weights: Path | None) -> Segment:
    """GrabCut without ``weights``; else a network in .onnx or .tflite that takes an RGB image of
    0 to 1 and gives each pixel's probability, as MediaPipe's selfie segmentation does, or a
    YOLO-seg model in .pt or .onnx. Raises `ModelError` for what is neither."""
    if weights is None:
        from facesort.models.segment.grabcut import grab_cut

        return grab_cut
    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; expected .onnx, .tflite or .pt")
    if weights.suffix == ".pt":
        return _yolo(weights, task=None)
    if weights.suffix == ".onnx" and (task := _yolo_task(weights)):
        open_session(weights, weights.read_bytes(), threads=1)  # may Ultralytics open it by name?
        return _yolo(weights, task)
    return _network(load_probability(weights))


def load_probability(weights: Path) -> Forward:
    """A network in .onnx or .tflite as a function from an RGB image to each pixel's probability
    of being a person, at the network's own size. Raises `ModelError` where it cannot be one."""
    if weights.suffix not in (".onnx", ".tflite"):
        raise ModelError(f"{weights}: '{weights.suffix}'; expected a model: .onnx, .tflite or .pt")
    forward = _onnx_forward(weights) if weights.suffix == ".onnx" else _tflite_forward(weights)
    try:
        forward(np.zeros((32, 32, 3), dtype=np.uint8))  # what cannot work says so at once
    except ModelError:
        raise
    except Exception as error:  # each runtime has exceptions of its own
        raise ModelError(f"{weights}: cannot look at an RGB image: {error}") from error
    return forward


# -- a network that gives each pixel's probability


def _network(forward: Forward) -> Segment:
    def segment(rgb: NDArray[np.uint8], face_px: FacePx) -> Mask:
        import cv2

        probability = forward(rgb)
        full = cv2.resize(probability, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        person = np.asarray(full >= PERSON, dtype=bool)
        return person_of(person & ~out_of_reach(rgb.shape[1::-1], face_px), face_px)

    return segment


def _fitted(rgb: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Stretched to the network's size, as MediaPipe does, values 0 to 1."""
    import cv2

    small = cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _one_plane(output: NDArray[Any], weights: Path) -> NDArray[np.float32]:
    """(1, h, w, 1), (1, 1, h, w) or the second of two classes, as (h, w) probabilities."""
    planes = np.squeeze(np.asarray(output, dtype=np.float32))
    if planes.ndim == 3 and 2 in (planes.shape[0], planes.shape[-1]):
        planes = np.moveaxis(planes, -1, 0) if planes.shape[-1] == 2 else planes
        return np.asarray(planes[1], dtype=np.float32)
    if planes.ndim != 2:
        raise ModelError(f"{weights}: gives {output.shape}; expected one probability a pixel")
    return planes


def _onnx_forward(weights: Path) -> Forward:
    session = open_session(weights, weights.read_bytes(), threads=0)
    takes = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else 256 for side in takes.shape]
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise ModelError(f"{weights}: takes {takes.shape}; expected an RGB image")
    channels_last = shape[3] == 3
    height, width = shape[1:3] if channels_last else shape[2:4]

    def forward(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = _fitted(rgb, (width, height))
        pixels = pixels if channels_last else pixels.transpose(2, 0, 1)
        return _one_plane(session.run(None, {takes.name: pixels[None]})[0], weights)

    return forward


def _tflite_forward(weights: Path) -> Forward:
    """By OpenCV, which reads TFLite and is there anyway, for images of 256 x 256."""
    import cv2

    try:
        network = cv2.dnn.readNetFromTFLite(str(weights))
    except cv2.error as error:
        raise ModelError(f"{weights}: OpenCV cannot load it ({error.err})") from error

    def forward(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        network.setInput(_fitted(rgb, TFLITE_WH).transpose(2, 0, 1)[None].copy())
        return _one_plane(network.forward(), weights)

    return forward


# -- YOLO-seg


def _yolo_task(weights: Path) -> str:
    """Ultralytics writes into its exports what they are for; empty for other networks."""
    import onnx

    try:
        model = onnx.load(str(weights), load_external_data=False)
    except Exception as error:  # protobuf's own exceptions
        raise ModelError(f"{weights}: is no ONNX file ({error})") from error
    return next((entry.value for entry in model.metadata_props if entry.key == "task"), "")


def _yolo(weights: Path, task: str | None) -> Segment:
    """``task``: None where the file says it itself, as a checkpoint does."""
    from facesort.models.checkpoints import read_safely
    from facesort.models.ultralytics_loader import import_ultralytics

    ultralytics = import_ultralytics()
    try:
        with read_safely(weights):
            model: Any = ultralytics.YOLO(str(weights), task=task)
            names, task = dict(model.names), str(model.task)
    except ModelError:
        raise
    except Exception as error:  # a checkpoint is a pickle: anything may go wrong in it
        raise ModelError(f"{weights}: not a YOLO model ({first_line(error)[:120]})") from error
    wanted = [number for number, name in names.items() if name in PERSON_NAMES]
    wanted = list(names) if len(names) == 1 else wanted
    if task != "segment" or not wanted:
        known = ", ".join(list(names.values())[:5])
        raise ModelError(f"{weights}: is for '{task}' of {known} ...; expected persons' outlines")

    def segment(rgb: NDArray[np.uint8], face_px: FacePx) -> Mask:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        result = model.predict(bgr, classes=wanted, retina_masks=True, verbose=False)[0]
        if result.masks is None:
            return np.zeros(rgb.shape[:2], dtype=bool)
        masks = result.masks.data.cpu().numpy() > PERSON
        left, top, right, bottom = face_px
        in_face = masks[:, top:bottom, left:right].sum(axis=(1, 2))
        return np.asarray(masks[in_face.argmax()], dtype=bool)

    return segment
