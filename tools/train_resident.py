"""Train the detector with all data on the accelerator, for machines with a slow loader.

python tools/train_resident.py packed --weights yolov8n-face.pt --seconds 540 --out runs/resident
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console

ROOT = Path(__file__).resolve().parents[1]


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, help="packed data set: images and index.json")
    add("--network", default="yolov8n", help="architecture (default: %(default)s)")
    add("--weights", type=console.path, help="take what fits from this checkpoint")
    add("--seconds", type=float, required=True, help="how long to train")
    add("--stage", type=float, default=0.0, help="seconds after which images of group 1 join in")
    add("--batch", type=int, default=128, help="images a step (default: %(default)s)")
    add("--lr", type=float, default=1.5e-3, help="highest learning rate (default: %(default)s)")
    add("--seed", type=int, default=0)
    add("--device", default="cuda", help="cuda or cpu (default: %(default)s)")
    add("--out", type=console.path, default=ROOT / "runs" / "resident")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import torch

    from facesort.models.training.resident import loop
    from facesort.models.training.resident.packed import read_packed
    from facesort.models.training.resident.pool import ImagePool

    device = torch.device(args.device)
    pool = ImagePool(read_packed(args.data), device)
    print(f"{len(pool):,} images on {device}", flush=True)
    model = loop.start_network(args.network, args.weights, device)
    plan = loop.Schedule(args.seconds, args.stage, args.batch, args.lr, seed=args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    recipe = {"model": args.network, "batch": args.batch, "lr0": args.lr, "seed": args.seed}

    def save(average, name: str) -> None:
        loop.save_checkpoint(average, args.out / f"{name}.pt", recipe)

    loop.train(model, pool, plan, save, lambda line: print(line, flush=True))
    print(f"best weights: {args.out / 'last.pt'}")


if __name__ == "__main__":
    console.run(main)
