"""Does a model clear the bars set for it, and may a smaller or 8-bit one stand in for the original?
Both are judged on the same images.

``15MB 90% 6ms`` is the requirement this project began with: a file below 15 MB, more than 90 % of
the faces found and rightly named, less than 6 ms an image. ``AP50>=0.9`` asks for any other
figure, ``recall_masked>=92%`` for that of a class, ``crops_recall>=0.95`` for that on crops.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.calibration_images import stratified
from facesort.dataset.splits import TRAIN
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError, ModelError, UsageError
from facesort.evaluate.predict import AP_CONF
from facesort.evaluate.split_metrics import measure_split
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.int8.builder import Int8, Int8Builder, LayerCost
from facesort.photos import open_photo

DEFAULT_CRITERIA = "15MB 90% 6ms"
BY_UNIT = {"MB": ("MB", "<"), "%": ("accuracy", ">"), "ms": ("ms", "<")}
CROPS = "crops_"  # before a figure: on crops
KNOWN = (
    *("MB", "ms", "p95_ms", "accuracy", "AP50", "AP50-95", "precision", "recall", "F1"),
    *("called_clean", "ECE"),
)
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_FORM = re.compile(
    r"[\s,]*([A-Za-z][\w-]*)?\s*(<=|>=|<|>)?\s*(\d+\.?\d*|\.\d+)(?:\s*(MB|ms|%)(?!\s*[<>]))?[\s,]*"
)


@dataclass(frozen=True)
class Criterion:
    """One condition, such as ``MB < 15``; `KNOWN` says of what."""

    figure: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.figure} {self.sign} {self.limit:g}"


@dataclass(frozen=True)
class CriterionResult:
    """A bar and the value that met it or not; a value that is not known (NaN) does not."""

    criterion: Criterion
    value: float

    @property
    def met(self) -> bool:
        return bool(_COMPARE[self.criterion.sign](self.value, self.criterion.limit))

    @property
    def measured(self) -> str:
        return "not measured" if math.isnan(self.value) else f"{self.value:.3g}"

    def __str__(self) -> str:
        return f"{self.criterion}: {self.measured}, {'yes' if self.met else 'NO'}"


def parse_criteria(text: str) -> list[Criterion]:
    """``15MB 90% 6ms``, ``AP50>=0.9``; `UsageError` for another form or an unknown figure."""
    bars, place = [], 0
    while place < len(text.rstrip()):
        match = _FORM.match(text, place)
        criterion = _criterion(*match.groups()) if match else None
        if criterion is None or match is None:
            raise UsageError(
                f"--bars: '{text[place:].strip()}' is no bar; expected such as "
                f"'{DEFAULT_CRITERIA}' or 'AP50>=0.9 ECE<=0.05', of {', '.join(KNOWN)}"
            )
        bars.append(criterion)
        place = match.end()
    return bars


def _criterion(
    figure: str | None, sign: str | None, number: str, unit: str | None
) -> Criterion | None:
    own_figure, own_sign = BY_UNIT.get(unit or "", (None, None))
    figure, sign = figure or own_figure, sign or own_sign
    base = (figure or "").removeprefix(CROPS)
    if not sign or not any(base == name or base.startswith(f"{name}_") for name in KNOWN):
        return None
    return Criterion(str(figure), sign, float(number) / (100 if unit == "%" else 1))


def check_criteria(
    bars: Sequence[Criterion], figures: Mapping[str, float]
) -> list[CriterionResult]:
    return [
        CriterionResult(criterion, figures.get(criterion.figure, math.nan)) for criterion in bars
    ]


def in_one_line(judged: Sequence[CriterionResult]) -> str:
    """``passes`` or ``fails`` and each bar."""
    word = "passes" if all(v.met for v in judged) else "fails"
    return f"verdict: {word} ({'; '.join(map(str, judged))})"


MAX_MAP_DROP = 0.005  # half a point of mAP50-95
MAX_RECALL_DROP = 0.01  # one point of any class, or one face where one face is more
ENOUGH_FACES = 50  # of a class on val, or its average precision swings by points with one face
ROUNDING = 1e-9


@dataclass(frozen=True)
class Quality:
    """Figures of one model; ``recall`` by class, NaN where the images hold no such face.

    ``map50_95`` is the mean over classes with at least `ENOUGH_FACES` (over all where none has);
    ``faces`` is their number by class, empty where it is not known.
    """

    map50: float
    map50_95: float
    recall: tuple[float, ...]
    max_score: float
    faces: tuple[int, ...] = ()

    @property
    def macro_recall(self) -> float:
        return float(np.nanmean(self.recall))


def quality(
    detector: YoloDetector, truth: Sequence[ImageLabels], min_side_px: float = 32
) -> Quality:
    """Judge ``detector``; recall is at its own confidence threshold."""
    eager = replace(detector, conf=AP_CONF)
    found = [eager.detect([open_photo(labels.path).rgb])[0] for labels in truth]
    once = np.ones((1, len(truth)))  # every image counts once: no intervals here
    judged = measure_split(truth, found, detector.names, detector.conf, once, min_side_px)
    return Quality(
        map50=float(judged.overall["AP50"][0]),
        map50_95=_mean_of_common(judged.per_class["AP50-95"][0], judged.faces),
        recall=tuple(judged.per_class["recall"][0].tolist()),
        max_score=max((float(item.confidence.max()) for item in found if len(item)), default=0.0),
        faces=tuple(judged.faces.tolist()),
    )


def _mean_of_common(by_class: NDArray[np.float64], faces: NDArray[np.int64]) -> float:
    common = faces >= ENOUGH_FACES
    return float(np.nanmean(by_class[common] if common.any() else by_class))


def losses(before: Quality, after: Quality, names: Sequence[str]) -> list[str]:
    """What ``after`` lost beyond the bars, in words; empty when it may stand in for ``before``."""
    out = []
    if not after.max_score > 0:
        out.append("it finds nothing at all: every score is 0")
    drop = before.map50_95 - after.map50_95
    if not drop <= MAX_MAP_DROP + ROUNDING:
        out.append(f"mAP50-95 fell by {drop * 100:.2f} points; allowed {MAX_MAP_DROP * 100:g}")
    faces = before.faces or (0,) * len(before.recall)
    for name, old, new, number in zip(names, before.recall, after.recall, faces, strict=True):
        allowed = max(MAX_RECALL_DROP, 1 / number if number else 0.0)
        if old - new > allowed + ROUNDING:
            out.append(
                f"recall of {name} fell by {(old - new) * 100:.1f} points; "
                f"allowed {allowed * 100:.2g}"
            )
    return out


@dataclass(eq=False)
class RegressionGate:
    """Holds candidates against ``original`` on ``truth``; ``seen`` keeps the last one's figures."""

    truth: Sequence[ImageLabels]
    original: YoloDetector
    before: Quality = field(init=False)
    seen: Quality = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.seen = quality(self.original, self.truth)

    def __call__(self, candidate: YoloDetector) -> list[str]:
        """What the candidate lost beyond the bars, in words."""
        self.seen = quality(candidate, self.truth)
        return losses(self.before, self.seen, self.original.names)


