"""How long does converting labels take, beside supervision's loader on the same files?

    python -m venv sv && sv/bin/python -m pip install supervision
    python tests/benchmarks/conversion.py --supervision sv/bin/python
    python tests/benchmarks/conversion.py --supervision sv/bin/python --scenes scenes_voc --rounds 5

Ours reads, checks and maps every box and writes a whole data set (labels, and images as hard
links); supervision's loader (`DetectionDataset.from_pascal_voc`, `from_yolo`) only reads. Each
round is a new process; what counts is the best round, without imports. Exit code 1 where ours
takes more than --most times as long. Without --scenes, images and boxes are drawn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
sys.path.insert(0, str(TOOLS))

NAMES = ("with_mask", "without_mask", "mask_worn_wrong")
OURS = """
import contextlib, io, sys, time
sys.path.insert(0, {tools!r})
import numpy, yaml, PIL.JpegImagePlugin, PIL.PngImagePlugin
import labels_to_yolo
from facesort.dataset.convert import conversion, label_reader
began = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    labels_to_yolo.main({argv!r})
print(time.perf_counter() - began)
"""
THEIRS = """
import time
import supervision as sv
began = time.perf_counter()
data = sv.DetectionDataset.{call}
print(time.perf_counter() - began)
assert len(data) == {count}, len(data)
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--supervision", type=Path, help="a Python that has it; else only ours")
    parser.add_argument("--scenes", type=Path, help="a folder with images/ and annotations/*.xml")
    parser.add_argument("--count", type=int, default=853, help="files (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--most", type=float, default=2.0, help="times as long (default: 2)")
    args = parser.parse_args()
    slow = False
    with TemporaryDirectory(prefix="conversion_") as folder:
        sets = make_sets(Path(folder), args.scenes, args.count)
        print(f"{'':6}{'files':>6}{'ours, s':>10}{'files/s':>9}{'loader, s':>11}{'ratio':>7}")
        for form, (argv, call) in sets.items():
            ours, theirs = [], []
            for number in range(args.rounds):  # turn by turn: other work here meets both
                out = Path(folder) / f"out_{form}_{number}"  # to delete files slows the disk down
                code = OURS.format(tools=str(TOOLS), argv=[*argv, "--out", str(out)])
                ours.append(seconds(Path(sys.executable), code))
                if args.supervision:
                    code = THEIRS.format(call=call, count=args.count)
                    theirs.append(seconds(args.supervision, code))
            best = min(ours)
            line = f"{form:6}{args.count:>6}{best:>10.2f}{args.count / best:>9.0f}"
            if theirs:
                ratio = best / min(theirs)
                line += f"{min(theirs):>11.2f}{ratio:>7.2f}"
                slow |= ratio > args.most
            print(line)
    return int(slow)


def seconds(python: Path, code: str) -> float:
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python}: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[0])


def make_sets(folder: Path, scenes: Path | None, count: int) -> dict[str, tuple[list[str], str]]:
    """Per format: the arguments of labels_to_yolo.py, and supervision's call."""
    from facesort.dataset.convert.conversion import write_labels
    from facesort.labels import voc
    from facesort.labels.image_labels import LabelSet
    from facesort.labels.resolve import Reading

    if scenes:
        labels = voc.read_folder(scenes / "annotations", Reading(scenes / "images"))
        labels = LabelSet(labels.names, labels.images[:count], labels.root)
    else:
        labels = drawn(folder / "drawn", count)
    if len(labels.images) != count:
        sys.exit(f"{scenes}: {len(labels.images)} labelled images; pass --count")
    for form in ("voc", "yolo"):
        write_labels(labels, form, folder / form, "train")
    images, annotations = folder / "voc/train/images", folder / "voc/train/annotations"
    table = [f"{name}=masked" for name in labels.names]
    train = folder / "yolo"
    return {
        "voc": (
            [str(annotations), "--images", str(images), "--map", *table],
            f"from_pascal_voc({str(images)!r}, {str(annotations)!r})",
        ),
        "yolo": (
            [str(train), "--split", "train", "--map", *table],
            f"from_yolo({str(train / 'images/train')!r}, {str(train / 'labels/train')!r}, "
            f"{str(train / 'data.yaml')!r})",
        ),
    }


def drawn(folder: Path, count: int):
    """Noise of 640 x 480 with one to nine boxes each."""
    from PIL import Image

    from facesort.labels.image_labels import ImageLabels, LabelSet

    folder.mkdir()
    random, images = np.random.default_rng(0), []
    noise = random.integers(0, 255, (480, 640, 3), dtype=np.uint8)
    for number in range(count):
        path = folder / f"{number:04}.jpg"
        Image.fromarray(np.roll(noise, number, axis=1)).save(path, quality=80)
        n = random.integers(1, 10)
        left_top = random.integers(0, 400, (n, 2))
        boxes = np.hstack([left_top, left_top + random.integers(10, 80, (n, 2))])
        ids = random.integers(0, len(NAMES), n)
        images.append(ImageLabels.of(path, (640, 480), boxes, ids))
    return LabelSet(NAMES, tuple(images), folder)


if __name__ == "__main__":
    sys.exit(main())
