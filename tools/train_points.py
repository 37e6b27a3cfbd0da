"""Train the network that finds eyes, nose and mouth in a face box, also under masks.

    python tools/train_points.py --people DIR --finder face.pt --out weights/face_points.onnx

DIR holds a folder of portraits a person, bare faces. The finder, a YOLO pose model with five points
a face, says where their points are; half of the images are shown as they are, half with something
drawn over the face. Every tenth photo is kept apart, to say how far off the result is.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console

ORIGIN = "trained from scratch on portraits with drawn occlusions; points labelled by a face model"


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--people", type=console.path, required=True, help="a folder of portraits a person")
    add("--finder", type=console.path, required=True, help="finds faces and five points (.pt)")
    add("--out", type=console.path, default=Path("runs/face_points.onnx"), help="result (.onnx)")
    add("--minutes", type=float, default=18, help="of training (default: 18)")
    args = parser.parse_args(argv)
    if args.minutes <= 0:
        parser.error(f"--minutes {args.minutes:g}: expected above 0")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import torch

    from facesort.dataset.synthesize import occlude
    from facesort.models.encoders import META_LICENCE, META_NAME
    from facesort.models.face_finders import load_face_finder
    from facesort.models.people import train_points
    from facesort.models.people.points import load_point_finder
    from facesort.models.people.trainable import write_back

    torch.set_num_threads(1)
    data = train_points.gather(
        args.people,
        load_face_finder(args.finder),
        lambda rgb, points, rng: occlude(rgb, points, 0, rng)[0],
        lambda items, total: console.progress(items, total, "photo"),
    )
    for path, reason in data.refused.items():
        print(f"left out: {path}: {reason}")
    learnt, judged = data.split(every=10)
    print(f"{len(learnt.boxes_px)} images to learn from, {len(judged.boxes_px)} kept apart")
    graph = train_points.new_graph()
    network = train_points.train_points(learnt, args.minutes, graph, say=print)
    metadata = {META_NAME: "face_points", META_LICENCE: "AGPL-3.0-only", "facesort_origin": ORIGIN}
    write_back(graph, network, args.out, metadata)
    off = train_points.mean_error(load_point_finder(args.out), judged)
    print(f"{args.out}: {off:.3f} eye distances off; next: copy it to weights/ if it is better")


if __name__ == "__main__":
    console.run(main)
