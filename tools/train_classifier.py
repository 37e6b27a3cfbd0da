"""Train classifiers of face crops (one face an image), as ONNX and 8-bit ONNX, and compare them.

    python tools/train_classifier.py crops/four_class.csv --map ambiguous=drop
    python tools/train_classifier.py crops --model resnet18 --weights resnet18.pth epochs=30
    python tools/train_classifier.py crops --model yolov8n-cls --sampling original under over
    python tools/train_classifier.py flagged --from flags --map other=face --imgsz 96 time=0.2

Crops come as in tools/crops_to_yolo.py. Models: yolo11n-cls, yolov8n-cls and other sizes; with
torchvision's trunks mobilenet_v3_small, mobilenet_v3_large, resnet18, efficientnet_b0. Nothing is
downloaded: yolov8n-cls starts from weights/occlusion.pt where layers fit, the others from scratch,
or from --weights FILE (Ultralytics' checkpoint, or torchvision's state dict). How much of it fits
is said; --scratch takes none.
--sampling makes the training split even: under leaves crops out down to the rarest class, over adds
changed copies up to the commonest; each is trained by itself. key=value are Ultralytics' arguments.

OUT gets table.md, table.csv and, for each training, MODEL-SAMPLING.onnx, -int8.onnx and its run.
The table is of the test split, the detector beside them. No 8-bit file is kept that names more than
1 % fewer crops of val rightly, or finds 1 % less of the classes on average.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import DatasetError, UsageError
from facesort.paths import project

ROOT = Path(__file__).resolve().parents[1]
DETECTOR_PX = 160
# room around a crop as a share of its side, and least confidence: as for photos, and where it is
# known that there is a face (as in facesort.evaluate.crop_metrics)
DETECTOR_MODES = ((0.5, 0.3), (0.25, 0.001))
CALIBRATION = 200  # crops


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("src", type=console.path, help="folder of crops, or a CSV beside them")
    add("--from", dest="kind", choices=["auto", "folders", "flags", "csv"], default="auto")
    add("--map", nargs="+", default=[], metavar="A=B", help="SRC's class A is B; B: drop, ignore")
    add("--split", default="0.75,0.1,0.15", help="or a CSV: image,split (default: %(default)s)")
    add("--group-by", choices=["folder", "prefix"], help="also keep a person's crops in one split")
    add("--model", nargs="+", default=["yolov8n-cls"], metavar="NAME", help="one or several")
    add("--weights", type=console.path, metavar="FILE", help="what to begin with")
    add("--scratch", action="store_true", help="begin with nothing")
    add("--sampling", nargs="+", default=["original"], choices=["original", "under", "over"])
    add("--imgsz", type=console.network_px, default=128, help="pixels (default: %(default)s)")
    add("--bf16-cpu", action="store_true", help="train in bfloat16 on the processor, faster there")
    add("--detector", type=console.path, metavar="FILE", help="default: weights/occlusion.onnx")
    add("--out", type=console.path, metavar="DIR", help="default: runs/classify/SRC")
    add("--seed", type=int, default=0, help="of sampling and training (default: %(default)s)")
    return parser.parse_known_args(argv)


def read(args):
    """The splits, every crop opened once; prints what was left out."""
    from facesort.dataset.crops.box_crops import given_labels, only_known, open_crops
    from facesort.dataset.crops.class_folders import split_by
    from facesort.dataset.crops.crop_set import missing_classes
    from facesort.labels import crop_source
    from facesort.labels.class_table import map_classes, parse_map

    kind = args.kind if args.kind != crop_source.AUTO else crop_source.kind_of(args.src)
    source, table = crop_source.read(args.src, kind, parse_map(args.map))
    opened = open_crops(source, console.progress)
    crops = only_known(type(opened)(map_classes(opened.labels, table), opened.refused))
    parts = split_by(crops.labels, args.split, args.group_by, console.progress)
    for split, part in parts.items():
        counts = ", ".join(f"{part.counts()[name]:,} {name}" for name in part.names)
        print(f"{split:6}{len(part.images):>7,} crops: {counts}")
    out, gone = len(crops.labels.images), crops.left_out()
    print(f"crops: {out + gone.total():,} in = {out:,} out + {gone.total():,} left out", end="")
    print(f" ({given_labels(gone)})" if gone else "")
    for line in missing_classes(parts):
        print(console.one_line(line))
    return parts


def images(labels, most: int | None = None):
    """(image, class index) of the crops of a split, or of ``most`` spread over it."""
    from facesort.photos import open_photo

    step = 1 if most is None else max(1, len(labels.images) // most)
    return [(open_photo(i.path).rgb, int(i.class_id[0])) for i in labels.images[::step]]


def main(argv: Sequence[str]) -> None:
    args, rest = arguments(argv)
    from facesort.evaluate.classifiers import Grid, markdown, write_csv
    from facesort.models.detect import load_detector
    from facesort.models.training.start import parse_overrides, read_pairs

    overrides = {"imgsz": args.imgsz, "seed": args.seed, **parse_overrides(read_pairs(rest))}
    if taken := {"resume", "pretrained"} & set(overrides):
        raise UsageError(f"{taken.pop()}: not here; a training begins anew, from --weights FILE")
    starts = {model: start_of(model, args) for model in args.model}
    file = args.detector or ROOT / "weights" / "occlusion.onnx"
    detectors = [load_detector(file, conf, DETECTOR_PX) for _, conf in DETECTOR_MODES]
    out = args.out or project() / "runs" / "classify" / args.src.stem
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: not empty; pass another --out")
    parts = read(args)
    grid = Grid(
        parts=parts,
        out=out,
        test=images(parts["test"]),
        val=images(parts["val"]),
        calibration=[rgb for rgb, _ in images(parts["train"], CALIBRATION)],
        overrides=overrides,
        bf16_cpu=args.bf16_cpu,
        command=shlex.join(["python", "tools/train_classifier.py", *argv]),
        say=print,
        step=console.progress,
    )
    for model, start in starts.items():
        for sampling in args.sampling:
            grid.train(model, sampling, start)
    for detector, (room, conf) in zip(detectors, DETECTOR_MODES, strict=True):
        grid.add_detector(detector, file, room, f"room {room}, confidence {conf}")
    rows = grid.timed()
    (out / "table.md").write_text(markdown(rows) + "\n", encoding="utf-8")
    write_csv(out / "table.csv", rows)
    print(markdown(rows))
    print(f"written to {out}")


def start_of(model: str, args) -> Path | None:
    """The weights that ``model`` begins with; refuses what is not there."""
    from facesort.models.classify.fit import check_weights, find_network

    find_network(model)
    ours = ROOT / "weights" / "occlusion.pt" if model == "yolov8n-cls" else None
    start = None if args.scratch else args.weights or ours
    if start:
        check_weights(start)
    return start


if __name__ == "__main__":
    console.run(main)
