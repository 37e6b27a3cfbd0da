"""Build the occlusion data set: scenes, selfies, face crops and YOLO folders into one, in YOLO.

    python tools/build_dataset.py --scenes photos/scenes_voc --selfies photos/selfies_sunglasses \\
        --crops photos/crops --face-model yolov8n-face.pt
    python tools/build_dataset.py --scenes photos/scenes_voc --selfies photos/selfies_sunglasses \\
        --crops photos/crops --yolo wild=photos/wild --face-model-boxes wild \\
        --face-model yolov8n-face.pt
    python tools/build_dataset.py --yolo mine=photos/mine --face-model yolov8n-face.pt

A YOLO folder holds images/ and labels/. It is split within its source blocks (the file name up to
its first _); near-duplicates, and images of one group in data_configs/groups/NAME.csv
(image,group: a person, a burst), stay together.

Then: yolo detect train data=data_configs/occlusion.yaml
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.paths import project

ROOT = Path(__file__).resolve().parents[1]
SECOND_LOOK = ROOT / "data_configs" / "second_look"
GROUPS = ROOT / "data_configs" / "groups"


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add(
        "--scenes",
        type=console.path,
        help="folder with images/, annotations/*.xml, second_look.csv",
    )
    add("--selfies", type=console.path, help="folder with images/ and proposed_boxes.json")
    add("--crops", type=console.path, help="folder with face crops and four_class.csv")
    add("--yolo", metavar="NAME=DIR", action="append", default=[], help="YOLO folder; repeatable")
    add(
        "--face-model-boxes",
        metavar="NAME",
        action="append",
        default=[],
        help="boxes of this YOLO folder are a face model's: begin them lower, as people draw",
    )
    add(
        "--face-model",
        type=console.path,
        required=True,
        help="YOLO pose model: faces with 5 landmarks",
    )
    out = project() / "datasets" / "occlusion"
    add(
        "--out", type=console.path, default=out, help="folder to fill (default: datasets/occlusion)"
    )
    add("--seed", type=int, default=0, help="of composing and drawing (default: %(default)s)")
    add(
        "--synthetic-share",
        type=console.fraction,
        default=0.4,
        help="of the training faces are drawn on besides: masks, glasses (default: %(default)s)",
    )
    args = parser.parse_args(argv)
    if not (args.scenes or args.selfies or args.crops or args.yolo):
        parser.error("nothing to build from; pass --scenes, --selfies, --crops or --yolo")
    return args


def read_sources(args):
    from facesort.dataset import training_sources
    from facesort.dataset.build import Sources

    scenes = selfies = crops = ()
    if args.scenes:
        tables = [args.scenes / "second_look.csv", SECOND_LOOK / "scenes_voc.csv"]
        scenes = training_sources.read_scenes(
            args.scenes, training_sources.read_second_looks(tables, "object_index")
        )
    if args.selfies:
        tables = [SECOND_LOOK / "selfies_sunglasses.csv"]
        selfies = training_sources.read_selfies(
            args.selfies, training_sources.read_second_looks(tables, "box_index")
        )
    if args.crops:
        crops = training_sources.read_crops(args.crops, args.crops / "four_class.csv")
    used = {"scenes": scenes, "selfies": selfies, "crops": crops}
    for kind, number in training_sources.came_in(args.scenes, args.selfies, args.crops).items():
        kept = len(used[kind])
        print(f"{kind}: {number:,} in = {kept:,} used + {number - kept:,} left by the second look")
    return Sources(scenes, selfies, crops, read_folders(args.yolo, args.face_model_boxes))


def read_folders(given: Sequence[str], face_model_boxes: Sequence[str]):
    from dataclasses import replace

    from facesort.dataset.yolo_folders import parse_named_folder, read_yolo_folder
    from facesort.errors import UsageError

    pairs = [parse_named_folder(text) for text in given]
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"--yolo {twice[0]}=...: given twice; expected a name of its own for each")
    for name in face_model_boxes:
        if name not in names:
            raise UsageError(f"--face-model-boxes {name}: expected a NAME given to --yolo")
    folders = []
    for name, root in pairs:
        table = GROUPS / f"{name}.csv"
        folder = read_yolo_folder(name, root, table if table.is_file() else None)
        used, left = len(folder.images), len(folder.left_out)
        print(f"{name}: {used + left:,} in = {used:,} used + {left:,} that cannot be read")
        folders.append(replace(folder, face_model_boxes=name in face_model_boxes))
    return folders


def show(built) -> None:
    from facesort.classes import CLASS_NAMES

    print(f"{'split':8}{'images':>8}" + "".join(f"{name:>19}" for name in CLASS_NAMES))
    for split, boxes in built.boxes.items():
        counts = "".join(f"{boxes[name]:>19,}" for name in CLASS_NAMES)
        print(f"{split:8}{built.images[split]:>8,}{counts}")
    for reason, count in sorted(built.left_out.items()):
        print(f"left out: {count:,} {reason}")


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.dataset.build import build
    from facesort.models.face_finders import load_face_finder

    training_sources, find = read_sources(args), load_face_finder(args.face_model)
    show(build(training_sources, args.out, find, args.seed, args.synthetic_share, console.progress))
    print(f"written to {args.out}; next: yolo detect train data=data_configs/occlusion.yaml")


if __name__ == "__main__":
    console.run(main)
