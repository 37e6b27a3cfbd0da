"""Turn WIDER FACE or RetinaFace labels into a YOLO data set: bbx_gt.txt, label.txt or .mat.

    python tools/widerface_to_yolo.py --labels wider_face_val_bbx_gt.txt --images WIDER_val \\
        --split val
    python tools/widerface_to_yolo.py --labels wider_face_val.mat --images WIDER_val --split val \\
        --min-size 16 --drop invalid --blur 1 --occlusion 1
    python tools/widerface_to_yolo.py --labels train/label.txt --images WIDER_train --keypoints
    python tools/widerface_to_yolo.py --labels label.txt --sizes-from sizes.csv   # labels only

The format is recognized by its content. --images may hold the event folders or all images in
one. Images that are missing are listed in OUT/missing_SPLIT.txt; the rest is converted.
--sizes-from FILE.csv (columns image,width,height) does without images; with --images, they are
linked as usual. Every face is one class: WIDER's occlusion does not say by what.

A face that is dropped is still in its image, without a label: training takes it for background.
So an image none of whose faces is kept is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.paths import project

FROM_IMAGES = "images"


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--labels", type=console.path, required=True, help="bbx_gt.txt, label.txt or .mat")
    add("--images", type=console.path, help="folder of the images")
    add("--sizes-from", default=FROM_IMAGES, help="images, or a CSV file (default: %(default)s)")
    out = project() / "datasets" / "widerface"
    add(
        "--out", type=console.path, default=out, help="folder to fill (default: datasets/widerface)"
    )
    add("--split", choices=["train", "val", "test"], default="train", help="default: %(default)s")
    add("--class", dest="name", default="face", help="what a face is called (default: %(default)s)")
    add("--map", nargs="+", default=[], metavar="A=B", help="to the four classes: face=masked")
    add("--keypoints", action="store_true", help="YOLO pose labels with 5 keypoints (label.txt)")
    limits = parser.add_argument_group("faces to keep (the others are counted by reason)")
    add = limits.add_argument
    add("--min-size", type=console.length_px, default=0, help="pixels, shorter side, as listed")
    drop_help = "invalid: marked so; uncounted: not in gt_list of wider_{easy,medium,hard}_val.mat"
    add("--drop", action="append", default=[], choices=["invalid", "uncounted"], help=drop_help)
    add("--blur", type=int, choices=[0, 1], help="at most: 0 clear, 1 normal (2 is heavy)")
    add("--occlusion", type=int, choices=[0, 1], help="at most: 0 none, 1 up to 30 %% (2 is more)")
    add("--pose", type=int, choices=[0], help="at most: 0 typical (1 is atypical)")
    args = parser.parse_args(argv)
    if args.sizes_from == FROM_IMAGES and not args.images:
        parser.error("without --images, sizes must come from a table: --sizes-from FILE.csv")
    return args


def read(args):
    """The labels as a `LabelSet`, and the images that are missing, with the reason."""
    from facesort.labels.class_table import map_classes, parse_map
    from facesort.labels.widerface import reader
    from facesort.labels.widerface.face_list import FaceFilter

    table = parse_map(args.map)
    faces = reader.read(args.labels)
    names = [image.name for image in faces.images]
    folder = reader.Folder(args.images, names) if args.images else None
    if args.sizes_from == FROM_IMAGES:
        locate = folder.locate
    else:
        sizes = reader.sizes_from_table(console.path(args.sizes_from))
        locate = reader.in_table(sizes, folder)
    limits = {k: v for k in ("blur", "occlusion", "pose") if (v := getattr(args, k)) is not None}
    wanted = FaceFilter(args.min_size, tuple(args.drop), limits)
    work = reader.Conversion(locate, args.images or Path(), wanted, args.name, args.keypoints)
    labels = work.convert(faces, console.progress(faces.images, len(names), "image"))
    return (map_classes(labels, table) if table else labels), work.missing


def list_missing(file: Path, missing: dict[str, str]) -> None:
    lines = (console.one_line(f"{name}: {why}") for name, why in missing.items())
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"missing images: all listed in {file}")


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.classes import CLASS_NAMES
    from facesort.dataset.label_set_writer import check_out, summary, write_yolo
    from facesort.errors import DatasetError
    from facesort.labels import yolo, yolo_pose

    render, lines = yolo.render, {}
    if args.keypoints:
        render, lines = yolo_pose.render, yolo_pose.CONFIG
    check_out(CLASS_NAMES if args.map else (args.name,), args.out, args.split, lines)
    labels, missing = read(args)
    if not any(len(image.class_id) for image in labels.images):
        reasons = "; ".join(
            [*(f"{n:,} {why}" for why, n in labels.left_out.items()), *labels.notes]
        )
        raise DatasetError(f"{args.labels}: no face to convert ({reasons}); is --images right?")
    options = {"render": render, "config_lines": lines, "images": args.images is not None}
    written = write_yolo(labels, args.out, args.split, **options)
    print("\n".join(console.one_line(line) for line in summary(labels, written)))
    if missing:
        list_missing(args.out / f"missing_{args.split}.txt", missing)
    print(f"written to {args.out}")


if __name__ == "__main__":
    console.run(main)
