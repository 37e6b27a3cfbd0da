"""How sources are processed, what came of it, and where the time went."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from facesort.media.frame_results import FrameResult
from facesort.media.outputs import Output
from facesort.models.detect import YoloDetector


class Timer:
    """Adds up seconds by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: Counter[str] = Counter()

    @contextmanager
    def measure(self, what: str) -> Iterator[None]:
        began_s = time.perf_counter()
        try:
            yield
        finally:
            self.add(what, time.perf_counter() - began_s)

    def add(self, what: str, seconds: float) -> None:
        with self._lock:
            self._seconds[what] += seconds  # type: ignore[assignment]  # Counter says int

    def seconds(self, what: str) -> float:
        return float(self._seconds[what])


Progress = Callable[..., Any]  # console.progress(items, total, unit)


@dataclass(frozen=True)
class Job:
    """How to look. ``whole``: images are made, so photos are decoded at their full size;
    ``every_s``: no two frames of a video within so many seconds."""

    detector: YoloDetector
    class_names: Sequence[str]
    outputs: Sequence[Output]
    progress: Progress
    workers: int = 1
    whole: bool = True
    stride: int = 1
    every_s: float = 0.0
    track: bool = True


@dataclass
class Count:
    """What came of it. ``problems`` has one line for each source that failed, or ended early."""

    photos: int = 0
    frames: int = 0
    videos: int = 0
    opened: int = 0  # photos and videos
    video_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    faces: dict[str, int] = field(default_factory=dict)
    tracks: int = 0
    timer: Timer = field(default_factory=Timer)

    @property
    def images(self) -> int:
        return self.photos + self.frames

    def add(self, look: FrameResult) -> None:
        if look.frame is None:
            self.photos += 1
        else:
            self.frames += 1
        for face in look.faces:
            self.faces[face.class_name] = self.faces.get(face.class_name, 0) + 1


def hand_on(look: FrameResult, job: Job, count: Count) -> None:
    """Count a look and give it to every output, in order."""
    count.add(look)
    with count.timer.measure("write"):
        for output in job.outputs:
            output.take(look)
