"""Fine-tune any YOLO detector; every argument of `yolo detect train` works here.

    python tools/train_yolo.py model=weights/occlusion.pt epochs=20 imgsz=480 batch=16
    python tools/train_yolo.py model=yolov8n.pt epochs=20 --class-weights cw2 --focal 1.5
    python tools/train_yolo.py model=yolov7-tiny --from-weights my.pt epochs=100 patience=20
    python tools/train_yolo.py model=yolo11n.pt epochs=20 freeze=10 --seed 1 --kfold 5 name=cross
    python tools/train_yolo.py model=runs/detect/train/weights/last.pt resume=true
    python tools/list_runs.py

model= is a .pt file, a network's YAML, or a name: yolov5n, yolov7-tiny, yolov7, yolov8n, yolo11n,
yolo26n and their sizes start from scratch. Nothing is downloaded. Weights of another size or class
count give what fits; it is said how much. Repeat factors: tools/balance_dataset.py --repeat.
cw1 = 1 - n/N and cw2 = N/(C n) weigh each class in the loss by its boxes n in the training split.
--kfold trains on train and val, like images stay in one fold; given again, it goes on where it
was stopped. --wandb writes files into the run's folder. --wandb-online sends them to Weights &
Biases, with images of training batches. Build the data first: tools/build_dataset.py.
Exit code: 0 done, 1 a problem, 2 usage.
"""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError
from facesort.paths import project, project_config


def folds(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= 100:
        raise ArgumentTypeError(f"{text}: expected 2 to 100 folds")
    return int(text)


def exponent(text: str) -> float:
    if not 0 < float(text) <= 10:
        raise ArgumentTypeError(f"{text}: expected more than 0, at most 10")
    return float(text)


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--model", required=True, help="what to start from: .pt, .yaml or a name")
    add("--data", type=console.path, help="data set YAML (default: data_configs/occlusion.yaml)")
    add("--from-weights", metavar="FILE.pt", help="take what fits from these weights")
    add("--class-weights", metavar="cw1|cw2|FILE", help="FILE: class_weights.json, or name: weight")
    add("--focal", type=exponent, metavar="GAMMA", help="focal loss: easy faces count less")
    add("--kfold", type=folds, metavar="K", help="train K times; print mean and deviation")
    add("--bf16-cpu", action="store_true", help="train in bfloat16 on the processor, faster there")
    add("--wandb", action="store_true", help="log in the files of Weights & Biases")
    add("--wandb-online", action="store_true", help="... and send them to its maker")
    add("--tensorboard", action="store_true", help="log to TensorBoard, where it is installed")
    return parser.parse_known_args(argv)


def class_weights(choice: str | None):
    """The function that weighs classes by their training boxes."""
    from facesort.dataset.balance.sampling import ClassWeights
    from facesort.models.training.trainer import weights_of_file

    if choice in ("cw1", "cw2"):
        return lambda counts, _names: getattr(ClassWeights.of(counts[None]), choice)
    return weights_of_file(Path(choice).expanduser()) if choice else None


def cross_validate(args, extras, overrides) -> None:
    from facesort.dataset.folds import read_folds, write_folds
    from facesort.models.training import kfold

    out = Path(overrides.pop("project")) / str(overrides.pop("name", f"kfold{args.kfold}"))
    dealt = read_folds(args.data, args.kfold, console.progress)
    for reason, number in dealt.left_out.items():
        print(f"left out, {console.one_line(reason)}: {number:,}")
    print(f"{len(dealt.images):,} images, {dealt.groups:,} groups in {args.kfold} folds")
    kfold.begin(out, extras.command, dealt.digest())
    figures = kfold.train_folds(args.model, write_folds(dealt, out), out, extras, **overrides)
    print(kfold.table(figures))
    print(f"written to {out / kfold.RESULTS}")


def main(argv: Sequence[str]) -> None:
    args, rest = arguments(argv)
    from facesort.models.training.start import parse_overrides, read_pairs
    from facesort.models.training.train import Extras, train

    overrides = parse_overrides(read_pairs(rest))
    if args.kfold and overrides.get("resume"):
        raise UsageError("resume=true: --kfold goes on by itself; leave resume out, keep name=")
    if args.from_weights:
        overrides["pretrained"] = args.from_weights
    if not overrides.get("resume"):
        args.data = args.data or project_config("occlusion.yaml")
        runs = Path(overrides.get("project") or project() / "runs" / "detect")
        overrides["project"] = str(runs.expanduser().resolve())
    extras = Extras(
        bf16_cpu=args.bf16_cpu,
        weigh=class_weights(args.class_weights),
        focal=args.focal,
        wandb="online" if args.wandb_online else "offline" if args.wandb else None,
        tensorboard=args.tensorboard,
        command=shlex.join(["python", "tools/train_yolo.py", *argv]),
        say=print,
    )
    if args.kfold:
        cross_validate(args, extras, overrides)
        return
    done = train(args.model, args.data, extras, **overrides)
    print(f"best weights: {done.best}; next: python tools/yolo_to_onnx.py --weights {done.best}")


if __name__ == "__main__":
    console.run(main)
