"""Train a detector with all images on the accelerator: no loader, augmentation on the device.

    python tools/train_resident.py data_configs/occlusion.yaml --weights face.pt --seconds 540
    python tools/train_resident.py all.yaml --weights yolov8n-face.pt --seconds 540 --stage 250 \\
        --late airport_ street_ --weight crop_=0.45 cross_=0.5

A machine with a fast accelerator and few processors waits for its loader; this does not: one H100
draws, turns, mirrors, darkens and compresses 950 images of 640 px a second and learns from them
meanwhile. Sizes change from batch to batch (224 to 640 px), for the sorter looks at small images at
their own size. --late holds sources back until --stage seconds; stage.pt, kept just before, was
trained without them and can be judged on them. Always leave time to save: training ends after
--seconds, loading comes on top. Without an accelerator, a processor that computes in bfloat16 (AMX)
can fine-tune: --device cpu --batch 32 --freeze 4, with jemalloc (LD_PRELOAD=libjemalloc.so.2: 1.8
times as many steps a minute; MALLOC_CONF=thp:always spares more) and nothing else on its cores.
Exit code: 0 done, 1 a problem, 2 usage.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace

from facesort import console
from facesort.paths import project


def factor(text: str) -> tuple[str, float]:
    prefix, found, value = text.partition("=")
    if not found or not 0 < float(value) <= 100:
        raise ArgumentTypeError(f"{text}: expected PREFIX=NUMBER, above 0, at most 100")
    return prefix, float(value)


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, help="data set YAML with the four classes; train is used")
    add("--network", default="yolov8n", help="architecture (default: %(default)s)")
    add("--weights", type=console.path, help="take what fits from this checkpoint")
    add("--seconds", type=float, required=True, help="how long to train")
    add("--stage", type=float, default=0.0, metavar="S", help="seconds until --late joins in")
    add("--late", nargs="+", default=[], metavar="PREFIX", help="file names held back until then")
    add(
        "--weight", nargs="+", type=factor, default=[], metavar="PREFIX=X", help="draw more or less"
    )
    add("--batch", type=int, default=128, help="images a step (default: %(default)s)")
    add("--lr", type=float, default=1.5e-3, help="highest learning rate (default: %(default)s)")
    add(
        "--largest",
        type=int,
        default=640,
        choices=[256, 448, 640],
        help="train on no larger images than these px (default: %(default)s)",
    )
    add(
        "--freeze",
        type=int,
        default=0,
        metavar="N",
        help="leave the first N layers and all running means alone: a step takes half the time",
    )
    add("--seed", type=int, default=0, help="of every choice (default: %(default)s)")
    add("--device", default="cuda", help="cuda or cpu (default: %(default)s)")
    add("--out", type=console.path, default=project() / "runs" / "resident", help="folder to fill")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.dataset.yolo_dataset import read_config
    from facesort.errors import UsageError
    from facesort.packages import require

    require("torch", "ultralytics", what="training")
    import torch

    from facesort.models.training.resident import loop
    from facesort.models.training.resident.pool import ImagePool, load_images

    if args.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: there is none here; pass --device cpu, which is slow")
    labels = [(one.path, one.xyxy_px, one.class_id) for one in read_config(args.data).read("train")]
    images = load_images(labels, dict(args.weight), args.late, args.largest)
    pool = ImagePool(images, torch.device(args.device))
    del images  # a second copy of every image
    print(f"{len(pool):,} images on {args.device}", flush=True)
    model = loop.start_network(args.network, args.weights, pool.device)
    plan = loop.Schedule(args.seconds, args.stage, args.batch, args.lr, seed=args.seed)
    plan = replace(plan, largest_px=args.largest, frozen=args.freeze)
    args.out.mkdir(parents=True, exist_ok=True)
    recipe = {"model": args.network, "batch": args.batch, "lr0": args.lr, "seed": args.seed}

    def save(average, name: str) -> None:
        loop.save_checkpoint(average, args.out / f"{name}.pt", recipe)

    loop.train(model, pool, plan, save, lambda line: print(line, flush=True))
    print(f"written to {args.out / 'last.pt'}; next: python tools/calibrate_yolo.py")


if __name__ == "__main__":
    console.run(main)
