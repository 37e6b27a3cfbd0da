"""Compare models: speed, size, memory and accuracy of each file in each program that runs it.

    python tools/benchmark_models.py
    python tools/benchmark_models.py --models best.pt best.onnx best-int8.onnx --imgsz 640 320
    python tools/benchmark_models.py --backends onnxruntime --threads 1 2 --no-accuracy
    python tools/benchmark_models.py --crop-sizes 160 --imgsz        # only crops of one face

Programs: torch (.pt), onnxruntime and openvino (.onnx), ncnn (its folder), ultralytics-int8 (the
8-bit export that Ultralytics makes of a .pt, run by ONNX Runtime). All take turns, so that a busy
machine is busy for all. Crops are the faces of the split, cut out with some room: right is the
class of the surest face in the middle. Written to --out: benchmark.md, benchmark.csv, and
benchmark.png, accuracy over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from facesort import console
from facesort.paths import config

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("occlusion.pt", "occlusion.onnx", "occlusion-int8.onnx")


def arguments(argv: Sequence[str]):
    from facesort.evaluate.benchmark.candidates import PROGRAMS
    from facesort.models.backends import ORT, TORCH

    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--models", type=console.path, nargs="+", help="files (default: those in weights/)")
    add(
        "--backends",
        nargs="+",
        choices=PROGRAMS,
        default=[TORCH, ORT],
        help="programs (default: torch onnxruntime)",
    )
    add("--imgsz", type=console.network_px, nargs="*", default=[640, 320], help="(default 640 320)")
    add("--crop-sizes", type=console.network_px, nargs="*", default=[160], help="(default: 160)")
    add("--threads", type=int, nargs="+", default=[1], help="per image (default: 1)")
    add("--rounds", type=int, default=20, help="timings of each (default: %(default)s)")
    add(
        "--data",
        type=console.path,
        default=config("occlusion.yaml"),
        help="data set YAML (default: data_configs/occlusion.yaml)",
    )
    add("--split", default="val", help="train, val or test (default: %(default)s)")
    add("--limit", type=int, help="use only so many images of the split, of every class and size")
    add("--no-accuracy", action="store_true", help="only speed, size and memory")
    add("--out", type=console.path, default=Path("runs") / "benchmark", help="folder (%(default)s)")
    args = parser.parse_args(argv)
    if min(*args.threads, args.rounds, args.limit or 1, 99) < 1:
        parser.error("--threads, --rounds, --limit: expected 1 or more")
    return args


def read_truth(args):
    """The labelled images to judge on; with --limit a stratified choice of them."""
    from facesort.dataset.calibration_images import stratified
    from facesort.dataset.yolo_dataset import read_config

    if args.no_accuracy:
        return []
    truth = read_config(args.data).read(args.split)
    return stratified(truth, args.limit) if args.limit else truth


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.evaluate.benchmark.benchmark import BenchmarkPlan, benchmark
    from facesort.evaluate.benchmark.candidates import candidates
    from facesort.evaluate.benchmark.results import as_markdown, plot, write_csv

    shipped = [ROOT / "weights" / name for name in SHIPPED]
    files = args.models or [file for file in shipped if file.is_file()]
    truth = read_truth(args)
    with TemporaryDirectory() as folder:
        taking_part = candidates(files, args.backends, args.data, Path(folder))
        plan = BenchmarkPlan(
            taking_part, args.imgsz, args.crop_sizes, args.threads, args.rounds, truth
        )
        rows = benchmark(plan, console.progress)
    args.out.mkdir(parents=True, exist_ok=True)
    table = as_markdown(rows)
    (args.out / "benchmark.md").write_text(table, encoding="utf-8")
    write_csv(rows, args.out / "benchmark.csv")
    plot(rows, args.out / "benchmark.png")
    print(table)
    print(f"written to {args.out}: benchmark.md, benchmark.csv, benchmark.png")


if __name__ == "__main__":
    console.run(main)
