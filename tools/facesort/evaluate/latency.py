"""How long one image takes, from its pixels to its faces, and how large the model file is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.models.detect import Detector, load_detector

WARM_UP = 3
IMAGES = 30


@dataclass(frozen=True)
class Latency:
    """Milliseconds an image over ``runs`` runs at ``imgsz`` on ``threads`` threads."""

    median_ms: float
    p95_ms: float
    runs: int
    imgsz: int
    threads: int


def measure(
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
