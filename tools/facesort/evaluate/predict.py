"""Run a detector over one split of a data set, and time it: how long an image takes, how large the
file is. What cannot be read is counted, the rest judged.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.yolo_dataset import read_config
from facesort.detections import Detections
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import Detector, YoloDetector, load_detector
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

AP_CONF = 0.001  # average precision wants every guess, however weak


@dataclass(frozen=True, eq=False)
class SplitPredictions:
    """Labels and detections of each image, in order; what came in = these + ``left_out``."""

    truth: list[ImageLabels]
    found: list[Detections]
    left_out: Counter[str]


def predict(
    detector: YoloDetector, data: Path, split: str, step: Step = no_step
) -> SplitPredictions:
    """Detections down to `AP_CONF`; raises `DatasetError` where classes or split do not fit."""
    config = read_config(data)
    if config.names != detector.names:
        raise DatasetError(
            f"{data.name} has the classes {', '.join(config.names)}, the model "
            f"{', '.join(detector.names)}; pass the --data it was trained on"
        )
    eager = replace(detector, conf=AP_CONF)
    images = config.images(split)
    seen = SplitPredictions([], [], Counter())
    for path in step(images, len(images), "photo"):
        try:
            photo = open_photo(path)
            labels = yolo.read(path, photo.size_wh, len(config.names))
        except PhotoError:
            seen.left_out["image cannot be opened"] += 1
            continue
        except LabelError:
            seen.left_out["label cannot be read"] += 1
            continue
        seen.truth.append(labels)
        seen.found.append(eager.detect([photo.rgb])[0])
    if not seen.truth:
        raise DatasetError(f"{data.name}: no image of '{split}' can be judged; check the folder")
    return seen


def at_least(found: Detections, conf: float) -> Detections:
    """The detections of confidence ``conf`` or more."""
    keep = found.confidence >= conf
    return Detections(found.xyxy_px[keep], found.class_id[keep], found.confidence[keep])


WARM_UP = 3
TIMED_IMAGES = 30


@dataclass(frozen=True)
class Latency:
    """Milliseconds an image over ``runs`` runs at ``imgsz`` on ``threads`` threads."""

    median_ms: float
    p95_ms: float
    runs: int
    imgsz: int
    threads: int


def measure_latency(
    weights: Path, images: Sequence[NDArray[np.uint8]], imgsz: int, threads: int
) -> Latency:
    """Detect each image once, after a warm-up; fitting and suppression are part of the time."""
    detector = load_detector(weights, imgsz=imgsz, threads=threads)
    with torch_threads(threads) if weights.suffix == ".pt" else nullcontext():
        for rgb in images[:WARM_UP]:
            detector.detect([rgb])
        times_ms = [_time_ms(detector, rgb) for rgb in images]
    median, p95 = np.percentile(times_ms, [50, 95]) if times_ms else (np.nan, np.nan)
    return Latency(float(median), float(p95), len(times_ms), imgsz, threads)


def _time_ms(detector: Detector, rgb: NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    detector.detect([rgb])
    return (time.perf_counter() - start) * 1000


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """PyTorch has one number of threads for the whole process."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def size_mb(weights: Path) -> float:
    """Megabytes of 1,000,000 bytes."""
    return weights.stat().st_size / 1e6
