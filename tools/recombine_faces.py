"""Put real masks and real sunglasses of some training faces onto others: cross-composition.

    python tools/recombine_faces.py data_configs/occlusion.yaml --out datasets/cross
    python tools/recombine_faces.py data_configs/occlusion.yaml --out datasets/cross \\
        --count 3000 --seed 1

Each image is a training image in which one face got the lower half, or the eye region, of a
face from another training image, of similar pose, size and light. All four classes are made,
bare ones as well, so that the seam is no sign of a class. Names begin with cross_: such images
are for training only. cross_sources.csv says what each was made from.
Exit code: 0 done, 1 something could not be read (listed), 2 usage.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console

POINTS = Path(__file__).resolve().parents[1] / "weights" / "face_points.onnx"
MOST_LINES = 20


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text}: expected a whole number from 1 on")
    return int(text)


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, metavar="DATA", help="data set YAML with train")
    add("--out", type=console.path, metavar="DIR", required=True, help="folder to fill")
    add(
        "--points",
        type=console.path,
        default=POINTS,
        help="five-point model (default: weights/face_points.onnx)",
    )
    add("--count", type=count, default=3000, help="images to make (%(default)s)")
    add("--seed", type=int, default=0, help="of every choice (%(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.dataset.balance.balanced_set import read_train
    from facesort.dataset.synth.posed_faces import collect_faces
    from facesort.dataset.synth.recombined_set import write_recombined
    from facesort.dataset.yolo_dataset import read_layout
    from facesort.models.people.points import load_point_finder

    points = load_point_finder(args.points)
    train = read_train(read_layout(args.data), console.progress)
    faces = collect_faces(train.labels, points.find, console.progress)
    result = write_recombined(faces, args.out, args.count, args.seed, console.progress)
    print(f"{'class':20}{'faces':>9}{'written':>9}")
    for name, usable in sorted(result.faces.items()):
        print(f"{name:20}{usable:>9,}{result.written[name]:>9,}")
    for why, n in sorted(result.left.items()):
        print(f"left out: {n:,} {why}")
    for line in train.left_out[:MOST_LINES]:
        print(f"left out: {console.one_line(line)}")
    print(f"{sum(result.written.values()):,} images written to {args.out}")
    return 1 if train.left_out else 0


if __name__ == "__main__":
    console.run(main)
