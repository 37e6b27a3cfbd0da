"""Say how well a model does on one split of a data set: per class, with counts and confusion.

    python tools/evaluate_yolo.py
    python tools/evaluate_yolo.py --weights weights/occlusion.pt --split val --min-size 0
    python tools/evaluate_yolo.py --split val --precision 0.95    # which confidence gives that?
    python tools/evaluate_yolo.py --protocol widerface --ground-truth DIR --predictions DIR

Faces below --min-size pixels (shorter side) are ignored: neither missed nor wrong.
--protocol widerface judges a folder of event/picture.txt files (x y w h score a line) by the
wider_easy_val.mat, wider_medium_val.mat and wider_hard_val.mat of WIDER FACE.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console

ROOT = Path(__file__).resolve().parents[1]


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add(
        "--weights",
        type=console.path,
        default=ROOT / "weights" / "occlusion.onnx",
        help=".onnx or .pt",
    )
    add(
        "--data",
        type=console.path,
        default=ROOT / "data_configs" / "occlusion.yaml",
        help="data set YAML",
    )
    add("--split", default="test", help="train, val or test (default: %(default)s)")
    add("--min-size", type=console.length_px, default=32, help="pixels (default: %(default)s)")
    add(
        "--conf",
        type=console.fraction,
        help="for precision, recall, confusion (default: the model's own)",
    )
    add("--precision", type=console.fraction, help="say which confidence reaches this precision")
    add(
        "--imgsz",
        type=console.network_px,
        help="longer side at which the network looks (default: the model's)",
    )
    add("--protocol", choices=["widerface"], help="judge prediction files by a benchmark's rules")
    add("--ground-truth", type=console.path, help="folder of the benchmark's own files")
    add("--predictions", type=console.path, help="folder of prediction files")
    args = parser.parse_args(argv)
    if args.protocol and not (args.ground_truth and args.predictions):
        parser.error("--protocol widerface: needs --ground-truth DIR and --predictions DIR")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    if args.protocol:
        judge_widerface(args)
    else:
        judge_split(args)


def judge_widerface(args) -> None:
    from facesort.evaluate.wider import evaluate_wider

    result = evaluate_wider(args.ground_truth, args.predictions)
    print(f"WIDER FACE val: {result.predicted:,} of {result.pictures:,} pictures have predictions")
    for subset, ap in result.ap.items():
        print(f"{subset:8}{ap:7.4f}{result.faces[subset]:>9,} faces")


def judge_split(args) -> None:
    from facesort.dataset.config import read_config
    from facesort.evaluate.report import as_text, evaluate, predict
    from facesort.evaluate.threshold import choose
    from facesort.models.detect import load_detector

    detector = load_detector(args.weights, args.conf, args.imgsz, threads=0)
    truth = read_config(args.data).read(args.split)
    found = predict(detector, console.progress(truth, len(truth), "photo"))
    report = evaluate(truth, found, detector.names, detector.conf, args.min_size)
    print(f"{args.weights.name} at {detector.imgsz} px on {args.data.name}, {args.split}")
    print(as_text(report))
    if args.precision:
        chosen = choose(truth, found, args.precision, args.min_size)
        print(
            f"\nprecision {chosen.precision:.3f} from confidence {chosen.confidence:.3f} on; "
            f"it covers {chosen.coverage:.3f} of all faces"
        )


if __name__ == "__main__":
    console.run(main)