CALIBRATION_IMAGES = 96


@dataclass(frozen=True)
class Int8Job:
    """What there is to tell: the file, its format, the figures before and after, the layers."""

    file: Path
    made: Int8
    gate: RegressionGate
    ranking: list[LayerCost]

    def table(self) -> str:
        """How fast each format is, what the judged one costs, and the layers if asked."""
        ms, names = self.made.ms, self.gate.original.names
        lines = [f"{'one thread':26}{'ms':>8}{'times faster':>14}"]
        for name in ms:
            chosen = "  <- written" if name == self.made.scheme.name else ""
            lines.append(f"{name:26}{ms[name]:>8.1f}{ms['float32'] / ms[name]:>14.2f}{chosen}")
        if self.made.float_layers:
            layers = ", ".join(self.made.float_layers)
            lines.append(f"in float as well, so slower than the table says: {layers}")
        titles = "".join(f"{name[:18]:>19}" for name in names)
        lines += ["", f"{'val':10}{'mAP50':>8}{'mAP50-95':>10}{titles}"]
        for name, q in (("float32", self.gate.before), ("int8", self.gate.seen)):
            recall = "".join(f"{r:>19.3f}" for r in q.recall)
            lines.append(f"{name:10}{q.map50:>8.4f}{q.map50_95:>10.4f}{recall}  (recall)")
        return "\n".join(lines + [f"{layer.cost:8.4f} {layer.name}" for layer in self.ranking])


def make_int8(
    float_file: Path,
    data: Path,
    folder: Path,
    say: Callable[[str], None],
    step: Callable[..., Iterable[Any]],
    sensitivity: bool = False,
    any_processor: bool = False,
) -> Int8Job:
    """Quantize ``float_file`` into ``folder``; raises `ModelError` when the gate refuses it."""
    original = load_detector(float_file, threads=0)
    photos, gate = calibration_and_gate(original, data, say, step)
    builder = Int8Builder(float_file, photos, folder)
    say(f"judging on the {len(gate.truth)} images of the val split")
    file, made = builder.build(gate, say, step, any_processor)
    ranking = builder.rank(made.scheme, step) if sensitivity else []
    return Int8Job(file, made, gate, ranking)


def calibration_and_gate(
    original: YoloDetector,
    data: Path,
    say: Callable[[str], None],
    step: Callable[..., Iterable[Any]],
) -> tuple[Iterable[NDArray[np.uint8]], RegressionGate]:
    """Photos of the train split to calibrate on, and the judge on the val split."""
    with _naming_data():
        config = read_config(data)
    if config.names != original.names:
        raise ModelError(
            f"{data.name} has the classes {config.names}, the model {original.names}; "
            "pass --data with the data that the model was trained on"
        )
    with _naming_data():
        chosen = stratified(config.read(TRAIN), CALIBRATION_IMAGES)
    say(f"calibrating on {len(chosen)} real images of the train split")
    with _naming_data():
        gate = RegressionGate(config.read("val"), original)
    return map(_rgb, step(chosen, len(chosen), "photo")), gate


@contextmanager
def _naming_data() -> Iterator[None]:
    """An 8-bit model needs images: where they are missing, say which option names them."""
    try:
        yield
    except DatasetError as error:
        raise DatasetError(
            f"{error}; --int8 calibrates and judges on images: pass --data FILE.yaml, the data "
            "that the model was trained on, with a train and a val split"
        ) from error


def _rgb(item: ImageLabels) -> Any:
    return open_photo(item.path).rgb
