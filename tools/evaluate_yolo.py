"""Say how well a model does: per class, with counts, intervals, confusion, speed and a verdict.

    python tools/evaluate_yolo.py                                # the test split, on one screen
    python tools/evaluate_yolo.py --choose-on val --out runs/evaluate/occlusion   # a whole report
    python tools/evaluate_yolo.py --weights weights/occlusion.pt --split val --min-size 0
    python tools/evaluate_yolo.py --split val --precision 0.95   # which confidence gives that?
    python tools/evaluate_yolo.py --crops crops/                 # class folders, or image,class CSV
    python tools/evaluate_yolo.py --compare a.onnx b.onnx c.pt --choose-on val --out runs/abc
    python tools/evaluate_yolo.py --bars "15MB 90% 6ms AP50>=0.9 crops_recall_sunglasses>=92%"
    python tools/evaluate_yolo.py --protocol widerface --ground-truth DIR --predictions DIR
    python tools/evaluate_yolo.py --protocol widerface --images WIDER_val/images --predictions NEW

--out writes report.html (one file, with the worst errors as images), report.md (no images) and
report.json. Faces below --min-size pixels (shorter side) are ignored: neither missed nor wrong.
--protocol widerface judges a folder of event/image.txt files (x y w h score a line) by the
wider_easy_val.mat, wider_medium_val.mat and wider_hard_val.mat of WIDER FACE, and by the per-image
score of SNU_FaceDetection where --snu-labels gives label.txt; --images writes such files first.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.paths import config

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "weights" / "occlusion.onnx"
DATA = config("occlusion.yaml")


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    file = {"type": console.path, "metavar": "FILE"}
    folder = {"type": console.path, "metavar": "DIR"}
    add("--weights", **file, help=f".onnx, INT8 too, or .pt (default: weights/{WEIGHTS.name})")
    add("--compare", **file | {"nargs": "+"}, help="two models or more, side by side")
    add("--data", **file, help=f"data set YAML (default: data_configs/{DATA.name})")
    add("--split", default="test", help="train, val or test (default: %(default)s)")
    add("--crops", **file | {"metavar": "DIR|CSV"}, help="face crops; alone, or beside --data")
    add("--min-size", type=console.length_px, default=32, help="pixels (default: %(default)s)")
    add("--conf", type=console.fraction, help="for all but AP (default: the model's own)")
    add("--choose-on", metavar="SPLIT", help="take the confidence of the best mean F1 there")
    add("--precision", type=console.fraction, help="say which confidence reaches this precision")
    add("--imgsz", type=console.network_px, help="longer side at which the network looks, px")
    add("--threads", type=count, default=1, help="of the timing (default: %(default)s)")
    add("--bars", default="15MB 90% 6ms", help="of the verdict (default: %(default)s)")
    add("--out", **folder, help="write a report into this folder")
    add("--pictures", type=int, default=24, help="worst errors shown a kind (default: 24)")
    add("--protocol", choices=["widerface"], help="judge prediction files by a benchmark's rules")
    add("--ground-truth", **folder, help="the benchmark's own files")
    add("--predictions", **folder, help="prediction files")
    add("--images", **folder, help="the benchmark's images: predict first, into --predictions")
    add("--snu-labels", **file, help="label.txt with difficulties")
    args = parser.parse_args(argv)
    problem = contradiction(args)
    if problem:
        parser.error(problem)
    return args


def contradiction(args) -> str:
    """What cannot be meant, in words, or nothing."""
    wider = args.ground_truth or args.images or args.snu_labels
    if args.protocol and not (args.predictions and wider):
        return "--protocol widerface: needs --ground-truth DIR and --predictions DIR"
    if not args.protocol and (args.predictions or wider):
        return "--predictions and what goes with it: pass --protocol widerface as well"
    if args.choose_on and args.conf is not None:
        return "--conf and --choose-on: pass one of them"
    if args.compare and args.weights:
        return "--compare and --weights: pass one of them"
    if args.crops and not args.data and (args.choose_on or args.precision):
        return "--choose-on and --precision: need --data beside --crops"
    return ""


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    if args.protocol:
        judge_widerface(args)
    else:
        judge_models(args, shlex.join(["python", "tools/evaluate_yolo.py", *argv]))


def judge_widerface(args) -> None:
    from facesort.evaluate.snu import evaluate_snu
    from facesort.evaluate.wider import evaluate_wider

    if args.images:
        write_predictions(args)
    if args.ground_truth:
        result = evaluate_wider(args.ground_truth, args.predictions)
        predicted = f"{result.predicted:,} of {result.images:,} images"
        print(f"WIDER FACE val: {predicted} have predictions")
        for subset, ap in result.ap.items():
            print(f"{subset:8}{ap:7.4f}{result.faces[subset]:>9,} faces")
    if args.snu_labels:
        score = evaluate_snu(args.snu_labels, args.predictions)
        levels = ", ".join(f"{name} {value:.4f}" for name, value in score.by_level.items())
        print(f"SNU per-image score: {score.mean:.4f} of {score.images:,} images ({levels})")


def write_predictions(args) -> None:
    from facesort.evaluate.report.plain import sum_of
    from facesort.evaluate.wider import write_predictions
    from facesort.models.detect import load_detector

    detector = load_detector(args.weights or WEIGHTS, imgsz=args.imgsz, threads=0)
    written = write_predictions(detector, args.images, args.predictions, console.progress)
    came_in = written.files + written.left_out.total()
    print(sum_of(came_in, written.files, written.left_out, "written"))


def judge_models(args, command: str) -> None:
    from facesort.evaluate.evaluation import Request, evaluate_all
    from facesort.evaluate.regression_gate import check_criteria, in_one_line, parse_criteria
    from facesort.evaluate.report import plain
    from facesort.evaluate.report.pages import write_report
    from facesort.files import numbered_folder

    bars = parse_criteria(args.bars)
    asked = Request(
        data=args.data or (None if args.crops else DATA),
        split=args.split,
        crops=args.crops,
        conf=args.conf,
        choose_on=args.choose_on,
        imgsz=args.imgsz,
        min_side_px=args.min_size,
        threads=args.threads,
    )
    models = evaluate_all(args.compare or [args.weights or WEIGHTS], asked, console.progress)
    if len(models) > 1:
        print(plain.of_models({name: model.overall for name, model in models.items()}))
    for name, model in models.items():
        several = f"\n{name}: {plain.speed(model)}"
        print(several if len(models) > 1 else plain.of_model(name, model, asked))
        print(in_one_line(check_criteria(bars, model.figures())))
        if args.precision and model.split:
            show_precision(model.split.seen, args.precision, args.min_size)
    if args.out:
        page = write_report(models, asked, bars, numbered_folder(args.out), command, args.pictures)
        print(f"report: {page}")


def show_precision(seen, precision: float, min_side_px: float) -> None:
    from facesort.evaluate.reliability import choose

    chosen = choose(seen.truth, seen.found, precision, min_side_px)
    print(
        f"\nprecision {chosen.precision:.3f} from confidence {chosen.confidence:.3f} on; "
        f"it covers {chosen.recall:.3f} of all faces"
    )


if __name__ == "__main__":
    console.run(main)
