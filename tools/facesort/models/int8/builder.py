"""An 8-bit network that is faster here and still sees: layers ranked, schemes timed, gated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.int8.quantize import SCHEMES, Calibrated, Scheme, calibrate
from facesort.models.letterbox import letterbox
from facesort.models.parity import face_costs
from facesort.models.runtime import in_turns_ms
from facesort.reporter import Step

SMALL_PX = 320  # layers rank alike there, in a quarter of the time
CONF = 0.1  # also weak faces tell what a layer does; weaker still, they are not yet lost


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


ABOUT_AS_FAST = 1.08
ROUNDS = 7
FLOAT_LAYERS = (2, 4, 8)  # how many of the worst layers go back to float, attempt by attempt
RANKED_ON = 6  # images

Judge = Callable[[YoloDetector], list[str]]  # what is wrong with it, in words
Say = Callable[[str], None]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Int8:
    """What was written: the format, its layers left in float, and milliseconds by format."""

    scheme: Scheme
    float_layers: tuple[str, ...]
    ms: dict[str, float]


class Int8Builder:
    """Quantizes the ONNX network ``float_file``; files are made in ``folder``."""

    def __init__(self, float_file: Path, images: Iterable[Image], folder: Path) -> None:
        """``images`` (RGB) give the ranges of the tensors: real ones, never of the test split."""
        self.float_file, self.folder = float_file, folder
        self.original = load_detector(float_file)
        self.examples: list[Image] = []
        self.calibrated: Calibrated = calibrate(float_file, self._inputs(images), folder)
        self._ranking: dict[Scheme, list[LayerCost]] = {}

    def _inputs(self, images: Iterable[Image]) -> Iterable[NDArray[np.float32]]:
        for rgb in images:
            if len(self.examples) < RANKED_ON:
                self.examples.append(rgb)
            yield letterbox(rgb, self.original.imgsz, square=self.original.square)[0]

    def build(
        self, judge: Judge, say: Say, step: Step, any_processor: bool = False
    ) -> tuple[Path, Int8]:
        """The first candidate that ``judge`` finds nothing wrong with; for ``any_processor`` only
        one whose weights keep a bit in reserve.

        Raises `ModelError` with the faults of the fastest candidate and its worst layers.
        """
        ms = self.time_schemes()
        wanted = [scheme for scheme in SCHEMES if scheme.reduce_range or not any_processor]
        least = min(ms[scheme.name] for scheme in wanted)
        fast = [scheme for scheme in wanted if ms[scheme.name] <= ABOUT_AS_FAST * least]
        faults: list[str] = []
        for scheme in fast:
            for count in (0, *FLOAT_LAYERS):
                worst = self.rank(scheme, step)[:count] if count else []
                found = self._judged(scheme, worst, judge, say)
                if not found:
                    return self.file, Int8(scheme, tuple(layer.name for layer in worst), ms)
                faults = faults or found
        layers = ", ".join(f"{x.name} ({x.cost:.3f})" for x in self.rank(fast[0], step)[:3])
        raise ModelError(
            f"the 8-bit model is refused: {'; '.join(faults)}; and it did not help to keep "
            f"{FLOAT_LAYERS[-1]} layers in float; the layers that hurt most: {layers}"
        )

    @property
    def file(self) -> Path:
        return self.folder / "candidate.onnx"

    def time_schemes(self) -> dict[str, float]:
        """Milliseconds of the float network ("float32") and of each scheme, on one thread: the
        least of several, which other programs disturb least."""
        detectors = {"float32": self.original}
        for number, scheme in enumerate(SCHEMES):
            file = self.folder / f"scheme{number}.onnx"
            self.calibrated.write(file, scheme)
            detectors[scheme.name] = load_detector(file)
        pixels = np.zeros((1, 3, self.original.imgsz, self.original.imgsz), dtype=np.float32)
        calls = {name: _call(detector, pixels) for name, detector in detectors.items()}
        return {name: float(np.min(ms)) for name, ms in in_turns_ms(calls, ROUNDS).items()}

    def rank(self, scheme: Scheme, step: Step) -> list[LayerCost]:
        """All layers, the one that suffers most from ``scheme`` first."""
        if scheme not in self._ranking:
            self._ranking[scheme] = rank_layers(
                self.calibrated, self.float_file, scheme, self.examples, self.folder, step
            )
        return self._ranking[scheme]

    def _judged(
        self, scheme: Scheme, layers: Sequence[LayerCost], judge: Judge, say: Say
    ) -> list[str]:
        keep_float = [node for layer in layers for node in layer.nodes]
        self.calibrated.write(self.file, scheme, keep_float)
        faults = judge(load_detector(self.file, threads=0))
        what = f"{scheme.name}, {len(layers)} layers float" if layers else scheme.name
        say(f"{what}: {'; '.join(faults) or 'passed'}")
        return faults


def _call(detector: YoloDetector, pixels: NDArray[np.float32]) -> Callable[[], object]:
    return lambda: detector.forward(pixels)
