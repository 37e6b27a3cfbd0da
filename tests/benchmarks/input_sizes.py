"""Choose how large the shipped model sees small images and faces that fill the frame.

    python tests/benchmarks/input_sizes.py weights/occlusion.onnx --yolo wild=photos/wild \\
        --scenes photos/scenes_voc --selfies photos/selfies_sunglasses --crops photos/crops

Judged on images of the val split only (--part val is the default here): crops of 55 to 220 px,
real ones and such cut from scenes, and portraits whose face fills the frame. Each row is one
setting of `models.input_size.InputSizes`; the best row by macro recall less twice the share of
covered faces called bare is named. A new model: run it, and write its numbers there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import held_back
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(held_back.ROOT / "tools"))

from cut_faces import CROP_LONG_SIDE_PX, cut_faces

from facesort.classes import CLASS_NAMES, parse_class
from facesort.detections import Detections
from facesort.models.detect import YoloDetector, load_detector, with_second_looks
from facesort.models.input_size import InputSizes, shrunk, with_room
from facesort.photos import open_photo

Image = NDArray[np.uint8]
Figures = tuple[float, float, float]  # macro recall, covered called bare, none found
NONE = len(CLASS_NAMES)
ENLARGE, ROOMS = (1.0, 1.5, 2.0, 3.0), (0.0, 0.1, 0.2, 0.3)
SECOND_SCALES, SECOND_ROOMS = (0.25, 0.35, 0.5), (0.1, 0.15, 0.25, 0.4)


@dataclass(frozen=True, eq=False)
class Judged:
    """An image of one face of class ``class_id``."""

    rgb: Image
    class_id: int


def material(images: Sequence[held_back.HeldBack], view: str, most: int) -> list[Judged]:
    """At most ``most`` images of each class; crops of a size that is asked about, as they are."""
    by_class: dict[int, list[Judged]] = {c: [] for c in range(NONE)}
    for image in images:
        rgb = open_photo(image.path).rgb
        if image.labels is None:
            if view == "crops" and max(rgb.shape[:2]) <= CROP_LONG_SIDE_PX[1]:
                by_class[image.face_class].append(Judged(rgb, image.face_class))
            continue
        for cut in cut_faces(rgb, image.labels, view):
            by_class[cut.class_id].append(Judged(cut.rgb, cut.class_id))
    rng = np.random.default_rng(0)
    return [
        some[i] for some in by_class.values() for i in rng.permutation(len(some))[:most].tolist()
    ]


def figures(
    look: Callable[[Image], Detections], judged: Sequence[Judged], to_ours: NDArray[np.int64]
) -> Figures:
    """Macro recall, covered called bare, and the share in which nothing is found."""
    counts = np.zeros((NONE, NONE + 1))
    for one in judged:
        found = look(one.rgb)
        named = to_ours[found.class_id[found.confidence.argmax()]] if len(found) else NONE
        counts[one.class_id, named] += 1
    there = counts.sum(axis=1) > 0
    recall = counts.diagonal()[there] / counts.sum(axis=1)[there]
    covered = max(1.0, float(counts[1:].sum()))
    return (
        float(recall.mean()),
        float(counts[1:, 0].sum() / covered),
        float(counts[:, NONE].sum() / counts.sum()),
    )


def once(detector: YoloDetector) -> Callable[[Image], Detections]:
    return lambda rgb: detector.detect([rgb])[0]


def show(rows: Iterator[tuple[str, Figures]]) -> None:
    """Each row as it comes, and the best."""
    best, value = "", -np.inf
    for name, (macro, missed, none) in rows:
        print(f"  {name:40}{macro:8.3f}{missed:22.3f}{none:12.3f}", flush=True)
        if macro - 2 * missed > value:
            best, value = name, macro - 2 * missed
    print(f"  best: {best}", flush=True)


def small_rows(
    detector: YoloDetector, judged: Sequence[Judged], to_ours: NDArray[np.int64]
) -> Iterator[tuple[str, Figures]]:
    for enlarge, room in product(ENLARGE, ROOMS):
        sizes = InputSizes(small_px=10_000, enlarge=enlarge, small_room=room)
        look = with_second_looks(detector, sizes)
        name = f"enlarge {enlarge:g}, small_room {room:g}"
        yield name, figures(once(look), judged, to_ours)


def large_rows(
    detector: YoloDetector, judged: Sequence[Judged], to_ours: NDArray[np.int64]
) -> Iterator[tuple[str, Figures]]:
    """The second look alone, on every portrait: how well it sees what it is for."""
    one_look = f"one look at {detector.imgsz} px"
    yield one_look, figures(once(detector), judged, to_ours)
    for scale, room in product(SECOND_SCALES, SECOND_ROOMS):
        px = max(32, round(scale * detector.imgsz / 32) * 32)
        smaller = replace(detector, imgsz=px)

        def look(rgb: Image, d: YoloDetector = smaller, r: float = room) -> Detections:
            return d.detect([with_room(shrunk(rgb, d.imgsz)[0], r)[0]])[0]

        yield f"second_scale {scale:g}, second_room {room:g}", figures(look, judged, to_ours)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detector", type=Path)
    held_back.add_options(parser)
    parser.set_defaults(part="val")
    parser.add_argument("--most", type=int, default=150, help="images of each class (150)")
    args = parser.parse_args()
    if args.part == "test":
        parser.error("--part test: for judging, not for choosing; leave it out")
    images = held_back.read(args)
    detector = load_detector(args.detector)
    to_ours = np.array([int(parse_class(name)) for name in detector.names])
    print(f"{'':42}{'macro':>8}{'covered called bare':>22}{'none found':>12}")
    for view, rows in (("crops", small_rows), ("portraits", large_rows)):
        judged = material(images, view, args.most)
        print(f"{view}: {len(judged)} images", flush=True)
        show(rows(detector, judged, to_ours))
        as_sorted = with_second_looks(detector)
        macro, missed, none = figures(once(as_sorted), judged, to_ours)
        print(f"  {'all looks, as sort_photos does':40}{macro:8.3f}{missed:22.3f}{none:12.3f}")


if __name__ == "__main__":
    main()
