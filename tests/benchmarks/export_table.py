"""One table of the exports of a model: MB, milliseconds, faces that agree with the ONNX file.

    python tools/yolo_to_onnx.py --ncnn --litert --coreml --imgsz 320 --out exports/my.onnx
    python tests/benchmarks/export_table.py exports/my.onnx exports/my.tflite exports/my_ncnn_model

The first file is what the others are held against, square, at --imgsz. A face agrees where the
other finds one of the same class that overlaps it by half; the worst overlap stands beside it.
Times are of the network alone on one thread, in turns; the fastest counts on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--imgsz", type=int, default=320)
    parser.add_argument("--images", type=Path, help="folder (default: the sample album)")
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--mobile-env", type=Path, default=ROOT / ".venv-mobile")
    args = parser.parse_args()

    import numpy as np
    from yolo_to_onnx import load_images

    from facesort.models.parity import compare
    from facesort.models.runtime import in_turns_ms
    from facesort.photos import list_photos, open_photo

    if args.images:
        paths = [found.path for found in list_photos(args.images).photos][: args.most]
        images = [open_photo(path, 1280).rgb for path in paths]
    else:
        images = load_images(None)
    with ExitStack() as stack:
        detectors = {file.name: detector_of(file, args, stack) for file in args.files}
        first = next(d for d in detectors.values() if d)
        pixels = np.zeros((1, 3, args.imgsz, args.imgsz), np.float32)
        calls = {name: (lambda d=d: d.forward(pixels)) for name, d in detectors.items() if d}
        times = in_turns_ms(calls, args.rounds)
        print(
            f"{processor()}, one thread, {args.imgsz} x {args.imgsz}, load {os.getloadavg()[0]:.0f}"
        )
        print("| file | MB | ms, fastest (median) | faces that agree | worst overlap | raw |")
        print("|---|---|---|---|---|---|")
        for file in args.files:
            detector, size = detectors[file.name], megabytes(file)
            if detector is None:
                print(f"| {file.name} | {size:.1f} | needs a Mac | | | |")
                continue
            parity, ms = compare(first, detector, images), times[file.name]
            print(
                f"| {file.name} | {size:.1f} | {ms.min():.1f} ({np.median(ms):.1f}) | "
                f"{parity.found_again} of {parity.faces} | {parity.min_iou:.4f} | "
                f"{parity.max_abs:.0e} |"
            )


def detector_of(file: Path, args: argparse.Namespace, stack: ExitStack):
    """How ``file`` is run; None for what cannot be run here."""
    from facesort.models.detect import load_detector
    from facesort.models.mobile.environment import find_python, running

    if file.suffix == ".mlpackage":
        return None
    if file.suffix in (".onnx", ".xml") or file.is_dir():
        return replace(load_detector(file, imgsz=args.imgsz), square=True)
    original = replace(load_detector(args.files[0], imgsz=args.imgsz), square=True)
    run = stack.enter_context(running(find_python(args.mobile_env), file))
    return replace(original, forward=lambda pixels: run(pixels)[0])


def megabytes(file: Path) -> float:
    parts = [path for path in file.rglob("*") if path.is_file()] if file.is_dir() else [file]
    if file.suffix == ".xml":
        parts.append(file.with_suffix(".bin"))
    return sum(path.stat().st_size for path in parts) / 1e6


def processor() -> str:
    """Its name, and whether it has the instructions that 8 bits want."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in lines.items()}
    has = "with" if "vnni" in named.get("flags", "") else "without"
    return f"{named.get('model name', platform.machine())} ({has} VNNI)"


if __name__ == "__main__":
    main()
