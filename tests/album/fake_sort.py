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
from numpy.typing import ArrayLike, NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import sort_photos

from facesort import console
from facesort.album.person.face_encoder import EncodedFaces, FaceEncoder
from facesort.album.person.quality import Quality
from facesort.classes import CLASS_NAMES
from facesort.detections import Detections
from facesort.models.people import similarity_norm

COLOURS = {"face": (255, 0, 0), "masked": (0, 255, 0), "sunglasses": (0, 0, 255)}
COLOURS["masked_sunglasses"] = (255, 255, 0)


class FakeDetector:
    """A block is a face; how bright the grey around is says how certain it is."""

    names: tuple[str, ...] = CLASS_NAMES
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


class FakeChildren(FakeDetector):
    """A model with a class a child: each colour is one, of whatever name."""

    fingerprint = "children"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)


class FakeEmbedder:
    name, licence, dimensions, fingerprint = "fake", "none", 8, "fake"
    likeness = similarity_norm.DEFAULT

    def embed(self, faces_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Each of the four colours is somebody."""
        colours = faces_rgb[:, 0, 0].astype(int)[:, None] - np.array(list(COLOURS.values()))
        return np.eye(8, dtype=np.float32)[np.abs(colours).sum(axis=2).argmin(axis=1)]


class OtherEmbedder(FakeEmbedder):
    """Another encoder, whose vectors have another length."""

    name = fingerprint = "other"
    dimensions = 6

    def embed(self, faces_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.ascontiguousarray(super().embed(faces_rgb)[:, 5::-1])


class FakeDescriber(FaceEncoder):
    """A block's colour is its person; where all is dark around, it is out of focus. With
    ``--encoder FILE``, another one's vectors."""

    def __init__(self, encoder: Path | None = None) -> None:
        embedder = OtherEmbedder() if encoder else FakeEmbedder()
        super().__init__(points=None, embedder=embedder)  # type: ignore[arg-type]

    def encode(
        self, rgb: NDArray[np.uint8], xyxy_px: ArrayLike, scale: float = 1.0
    ) -> EncodedFaces:
        boxes = np.asarray(xyxy_px, dtype=float).reshape(-1, 4)
        middles = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(int)
        pixels = rgb[middles[:, 1], middles[:, 0]].reshape(-1, 1, 1, 3)
        sharpness = 3.0 if rgb[-1, -1].mean() < 100 else 300.0
        return EncodedFaces(self.embedder.embed(pixels), (Quality(99, sharpness, 0),) * len(boxes))


def main(argv: Sequence[str], before_each: Callable[[], None] = lambda: None) -> int:
    def load(weights: Path | None, *_: object) -> FakeDetector:
        """``Ana+Ben+Eva+Zoe.pt`` has these classes."""
        if weights is not None and "+" in weights.name:
            return FakeChildren(weights.stem.split("+"))
        return FakeDetector(before_each)

    return sort_photos.main(argv, load, FakeDescriber)


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
