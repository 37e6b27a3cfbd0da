"""Turn VOC, CVAT, labelme, Label Studio, COCO, Open Images ... into YOLO, and back.

    python tools/labels_to_yolo.py photos/annotations --images photos/images --out datasets/photos
    python tools/labels_to_yolo.py instances.json --images photos \\
        --map with_mask=masked without_mask=face mask_worn_wrong=drop --drop-bad
    python tools/labels_to_yolo.py task.zip --out datasets/task         # as CVAT exports it
    python tools/labels_to_yolo.py datasets/photos/data.yaml --to coco --out coco    # the way back
    python tools/labels_to_yolo.py "shards/data-{000000..000012}.tar" --map 0=face 1=masked
    python tools/labels_to_yolo.py ROF --images rof_photos --download                # from the web

A class is mapped to one of --classes, to drop (left out), or to ignore (a face of unknown class).
Every box is accounted for: in = out + left out, the reasons in full in OUT/left_out.txt. Track ids,
confidences, attributes and flags go along where the format has room, else they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from facesort import console
from facesort.classes import CLASS_NAMES
from facesort.errors import UsageError
from facesort.labels.formats import SOURCES, TARGETS
from facesort.paths import project

FORMATS = ("auto", *SOURCES)
KEEP = "keep"
OUT = project() / "datasets" / "labels"


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("source", type=console.path, help="file, folder or zip of labels, a data.yaml, or shards")
    add("--format", choices=FORMATS, default="auto", help="of the source (default: its content)")
    add("--to", choices=TARGETS, default="yolo", help="what to write (default: %(default)s)")
    add("--images", type=console.path, help="folder of the images (default: near the source)")
    map_help = "source class = our class, drop or ignore; several"
    add("--map", nargs="+", action="extend", default=[], metavar="A=B", help=map_help)
    classes_help = "a,b,c; keep: those of the source (default: the four of this project)"
    add("--classes", help=f"classes to write, {classes_help}")
    add("--out", type=console.path, default=OUT, help="folder to fill (default: datasets/labels)")
    split_help = "of a data.yaml which to read (default: all), else which to write (default: train)"
    add("--split", choices=("train", "val", "test"), help=split_help)
    keep_help = "read each folder train/, valid/, test/ as that split, also what no YAML names"
    add("--keep-splits", action="store_true", help=keep_help)
    scale_help = "take labels made at another size of the image: boxes are scaled"
    add("--scale-boxes", action="store_true", help=scale_help)
    zip_help = "also pack each split as OUT/SPLIT.zip, such as CVAT takes (not for yolo)"
    add("--zip", action="store_true", help=zip_help)
    add("--drop-bad", action="store_true", help="leave out boxes that are none, and count them")
    stored_help = "what labels of EXIF-rotated photos speak of (default: what their size says)"
    add("--boxes-of", choices=("auto", "upright", "stored"), default="auto", help=stored_help)
    add("--download", action="store_true", help="ROF: first fetch its images into --images")
    args = parser.parse_args(argv)
    if args.download and not args.images:
        parser.error("--download needs --images, the folder to fetch into")
    if args.zip and args.to == "yolo":
        parser.error("--zip: a YOLO data set is one folder for all splits; pass another --to")
    return args


def class_names(text: str | None) -> Sequence[str] | None:
    if text == KEEP:
        return None
    return [name.strip() for name in text.split(",")] if text else CLASS_NAMES


def download(args) -> None:
    from facesort.labels import fetch, rof

    args.images.mkdir(parents=True, exist_ok=True)
    entries = [e for e in rof.entries(args.source) if isinstance(e, rof.Entry)]
    for entry in console.progress(entries, len(entries), "image"):
        fetched = fetch.fetch_image(entry.url, args.images / entry.name)
        if fetched.path is None:
            print(console.one_line(f"not fetched: {entry.where}: {fetched.why}"))


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.dataset.convert import label_reader as label_sources
    from facesort.dataset.convert.conversion import convert
    from facesort.dataset.convert.zips import pack, unzipped
    from facesort.labels.class_table import check_classes, parse_map
    from facesort.labels.resolve import Reading

    table = parse_map(args.map)
    if args.download:
        download(args)
    with (
        unzipped(args.source, args.out) as path,
        label_sources.unpacking(path, args.format, args.out) as folder,
    ):
        images = args.images or label_sources.images_of(path)
        if folder and args.images:
            raise UsageError("--images: shards hold their own images; leave it out")
        names = class_names(args.classes)
        check = partial(check_classes, table=table, target_names=names) if names else None
        reading = Reading(
            images, args.drop_bad, args.boxes_of, console.progress, folder, check, args.scale_boxes
        )
        source = (path, args.format, args.split, reading)
        read = label_sources.read_split_folders if args.keep_splits else label_sources.read
        splits = read(*source, args.images) if args.keep_splits else read(*source)
        for done in convert(splits, table, names, args.to, args.out):
            print("\n  ".join(done.lines()))
            if args.zip:
                print(f"packed: {pack(args.out / done.split)}")
    print(f"written to {args.out}")


if __name__ == "__main__":
    console.run(main)
