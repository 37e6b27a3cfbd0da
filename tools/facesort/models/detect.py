"""One way to find faces, whatever runs the network (`models.backends`).

A backend gives a function from the network input to the raw output; everything around it, fitting
the image and reading the output, is shared (`letterbox`), so two backends can be compared raw.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models import second_look
from facesort.models.backends import BACKENDS, Request, backend_of
from facesort.models.input_size import InputSizes
from facesort.models.letterbox import (
    MAX_FACES,
    anchor_count,
    both_looks,
    decode,
    letterbox,
    unmirrored,
)

DEFAULT_CONF = 0.25  # below it, something is not called a face
DEFAULT_SURE = 0.5  # from it on, the class of a face is trusted
DEFAULT_IMGSZ = 640
META_CONF, META_SURE = "facesort_conf", "facesort_sure"
METADATA_FILE = "metadata.yaml"  # beside a network whose file has no place for it

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
            raw = both_looks(raw, unmirrored(other, size_wh))
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
    backend: str = "",
) -> YoloDetector:
    """Load ``weights``, run by ``backend`` or the one whose file it is (`models.backends`).

    ``conf`` and ``imgsz`` default to what the model says of itself. ``threads`` is per call: the
    album calls from several threads at once, one image each, which beats one call over many
    cores. A .pt file is ``fused`` as it is when exported. Raises `ModelError` when the file is
    missing or is no YOLO detector.
    """
    program = backend_of(weights)
    if backend:
        program = BACKENDS[backend]
        if not program.runs(weights):
            raise ModelError(f"{weights}: {backend} does not run such a file")
    return program.load(weights, Request(conf, imgsz, threads, fused))


@dataclass(frozen=True)
class Metadata:
    """What a model file says of itself; ``imgsz`` is the size it was made for."""

    names: tuple[str, ...]
    imgsz: int
    conf: float
    sure: float
    end2end: bool

    def detector(
        self, forward: RawForward, content: bytes, request: Request, is_fixed: bool, weights: Path
    ) -> YoloDetector:
        """The detector that was asked for; ``content`` are the bytes of ``weights``, which take
        only squares of ``imgsz`` where it ``is_fixed``."""
        if is_fixed and request.imgsz not in (None, self.imgsz):
            raise ModelError(
                f"{weights}: takes only {self.imgsz} px, not {request.imgsz}; export without "
                "--fixed"
            )
        return YoloDetector(
            forward=forward,
            names=self.names,
            imgsz=request.imgsz or self.imgsz,
            fingerprint=_fingerprint(content),
            conf=self.conf if request.conf is None else request.conf,
            sure=self.sure,
            end2end=self.end2end,
            square=is_fixed,
        )


def read_metadata(meta: Mapping[str, Any], weights: Path, side_px: int | None = None) -> Metadata:
    """From the metadata that the exporter wrote, as text or as values; ``side_px`` where the
    network takes only that. Raises `ModelError`."""
    try:
        return Metadata(
            names=names_of(_value(meta["names"])),
            imgsz=int(side_px or max(_value(meta["imgsz"]))),
            conf=float(meta.get(META_CONF, DEFAULT_CONF)),
            sure=float(meta.get(META_SURE, DEFAULT_SURE)),
            end2end=str(meta.get("end2end")) == "True",
        )
    except (KeyError, ValueError, TypeError, SyntaxError, IndexError) as error:
        raise ModelError(
            f"{weights}: its metadata names no classes and size; export with tools/yolo_to_onnx.py"
        ) from error


def read_metadata_file(file: Path) -> dict[str, Any]:
    """Raises `ModelError` where ``file`` is no YAML table."""
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ModelError(f"{file}: cannot be read; expected what the export wrote") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file}: no table; expected names and imgsz, as the export wrote them")
    return content


def names_of(names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names[i] for i in range(len(names)))


def _value(entry: Any) -> Any:
    return ast.literal_eval(entry) if isinstance(entry, str) else entry


def _fingerprint(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
