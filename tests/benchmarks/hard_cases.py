"""Hard cases by name: found, rightly named, and which of the two bits is wrong; with counts.

    python tests/benchmarks/hard_cases.py weights/occlusion.onnx --yolo wild=photos/wild \\
        --scenes photos/scenes_voc
    python tests/benchmarks/hard_cases.py weights/occlusion.onnx --yolo wild=photos/wild --plain

Faces are from held-back images (val and test). Some cases were looked at one by one
(hard_cases.csv), some follow from source or size, some are made: turned, darkened, drawn on. Cases
of few faces say little: read their counts.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import held_back
import numpy as np

sys.path.insert(0, str(held_back.ROOT / "tools"))

import hard_sets
from any_detector import Detect, load_any

from facesort.boxes import iou_matrix
from facesort.classes import FaceClass

MIN_IOU = 0.3  # hand-drawn, tight and turned boxes differ


def outcome(shown: hard_sets.Shown, detect: Detect) -> int:
    """The class that the face was given, -1 where it was not found; without a face, how many were
    found."""
    found = detect("", shown.rgb)
    if shown.xyxy_px is None:
        return len(found)
    overlap = iou_matrix(shown.xyxy_px, found.xyxy_px)[0]
    if not len(found) or overlap.max() < MIN_IOU:
        return -1
    return int(found.class_id[overlap.argmax()])


def rows(shown: Iterator[hard_sets.Shown], detect: Detect) -> dict[str, list[tuple[int, int]]]:
    """(true class, outcome) of each face of each case."""
    cases: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in shown:
        cases[one.case].append((one.class_id, outcome(one, detect)))
    return cases


def line(case: str, pairs: list[tuple[int, int]]) -> str:
    true, named = np.array(pairs).T
    count = len(pairs)
    if case.startswith("no face"):
        with_alarm = int((named > 0).sum())
        return f"{case:34}{count:>6}  images with a false alarm: {with_alarm}"
    found = named >= 0
    mouth = [FaceClass(t).mouth_covered != FaceClass(n).mouth_covered for t, n in pairs if n >= 0]
    eyes = [FaceClass(t).eyes_covered != FaceClass(n).eyes_covered for t, n in pairs if n >= 0]
    right = int((true == named).sum())
    low, high = wilson(right, count)
    return (
        f"{case:34}{count:>6}{int(found.sum()):>7}{right:>7}  {right / count:.3f} "
        f"[{low:.3f}, {high:.3f}]{sum(mouth):>8}{sum(eyes):>8}"
    )


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927)."""
    z, share = 1.96, right / count
    middle = share + z * z / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    return float((middle - spread) / whole), float((middle + spread) / whole)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detector", type=Path)
    held_back.add_options(parser)
    parser.add_argument("--conf", type=float, default=None)
    parser.add_argument("--plain", action="store_true", help="one look at one size")
    args = parser.parse_args()
    detect = load_any(args.detector, args.conf, plain=args.plain)
    images = held_back.read(args, ("val", "test"))
    shown = chain(
        hard_sets.looked_at(images),
        hard_sets.by_source_and_size(images),
        hard_sets.made(images),
        hard_sets.without_faces(images),
    )
    cases = rows(shown, detect)
    print(f"{'case':34}{'faces':>6}{'found':>7}{'right':>7}{'':25}{'mouth':>8}{'eyes':>8} wrong")
    for case, pairs in cases.items():
        print(line(case, pairs))


if __name__ == "__main__":
    main()
