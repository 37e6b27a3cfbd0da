"""Runs a benchmark: candidates in turns for speed, one by one for accuracy and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import clip_xyxy, grow_xyxy, min_side
from facesort.detections import Detections
from facesort.evaluate.benchmark.candidates import Candidate, measure_cold_start
from facesort.evaluate.benchmark.results import Row
from facesort.evaluate.regression_gate import quality
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import YoloDetector
from facesort.models.letterbox import GREY, letterbox
from facesort.models.runtime import in_turns_ms
from facesort.photos import open_photo
from facesort.reporter import Step

GROWN = 1.6  # a face with some hair and collar around it


@dataclass(frozen=True, eq=False)
class Crop:
    """A face cut out, (h, w, 3) RGB, its centre in pixels of the crop, and its true class."""

    rgb: NDArray[np.uint8]
    centre_px: tuple[float, float]
    class_id: int


@dataclass(frozen=True)
class CropFigures:
    """Shares of crops with the right class, over all crops and as the mean over classes."""

    accuracy: float
    macro_recall: float


def face_crops(truth: Iterable[ImageLabels], min_side_px: float = 32) -> Iterator[Crop]:
    """Every face of at least ``min_side_px``, cut out of its photo."""
    for item in truth:
        large = np.flatnonzero((min_side(item.xyxy_px) >= min_side_px) & (item.class_id >= 0))
        if not len(large):
            continue
        rgb = open_photo(item.path).rgb
        for i in large:
            box = clip_xyxy(grow_xyxy(item.xyxy_px[i], GROWN), item.size_wh)[0]
            x1, y1, x2, y2 = (round(float(v)) for v in box)
            middle = (item.xyxy_px[i, :2] + item.xyxy_px[i, 2:]) / 2
            centre = float(middle[0] - x1), float(middle[1] - y1)
            yield Crop(rgb[y1:y2, x1:x2].copy(), centre, int(item.class_id[i]))


def class_in(found: Detections, centre_px: tuple[float, float]) -> int:
    """Class of the surest face over ``centre_px``; -1 where there is none."""
    x, y = centre_px
    x1, y1, x2, y2 = found.xyxy_px.T
    over = np.flatnonzero((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2))
    return int(found.class_id[over[found.confidence[over].argmax()]]) if len(over) else -1


def crop_figures(detector: YoloDetector, crops: Iterable[Crop]) -> CropFigures:
    """How often the class of the face in the middle is right, at the detector's own threshold."""
    right: dict[int, list[bool]] = {}
    for crop in crops:
        said = class_in(detector.detect([crop.rgb])[0], crop.centre_px)
        right.setdefault(crop.class_id, []).append(said == crop.class_id)
    each = [hit for hits in right.values() for hit in hits]
    if not each:
        return CropFigures(float("nan"), float("nan"))
    return CropFigures(float(np.mean(each)), float(np.mean([np.mean(v) for v in right.values()])))


PHOTO, CROP = "photo", "crop"


@dataclass(frozen=True)
class BenchmarkPlan:
    """What to measure. Without ``truth`` there is no accuracy, and blank images are timed."""

    candidates: Sequence[Candidate]
    photo_sizes: Sequence[int]
    crop_sizes: Sequence[int]
    threads: Sequence[int]
    rounds: int
    truth: Sequence[ImageLabels]


def benchmark(plan: BenchmarkPlan, step: Step) -> list[Row]:
    """All rows; accuracy is that of one thread count, as it does not depend on it."""
    crops = list(face_crops(plan.truth)) if plan.crop_sizes else []
    photo = open_photo(plan.truth[0].path).rgb if plan.truth else _blank()
    face = crops[0].rgb if crops else _blank()
    rows: list[Row] = []
    for mode, sizes, rgb in ((PHOTO, plan.photo_sizes, photo), (CROP, plan.crop_sizes, face)):
        for imgsz in sizes:
            figures = _accuracy(plan, mode, imgsz, crops, step)
            for threads in plan.threads:
                rows += _speed(plan, mode, imgsz, threads, rgb, figures)
    return rows


def _blank() -> Any:
    return np.full((480, 640, 3), GREY, dtype=np.uint8)


def _accuracy(
    plan: BenchmarkPlan, mode: str, imgsz: int, crops: Sequence[Crop], step: Step
) -> list[dict[str, float]]:
    """The accuracy columns of each candidate."""
    if not plan.truth:
        return [{} for _ in plan.candidates]
    out = []
    for candidate in step(plan.candidates, len(plan.candidates), f"model at {imgsz}"):
        detector = candidate.load(imgsz, max(plan.threads))
        if mode == CROP:
            figure = crop_figures(detector, crops)
            out.append({"accuracy": figure.accuracy, "macro_recall": figure.macro_recall})
        else:
            q = quality(detector, plan.truth)
            columns = {"map50": q.map50, "map50_95": q.map50_95, "macro_recall": q.macro_recall}
            out.append(columns)
    return out


def _speed(
    plan: BenchmarkPlan,
    mode: str,
    imgsz: int,
    threads: int,
    rgb: Any,
    figures: Sequence[dict[str, float]],
) -> Iterator[Row]:
    detectors = [candidate.load(imgsz, threads) for candidate in plan.candidates]
    calls: dict[str, Callable[[], object]] = {}
    for i, detector in enumerate(detectors):
        pixels = letterbox(rgb, imgsz, square=True)[0]
        calls[f"network {i}"] = partial(detector.forward, pixels)
        calls[f"image {i}"] = partial(detector.detect, [rgb])
    ms = in_turns_ms(calls, plan.rounds)
    for i, candidate in enumerate(plan.candidates):
        network, image = ms[f"network {i}"], float(np.median(ms[f"image {i}"]))
        fresh = measure_cold_start(candidate, imgsz, threads)
        yield Row(
            candidate.name,
            candidate.backend,
            mode,
            imgsz,
            threads,
            float(np.median(network)),
            float(np.quantile(network, 0.95)),
            image,
            1e3 / image,
            candidate.megabytes,
            fresh.peak_mb,
            fresh.start_s,
            **figures[i],
        )
