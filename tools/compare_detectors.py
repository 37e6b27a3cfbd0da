"""How many faces do well-known detectors find, bare and covered, beside ours, and at what cost?

    python tools/compare_detectors.py data_configs/occlusion.yaml --split test
    python tools/compare_detectors.py crops --imgsz 256 640 --pad 0.5
    python tools/compare_detectors.py crops/four_class.csv --class masked_sunglasses \\
        --yunet face_detection_yunet_2023mar.onnx --scrfd scrfd_2.5g_bnkps.onnx > table.md

FOLDER is a data set YAML, a folder of labels (Pascal VOC, YOLO, COCO, CreateML ...), or face crops
in class folders or with a CSV (image,class). Standard output: a Markdown table with counts, and
what is not available here with the way to have it. Nothing is downloaded: packages that are
installed are used, and weights are given by path.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console

ROOT = Path(__file__).resolve().parents[1]


def arguments(argv: Sequence[str]) -> Namespace:
    from facesort.classes import CLASS_NAMES
    from facesort.evaluate.baselines.detectors import BASELINES

    parser = console.parser(__doc__)
    add = parser.add_argument
    add("source", type=console.path, metavar="FOLDER")
    add("--split", default="test", help="of a data set YAML (default: %(default)s)")
    add("--map", nargs="+", default=[], metavar="NAME=CLASS", help="class names of the source")
    add("--class", dest="only", choices=CLASS_NAMES, help="only images with such a face")
    add("--min-size", type=console.length_px, default=32, help="pixels (default: %(default)s)")
    add("--pad", type=console.fraction, default=0, help="grey border around crops, of their size")
    add("--weights", type=console.path, help="our model (default: weights/occlusion.onnx)")
    add("--int8", type=console.path, help="our model in INT8")
    add("--imgsz", type=console.network_px, nargs="+", help="sizes of ours (default: the model's)")
    for baseline in BASELINES:
        if baseline.option:
            add(f"--{baseline.option}", type=console.path, help=f"weights of {baseline.name}")
    return parser.parse_args(argv)


def open_all(args: Namespace):
    """The detectors that run here, and what the others lack."""
    from facesort.evaluate.baselines.detectors import BASELINES, NotInstalled, open_baseline, ours

    models = [args.weights or ROOT / "weights" / "occlusion.onnx", *filter(None, [args.int8])]
    own = [ours(model, size) for model in models for size in args.imgsz or [None]]
    finders, not_here = {}, {}
    for baseline in [*own, *BASELINES]:
        weights = getattr(args, baseline.option.replace("-", "_")) if baseline.option else None
        try:
            finders[baseline.name] = open_baseline(baseline, weights)
        except NotInstalled as error:
            not_here[baseline.name] = str(error)
    if args.int8 is None:
        not_here["ours in INT8"] = "give --int8 FILE"
    return finders, not_here


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.classes import FaceClass
    from facesort.evaluate.baselines.comparison import as_markdown, compare, read_truth
    from facesort.labels.class_table import parse_map

    truth = read_truth(args.source, args.split, parse_map(args.map))
    if args.only:
        truth = truth.with_class(FaceClass[args.only])
    finders, not_here = open_all(args)
    result = compare(finders, truth, args.min_size, args.pad, console.progress)
    print(as_markdown(result, not_here))
    for reason, count in sorted(truth.left_out.items()):
        print(f"left out: {count:,} {reason}", file=sys.stderr)
    for line in result.unreadable:
        print(f"left out: {console.one_line(line)}", file=sys.stderr)
    return 1 if result.unreadable else 0


if __name__ == "__main__":
    console.run(main)
