"""LiteRT files (.tflite) of a checkpoint, held against its ONNX file; in 8 bits on request.

A file takes one square of a fixed size. In 8 bits, weights and activations of the network's body
are integers; input, output and the tail, which holds boxes and scores together, stay float.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.letterbox import IOU_SAME_FACE, Fit, decode, letterbox
from facesort.models.mobile.environment import Run, ask, running
from facesort.models.parity import Parity, compare, match, require

Image = NDArray[np.uint8]
MAX_ABS = 1e-4
MIN_IOU_INSIDE = 0.99  # of boxes by the suppression inside the file
FLOAT_LAYERS = (0, 2, 4, 8)  # how many of the noisiest layers stay in float, attempt by attempt
Judge = Callable[[YoloDetector], list[str]]  # what is wrong with it, in words


@dataclass(frozen=True)
class Around:
    """What is built around the network; as `side_network.Around`."""

    imgsz: int
    with_image: bool = False
    with_nms: bool = False
    conf: float = 0.25
    iou: float = IOU_SAME_FACE

    @property
    def is_plain(self) -> bool:
        return not (self.with_image or self.with_nms)

    def as_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class LiteRT:
    """Makes files in ``folder`` by the interpreter ``python`` of .venv-mobile.

    ``original`` is the detector of the ONNX file, which takes squares as the new files do.
    """

    python: Path
    folder: Path
    checkpoint: Path
    original: YoloDetector

    @classmethod
    def of(
        cls, python: Path, folder: Path, checkpoint: Path, onnx_file: Path, imgsz: int
    ) -> LiteRT:
        original = replace(load_detector(onnx_file), imgsz=imgsz, square=True)
        if original.end2end:
            raise ModelError(f"{checkpoint.name}: gives rows already; LiteRT is made of anchors")
        return cls(python, folder, checkpoint, original)

    def convert(self, name: str, around: Around) -> Path:
        """The file ``name`` in float, unproven; the names of its convolutions beside it."""
        out = self.folder / name
        said = ask(self.python, "litert", "convert", self.checkpoint, out, around.as_json())
        out.with_suffix(".convs").write_text(json.dumps(said["convolutions"]))
        return out

    def prove(self, file: Path, images: Sequence[Image]) -> Parity:
        """Raises `ModelError` unless the plain float ``file`` equals the ONNX file."""
        with running(self.python, file) as run:
            parity = compare(self.original, self.detector(run), images)
        require(parity, f"{file.name} converted from {self.checkpoint.name}", MAX_ABS)
        return parity

    def detector(self, run: Run) -> YoloDetector:
        return replace(self.original, forward=lambda pixels: run(pixels)[0])

    def parity(self, file: Path, images: Sequence[Image]) -> Parity:
        """How equal ``file`` is to the ONNX file; nothing is required."""
        with running(self.python, file) as run:
            return compare(self.original, self.detector(run), images)

    def quantize(
        self, file: Path, images: Iterable[Image], judge: Judge, say: Callable[[str], None]
    ) -> tuple[Path, list[int]]:
        """The first 8-bit file of ``file`` that ``judge`` finds nothing wrong with, and which of
        its convolutions stayed in float. Raises `ModelError` with the faults of the smallest one
        and the layers that lose most."""
        out = self.folder / f"{file.stem}-int8.tflite"
        inputs = self._inputs(images, whole=False)
        convs = json.loads(file.with_suffix(".convs").read_text())
        noise: list[float] = []
        first: list[str] = []
        for count in FLOAT_LAYERS:
            worst = sorted(np.argsort(noise)[::-1][:count].tolist()) if noise else []
            noise = self._quantized(file, out, inputs, worst) or noise
            with running(self.python, out) as run:
                faults = judge(self.detector(run))
            say(f"LiteRT int8, {len(worst)} layers float: {'; '.join(faults) or 'passed'}")
            if not faults:
                return out, worst
            first = first or faults
        order = np.argsort(noise)[::-1][:3].tolist()
        layers = ", ".join(f"{convs[i]} ({noise[i]:.3f})" for i in order)
        raise ModelError(
            f"the 8-bit LiteRT model is refused: {'; '.join(first)}; and it did not help to keep "
            f"{FLOAT_LAYERS[-1]} layers in float; the layers that hurt most: {layers}"
        )

    def _quantized(self, file: Path, out: Path, inputs: Path, in_float: list[int]) -> list[float]:
        ranges = self.folder / f"{file.stem}.ranges"
        said = ask(
            self.python, "litert", "quantize", file, out, inputs, ranges, json.dumps(in_float)
        )
        return list(said["noise"])

    def _inputs(self, images: Iterable[Image], whole: bool) -> Path:
        out = self.folder / ("images.npy" if whole else "inputs.npy")
        fitted = [letterbox(rgb, self.original.imgsz, square=True)[0] for rgb in images]
        if not fitted:
            raise ModelError("no image to calibrate on")
        np.save(out, np.concatenate([as_bytes(p) if whole else p for p in fitted]))
        return out

    def quantize_like(
        self, file: Path, in_float: Sequence[int], images: Iterable[Image], around: Around
    ) -> Path:
        """``file``, which holds more than the network, in the 8 bits that its network passed in."""
        out = self.folder / f"{file.stem}-int8.tflite"
        self._quantized(file, out, self._inputs(images, around.with_image), list(in_float))
        return out

    def prove_rows(
        self, file: Path, plain: Path, images: Sequence[Image], around: Around
    ) -> tuple[int, float]:
        """Faces, and the worst overlap of their boxes: ``file`` finds what we find with ``plain``.

        Raises `ModelError` where it does not.
        """
        faces, worst = 0, 1.0
        with running(self.python, plain) as run, running(self.python, file) as inside:
            ours = replace(self.detector(run), conf=around.conf)
            for rgb in images:
                pixels, fit = letterbox(rgb, around.imgsz, square=True)
                raw = inside(as_bytes(pixels) if around.with_image else pixels)[0]
                expected = ours.detect([rgb])[0]
                if around.with_nms:
                    found = in_rows(raw, fit)
                else:
                    found = decode(raw, fit, around.conf)
                iou, _, same = match(expected, found) if len(expected) == len(found) else (0, 0, 0)
                if not same or iou < MIN_IOU_INSIDE:
                    raise ModelError(
                        f"{file.name}: what is built in finds {len(found)} faces where we find "
                        f"{len(expected)}, or other ones (overlap {iou:.3f})"
                    )
                faces, worst = faces + len(found), min(worst, float(iou))
        return faces, worst


def as_bytes(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(1, 3, h, w) of 0 to 1 as (1, h, w, 3) of 0 to 255."""
    return np.round(pixels.transpose(0, 2, 3, 1) * 255).astype(np.uint8)


def in_rows(rows: NDArray[np.float32], fit: Fit) -> Detections:
    """Rows x1 y1 x2 y2 confidence class in network pixels; those of confidence 0 are none."""
    kept = rows[rows[:, 4] > 0].astype(np.float64)
    return Detections(fit.to_image(kept[:, :4]), kept[:, 5].astype(np.int64), kept[:, 4])
