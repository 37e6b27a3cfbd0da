"""Milliseconds that check_selfie takes for one photo after its start, and what its looks need.

    python tests/benchmarks/selfie_latency.py
    python tests/benchmarks/selfie_latency.py --rounds 200 --weights weights/occlusion.onnx

The photo is a 640 x 480 JPEG made from the portrait that scikit-image carries. Rounds alternate
between the network alone (its input ready) and the whole check (decode, detect, measure, judge), so
that a noisy machine is noisy to both; the figure that counts is the ratio. CPU time is that of all
threads together, which other programs on the machine hardly change.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))


def portrait() -> bytes:
    from PIL import Image
    from skimage.data import astronaut

    file = io.BytesIO()
    Image.fromarray(astronaut()[:384]).resize((640, 480)).save(file, "JPEG", quality=90)
    return file.getvalue()


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the clock, and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1, help="0: all cores; check_selfie has 1")
    weights = ROOT / "weights"
    parser.add_argument("--weights", type=Path, default=weights / "occlusion-int8.onnx")
    parser.add_argument("--points", type=Path, default=weights / "face_points.onnx")
    args = parser.parse_args()

    from facesort.media.selfie_check import SelfieChecker
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.letterbox import letterbox
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo
    from facesort.selfie.check import Verdict
    from facesort.selfie.limits import read_limits

    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    detector = load_detector(args.weights, imgsz=limits.network_px, threads=args.threads)
    checker = SelfieChecker(with_second_looks(detector), load_point_finder(args.points), limits)
    data = portrait()
    pixels, _ = letterbox(open_photo(data).rgb, limits.network_px)

    def check() -> Verdict:
        return checker.check(open_photo(data, 1280))[0]

    if not check().usable:
        raise RuntimeError(f"the portrait should be usable: {check()}")
    parts: dict[str, Callable[[], object]] = {
        "network": lambda: detector.forward(pixels),
        "decode": lambda: open_photo(data, 1280),
        "whole check": check,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    for _ in range(args.rounds):
        for name, call in parts.items():
            times[name].append(timed(call))
    print(f"{'ms':12}{'median':>8}{'fastest':>9}{'CPU median':>12}")
    for name, pairs in times.items():
        wall, cpu = zip(*pairs, strict=True)
        print(
            f"{name:12}{statistics.median(wall):8.1f}{min(wall):9.1f}{statistics.median(cpu):12.1f}"
        )
    cpu_ms = {name: statistics.median(cpu for _, cpu in pairs) for name, pairs in times.items()}
    ratio = cpu_ms["whole check"] / cpu_ms["network"]
    print(f"the whole check costs {ratio:.2f} times the network; {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
