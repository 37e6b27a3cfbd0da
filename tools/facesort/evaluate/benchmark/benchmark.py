"""Run a benchmark: contestants in turns for speed, one by one for accuracy and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from facesort.evaluate.benchmark.candidates import Candidate
from facesort.evaluate.benchmark.cold_start import measure_cold_start
from facesort.evaluate.benchmark.crop_accuracy import Crop, crop_figures, face_crops
from facesort.evaluate.benchmark.results import Row
from facesort.evaluate.regression_gate import quality
from facesort.labels.image_labels import ImageLabels
from facesort.models.letterbox import GREY, letterbox
from facesort.models.timing import in_turns_ms
from facesort.photos import open_photo

PHOTO, CROP = "photo", "crop"
Step = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class BenchmarkPlan:
    """What to measure. Without ``truth`` there is no accuracy, and blank images are timed."""

    contestants: Sequence[Candidate]
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
    """The accuracy columns of each contestant."""
    if not plan.truth:
        return [{} for _ in plan.contestants]
    out = []
    for contestant in step(plan.contestants, len(plan.contestants), f"model at {imgsz}"):
        detector = contestant.load(imgsz, max(plan.threads))
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
    detectors = [contestant.load(imgsz, threads) for contestant in plan.contestants]
    calls: dict[str, Callable[[], object]] = {}
    for i, detector in enumerate(detectors):
        pixels = letterbox(rgb, imgsz, square=True)[0]
        calls[f"network {i}"] = partial(detector.forward, pixels)
        calls[f"image {i}"] = partial(detector.detect, [rgb])
    ms = in_turns_ms(calls, plan.rounds)
    for i, contestant in enumerate(plan.contestants):
        network, image = ms[f"network {i}"], float(np.median(ms[f"image {i}"]))
        fresh = measure_cold_start(contestant, imgsz, threads)
        yield Row(
            contestant.name,
            contestant.backend,
            mode,
            imgsz,
            threads,
            float(np.median(network)),
            float(np.quantile(network, 0.95)),
            image,
            1e3 / image,
            contestant.megabytes,
            fresh.peak_mb,
            fresh.start_s,
            **figures[i],
        )
