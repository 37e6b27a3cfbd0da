"""Which pixels are the person? GrabCut from the face's box, which needs no model, a person model,
or a face parser, behind one call.

All take a head crop (h, w, 3) RGB and the face in its pixels (left, top, right, bottom), and give
(h, w) booleans: the person whose face that is, as far as they can tell persons apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError, first_line
from facesort.models.runtime import open_session

LONG_SIDE_PX = 160  # GrabCut's time grows with the pixels; a mask is smooth anyway
ROUNDS = 2  # a third changes next to nothing

FacePx = tuple[int, int, int, int]  # left, top, right, bottom
Mask = NDArray[np.bool_]


def grab_cut(rgb: NDArray[np.uint8], face_px: FacePx) -> Mask:
    """(h, w) True where the person is, of a head crop (h, w, 3) with the face in its pixels."""
    import cv2

    height, width = rgb.shape[:2]
    scale = min(LONG_SIDE_PX / max(height, width), 1.0)
    small_wh = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(rgb, small_wh, interpolation=cv2.INTER_AREA)
    face = (np.array(face_px) * [*small_wh, *small_wh] / [width, height, width, height]).tolist()
    seeds = seeds_of(small_wh, face)
    known = np.unique(seeds)
    if {cv2.GC_BGD, cv2.GC_PR_BGD} & set(known) and {cv2.GC_FGD, cv2.GC_PR_FGD} & set(known):
        colours = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)  # the same image, the same mask
        bgr = np.ascontiguousarray(small[..., ::-1], dtype=np.uint8)
        no_box = (0, 0, 1, 1)  # the seeds say it all
        cv2.grabCut(bgr, seeds, no_box, *colours, ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    smooth = cv2.resize(cv2.GaussianBlur(person, (0, 0), 1), (width, height))
    return person_of(np.asarray(smooth >= 0.5, dtype=bool), face_px)


def seeds_of(size_wh: tuple[int, int], face_px: list[float]) -> NDArray[np.uint8]:
    """GrabCut's mask to begin with: surely the person in the middle of the face, likely in its
    head and on its shoulders, surely not high above and far beside, unlikely elsewhere."""
    import cv2

    w, h = size_wh
    x1, y1, x2, y2 = face_px
    face_w, face_h, cx, cy = x2 - x1, y2 - y1, (x1 + x2) / 2, (y1 + y2) / 2
    y, x = np.mgrid[:h, :w] + 0.5
    seeds = np.full((h, w), cv2.GC_PR_BGD, dtype=np.uint8)
    seeds[out_of_reach(size_wh, face_px)] = cv2.GC_BGD
    head = ((x - cx) / (0.7 * face_w)) ** 2 + ((y - (cy - 0.15 * face_h)) / (0.78 * face_h)) ** 2
    below_chin = (y - y2) / face_h
    half_w = face_w * np.clip(0.7 + 2.5 * (below_chin - 0.15), 0.7, 1.8)
    body = (below_chin > -0.2) & (abs(x - cx) < half_w)
    seeds[(head <= 1) | body] = cv2.GC_PR_FGD
    middle = ((x - cx) / (0.4 * face_w)) ** 2 + ((y - cy) / (0.42 * face_h)) ** 2
    seeds[middle <= 1] = cv2.GC_FGD
    return seeds


def out_of_reach(size_wh: tuple[int, int], face_px: Sequence[float]) -> Mask:
    """True high above a face and far beside its head, where only others can be: a network that
    finds people cannot tell one from the next."""
    w, h = size_wh
    x1, y1, x2, y2 = face_px
    y, x = np.mgrid[:h, :w] + 0.5
    beside = (abs(x - (x1 + x2) / 2) > 1.3 * (x2 - x1)) & (y < y2 + 0.1 * (y2 - y1))
    return np.asarray(beside | (y < y1 - 0.8 * (y2 - y1)), dtype=bool)


def person_of(person: Mask, face_px: FacePx) -> Mask:
    """Of a mask, the connected part that holds most of the face, without holes: other people in
    the crop who do not touch this one are left out."""
    import cv2

    left, top, right, bottom = face_px
    number, parts = cv2.connectedComponents(person.astype(np.uint8))
    in_face = np.bincount(parts[top:bottom, left:right].ravel(), minlength=number)
    in_face[0] = 0
    if number < 2 or not in_face.any():
        return np.zeros_like(person)
    chosen = (parts == in_face.argmax()).astype(np.uint8)
    outlines, _ = cv2.findContours(chosen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(chosen, outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled, dtype=bool)


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
