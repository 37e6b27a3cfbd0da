"""Face crops into a YOLO data set: class folders, flags in file names, a CSV, shards, children.

    python tools/crops_to_yolo.py crops --map with_mask=masked without_mask=face
    python tools/crops_to_yolo.py crops/four_class.csv --map ambiguous=drop
    python tools/crops_to_yolo.py flagged --from flags --map other=face       # 1_0_1_0001.jpg
    python tools/crops_to_yolo.py "shards/crops-{000..012}.tar" --map 0=face 1=masked 2=drop
    python tools/crops_to_yolo.py crops --detect yolov8n-face.pt --compose --backgrounds rooms
    python tools/crops_to_yolo.py children/faces --classes-from folders
    yolo detect train data=data_configs/children.yaml

Each crop gets one box: the whole crop, or the face that --detect finds. What cannot be used goes to
OUT/_review/<reason>, and every crop is accounted for. --compose places the crops at many scales on
backgrounds, so that a face is not expected to fill the image. Flags are
<occluded>_<top>_<bottom>; 1_0_0 is class 'other', dropped unless mapped. A CSV has the columns
image,class. In WebDataset shards (tar files), the class of a crop is its member .cls.

--classes-from folders also writes data_configs/children.yaml, in place of the template or of its
own earlier file; one made by hand stays (pass --config). Your crops are only read.
"""

from __future__ import annotations

from collections.abc import Sequence

from facesort import console
from facesort.errors import UsageError
from facesort.paths import project


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("src", type=console.path, help="folder of crops, or a CSV beside them, or shards")
    add(
        "--from",
        dest="kind",
        choices=["auto", "folders", "flags", "csv", "webdataset"],
        default="auto",
        help="where the class of a crop is stored (default: auto, a folder is flags if most of its "
        "crops have some)",
    )
    add("--classes-from", choices=["folders"], help="each folder is a class: a child")
    add("--map", nargs="+", default=[], metavar="A=B", help="SRC's class A is B; B: drop, ignore")
    add("--out", type=console.path, metavar="DIR", help="default: datasets/crops (children)")
    add("--config", type=console.path, metavar="FILE", help="default: data_configs/children.yaml")
    add(
        "--split",
        default="0.75,0.1,0.15",
        help="or one of train, val, test (default: %(default)s)",
    )
    add("--group-by", choices=["folder", "prefix"], help="also keep a person's crops in one split")
    add("--detect", type=console.path, metavar="MODEL", help="YOLO pose model, 5 face points")
    add("--compose", action="store_true", help="place the crops on backgrounds")
    add("--backgrounds", type=console.path, metavar="DIR", help="without faces (default: made)")
    add("--times", type=int, default=1, help="place each training crop so often (default: 1)")
    add("--seed", type=int, default=0, help="of composing (default: %(default)s)")
    args = parser.parse_args(argv)
    args.out = args.out or project() / "datasets" / ("children" if args.classes_from else "crops")
    check(args)
    return args


def check(args) -> None:
    """Raise `UsageError` where options do not make sense together."""
    if args.times < 1 or args.seed < 0:
        raise UsageError("--times: expected 1 or more; --seed: 0 or more")
    if args.out.resolve().is_relative_to(args.src.resolve()):
        raise UsageError(f"--out {args.out}: inside {args.src}, which is read; pass another --out")
    if not args.compose and (args.backgrounds or args.times > 1):
        raise UsageError("--backgrounds and --times belong to --compose; pass that too")
    if args.config and not args.classes_from:
        raise UsageError("--config is for --classes-from folders; pass that too")
    if args.classes_from and (args.group_by == "folder" or args.kind != "auto"):
        raise UsageError(
            "--classes-from folders: folders are classes; no --from, --group-by folder"
        )


def kind_of(args) -> str:
    """The kind of source that the classes of crops come from."""
    from facesort.labels import crop_source

    if args.classes_from or args.kind != crop_source.AUTO:
        return args.classes_from or args.kind
    return crop_source.kind_of(args.src)


def read(args, kind, unpack_to):
    """The crops by name, and the class table."""
    from facesort.labels import crop_source, folders
    from facesort.labels.class_table import parse_map

    table = parse_map(args.map)
    if args.classes_from:
        return folders.read_identities(args.src), table
    print(f"{args.src}: read by {kind}")
    return crop_source.read(args.src, kind, table, unpack_to)


def wanted_of(args, source, table):
    """What to make of ``source``; the face model is loaded here, and backgrounds are looked at."""
    from facesort.classes import CLASS_NAMES
    from facesort.dataset.crops.copy_paste import CopyPaste, face_free
    from facesort.dataset.crops.crop_set import Options, identity_names, parse_split
    from facesort.models.face_finders import load_face_finder

    split = parse_split(args.split)
    find = load_face_finder(args.detect) if args.detect else None
    backgrounds, placed = [], None
    if args.backgrounds:
        backgrounds, notes = face_free(args.backgrounds, find, console.progress)
        print(*notes, sep="\n", end="\n" if notes else "")
    if args.compose:
        placed = CopyPaste(backgrounds, args.times, args.seed)
    names = identity_names(source, table) if args.classes_from else CLASS_NAMES
    return Options(args.out, table, names, split, args.group_by, find, placed)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.dataset.convert.label_reader import unpacking
    from facesort.dataset.crops import crop_set
    from facesort.dataset.crops.crop_set import convert

    config = args.out / "data.yaml"
    if args.classes_from:
        config = args.config or project() / "data_configs" / "children.yaml"
        crop_set.check_replaceable(config)
    kind = kind_of(args)
    with unpacking(args.src, kind, args.out) as folder:
        source, table = read(args, kind, folder)
        wanted = wanted_of(args, source, table)
        done = convert(source, wanted, console.progress)
    if args.classes_from:
        crop_set.write_config(config, args.out, wanted.names, done.parts)
    for line in done.lines():
        print(console.one_line(line))
    print(f"written to {args.out}; next: yolo detect train data={config}")


if __name__ == "__main__":
    console.run(main)
