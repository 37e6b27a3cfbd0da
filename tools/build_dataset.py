"""Build the occlusion data set: scenes, selfies and face crops into datasets/occlusion, in YOLO.

    python tools/build_dataset.py --scenes photos/scenes_voc --selfies photos/selfies_sunglasses \\
        --crops photos/crops --face-model yolov8n-face.pt
    python tools/build_dataset.py --scenes photos/scenes_voc --face-model yolov8n-face.pt

Then: yolo detect train data=data_configs/occlusion.yaml
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.paths import project

ROOT = Path(__file__).resolve().parents[1]
SECOND_LOOK = ROOT / "data_configs" / "second_look"


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
    if not (args.scenes or args.selfies or args.crops):
        parser.error("nothing to build from; pass --scenes, --selfies or --crops")
    return args


def read_sources(args):
    from facesort.dataset import sources
    from facesort.dataset.build import Sources

    scenes = selfies = crops = ()
    if args.scenes:
        tables = [args.scenes / "second_look.csv", SECOND_LOOK / "scenes_voc.csv"]
        scenes = sources.read_scenes(args.scenes, sources.read_second_looks(tables, "object_index"))
    if args.selfies:
        tables = [SECOND_LOOK / "selfies_sunglasses.csv"]
        selfies = sources.read_selfies(args.selfies, sources.read_second_looks(tables, "box_index"))
    if args.crops:
        crops = sources.read_crops(args.crops, args.crops / "four_class.csv")
    used = {"scenes": scenes, "selfies": selfies, "crops": crops}
    for kind, number in sources.came_in(args.scenes, args.selfies, args.crops).items():
        kept = len(used[kind])
        print(f"{kind}: {number:,} in = {kept:,} used + {number - kept:,} left by the second look")
    return Sources(scenes, selfies, crops)


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
    from facesort.models.landmarks import load_face_finder

    sources, find = read_sources(args), load_face_finder(args.face_model)
    show(build(sources, args.out, find, args.seed, args.synthetic_share, console.progress))
    print(f"written to {args.out}; next: yolo detect train data=data_configs/occlusion.yaml")


if __name__ == "__main__":
    console.run(main)
