"""One way to find faces, whatever runs the network: ONNX Runtime (without torch) or Ultralytics.

A backend is a function from the network input to the raw output; everything around it, fitting
the image and reading the output, is shared (`letterbox`), so two backends can be compared raw.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facesort import packages
from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models import second_look
from facesort.models.input_size import InputSizes
from facesort.models.letterbox import (
    MAX_FACES,
    anchor_count,
    decode,
    letterbox,
    unmirrored,
)
from facesort.models.runtime import open_session

DEFAULT_CONF = 0.25  # below it, something is not called a face
DEFAULT_SURE = 0.5  # from it on, the class of a face is trusted
DEFAULT_IMGSZ = 640
META_CONF, META_SURE = "facesort_conf", "facesort_sure"

RawForward = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class Detector(Protocol):
    """What the album needs of a detector; safe to call from several threads."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def imgsz(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def sure(self) -> float: ...
    def detect(self, images_rgb: Sequence[NDArray[np.uint8]]) -> list[Detections]: ...


@dataclass(frozen=True)
class YoloDetector:
    """A YOLO network with its own thresholds; implements `Detector`.

    ``forward`` maps (1, 3, h, w) to the raw output of one image; ``square`` says that it takes
    only ``imgsz`` x ``imgsz``. Without ``sizes``, every image is looked at once, at ``imgsz``.
    """

    forward: RawForward
    names: tuple[str, ...]
    imgsz: int
    fingerprint: str
    conf: float = DEFAULT_CONF
    sure: float = DEFAULT_SURE
    end2end: bool = False
    square: bool = False
    max_faces: int = MAX_FACES
    sizes: InputSizes | None = None

    def detect(self, images_rgb: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Faces of each image (h, w, 3 RGB), boxes in that image's pixels."""
        return [self._detect_one(rgb) for rgb in images_rgb]

    def _detect_one(self, rgb: NDArray[np.uint8]) -> Detections:
        if self.sizes is None:
            return self._look(rgb, self.imgsz, self.conf)
        return second_look.detect(self._look, rgb, self.imgsz, self.conf, self.sizes)

    def _look(
        self, rgb: NDArray[np.uint8], imgsz: int, conf: float, mirrored: bool = False
    ) -> Detections:
        px = self.imgsz if self.square else imgsz
        pixels, fit = letterbox(rgb, px, square=self.square)
        raw, size_wh = self.forward(pixels), (pixels.shape[3], pixels.shape[2])
        if mirrored and not self.end2end and raw.shape[1] == anchor_count(size_wh):
            other = self.forward(np.ascontiguousarray(pixels[..., ::-1]))
            raw = (raw + unmirrored(other, size_wh)) / 2
        return decode(raw, fit, conf, self.end2end, self.max_faces)


def with_second_looks(detector: YoloDetector, sizes: InputSizes | None = None) -> YoloDetector:
    """The same network, which looks at each image at the size, and as often, as it needs.

    Its fingerprint is another, so that nothing takes what it saw for what one look would see.
    """
    sizes = sizes or InputSizes()
    return replace(
        detector,
        sizes=sizes,
        fingerprint=_fingerprint(f"{detector.fingerprint} {sizes}".encode()),
    )


def with_tiles(detector: Detector) -> Detector:
    """One that looks for tiny faces as well; a detector of another kind stays as it is."""
    if not isinstance(detector, YoloDetector) or detector.sizes is None:
        return detector
    return with_second_looks(detector, replace(detector.sizes, tiles=True))


def load_detector(
    weights: Path,
    conf: float | None = None,
    imgsz: int | None = None,
    threads: int = 1,
    fused: bool = False,
) -> YoloDetector:
    """Load ``weights`` (.onnx, or .pt through Ultralytics, ``fused`` as it is when exported).

    ``conf`` and ``imgsz`` default to what the model says of itself. ``threads`` is per call: the
    album calls from several threads at once, one image each, which beats one call over many
    cores. Raises `ModelError` when the file is missing or is no YOLO detector.
    """
    if weights.is_dir():
        raise ModelError(f"{weights}: a folder (OpenVINO?) is not read here; pass .onnx or .pt")
    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; train one, or pass --weights FILE")
    if weights.suffix == ".onnx":
        return _load_onnx(weights, conf, imgsz, threads)
    if weights.suffix == ".pt":
        return _load_torch(weights, conf, imgsz, fused)
    raise ModelError(f"{weights}: '{weights.suffix}' is no model; expected .onnx or .pt")


def _load_onnx(weights: Path, conf: float | None, imgsz: int | None, threads: int) -> YoloDetector:
    data = weights.read_bytes()
    session = open_session(weights, data, threads)
    meta = session.get_modelmeta().custom_metadata_map
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    fixed = all(isinstance(side, int) for side in takes.shape[2:])
    try:
        names = _names(ast.literal_eval(meta["names"]))
        size = int(takes.shape[2] if fixed else max(ast.literal_eval(meta["imgsz"])))
        own_conf = float(meta.get(META_CONF, DEFAULT_CONF))
        own_sure = float(meta.get(META_SURE, DEFAULT_SURE))
    except (KeyError, ValueError, TypeError, SyntaxError, IndexError):
        raise ModelError(
            f"{weights}: its metadata names no classes and size; export with tools/yolo_to_onnx.py"
        ) from None
    end2end = meta.get("end2end") == "True"
    rows = gives.shape[1] if len(gives.shape) == 3 else 0  # a name where it is left open: YOLOv7
    if not end2end and isinstance(rows, int) and rows != 4 + len(names):
        raise ModelError(f"{weights}: output {gives.shape} does not fit its {len(names)} classes")
    if fixed and imgsz not in (None, size):
        raise ModelError(f"{weights}: takes only {size} px, not {imgsz}; export without --fixed")
    batch = takes.shape[0] if isinstance(takes.shape[0], int) else 1
    kind = np.float16 if "float16" in takes.type else np.float32

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        feed = np.repeat(pixels, batch, axis=0).astype(kind, copy=False)
        raw: NDArray[np.float32] = session.run(None, {takes.name: feed})[0][0]
        return raw.astype(np.float32, copy=False)

    return YoloDetector(
        forward=forward,
        names=names,
        imgsz=imgsz or size,
        fingerprint=_fingerprint(data),
        conf=own_conf if conf is None else conf,
        sure=own_sure,
        end2end=end2end,
        square=fixed,
    )


def _load_torch(weights: Path, conf: float | None, imgsz: int | None, fused: bool) -> YoloDetector:
    packages.require("torch", "ultralytics", what=f"{weights.name}, a PyTorch file,")
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(weights, task="detect")
    import torch

    network = model.model.float().eval()
    if fused:
        network.fuse(verbose=False)
    one_at_a_time = Lock()  # the network keeps its anchors of the last input size in itself

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_at_a_time, torch.inference_mode():
            output = network(torch.from_numpy(pixels))
        raw: NDArray[np.float32] = (output[0] if isinstance(output, tuple) else output)[0].numpy()
        return raw

    return YoloDetector(
        forward=forward,
        names=_names(model.names),
        imgsz=imgsz or DEFAULT_IMGSZ,
        fingerprint=_fingerprint(weights.read_bytes()),
        conf=DEFAULT_CONF if conf is None else conf,
        end2end=bool(getattr(network.model[-1], "end2end", False)),
    )


def _names(names: dict[int, str]) -> tuple[str, ...]:
    return tuple(names[i] for i in range(len(names)))


def _fingerprint(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
