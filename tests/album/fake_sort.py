"""sort_photos.py with a detector that needs no model: a test-only way in, also as a process.

    python tests/album/fake_sort.py --src album --dst sorted

The fake sees a face wherever a photo has a block of one of four pure colours on grey.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import sort_photos

from facesort import console
from facesort.classes import CLASS_NAMES
from facesort.detections import Detections

COLOURS = {"face": (255, 0, 0), "masked": (0, 255, 0), "sunglasses": (0, 0, 255)}
COLOURS["masked_sunglasses"] = (255, 255, 0)


class FakeDetector:
    """A block is a face; how bright the grey around is says how certain it is."""

    names = CLASS_NAMES
    imgsz = 64
    fingerprint = "fake"
    sure = 0.5

    def __init__(self, before_each: Callable[[], None] = lambda: None) -> None:
        self._before_each = before_each

    def detect(self, images_rgb: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._detect_one(rgb.astype(int)) for rgb in images_rgb]

    def _detect_one(self, rgb: NDArray[np.int64]) -> Detections:
        self._before_each()
        boxes, classes = [], []
        for class_id, name in enumerate(CLASS_NAMES):
            block = np.abs(rgb - COLOURS[name]).sum(axis=2) < 90
            if block.any():
                ys, xs = np.flatnonzero(block.any(axis=1)), np.flatnonzero(block.any(axis=0))
                boxes.append([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1])
                classes.append(class_id)
        confidence = np.full(len(boxes), round(float(rgb[-1, -1].mean()) / 255, 2))
        return Detections(
            np.array(boxes, dtype=float).reshape(-1, 4), np.array(classes, dtype=int), confidence
        )


def main(argv: Sequence[str], before_each: Callable[[], None] = lambda: None) -> int:
    return sort_photos.main(argv, lambda weights, conf: FakeDetector(before_each))


def waiting() -> Callable[[], None]:
    """What to do before each look: wait so many seconds, or for a file ``*.flag``, as the first
    argument says; it is taken off."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    if first.endswith(".flag"):
        flag = Path(sys.argv.pop(1))
        return lambda: wait_for(flag)
    wait_s = float(sys.argv.pop(1)) if first[:1].isdigit() else 0.0
    return lambda: time.sleep(wait_s)


def wait_for(flag: Path) -> None:
    while not flag.exists():
        time.sleep(0.01)


if __name__ == "__main__":
    before_each = waiting()  # takes its argument off before the script reads the rest
    console.run(lambda argv: main(argv, before_each))
