"""Teach a face encoder to know people in masks and sunglasses, from photos with real ones.

    python tools/import_encoder.py --weights face_recognition_sface_2021dec.onnx --as sface \\
        --out runs/sface.onnx
    python tools/import_encoder.py --weights face-reidentification-retail-0095.onnx \\
        --as retail-0095 --out runs/retail.onnx
    python tools/train_embedder.py --weights runs/sface.onnx --teacher runs/retail.onnx \\
        --masked-people DIR --masked-only DIR --people DIR --faces images labels \\
        --finder yunet.onnx --data runs/faces.npz --out runs/face_embedding.onnx --device cuda

Faces are gathered into --data first, or taken from there. People are learnt from by a fixed hash of
their name (module people_split): the rest tune and judge, unless --all. How good the result is
tells the encoder benchmark (tests/benchmarks).
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError

POINTS = Path(__file__).resolve().parents[1] / "weights" / "face_points.onnx"
SQUASHED = 0.85  # width of --masked-people's crops over what it was
LARGEST_FACES, LEAST_FACE_PX = 6, 48  # of a scene in --faces


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--weights", type=console.path, required=True, help="encoder to start from (.onnx)")
    add("--teacher", type=console.path, required=True, help="an encoder that sees differently")
    add("--masked-people", type=console.path, help="DIR/<person>/masked, DIR/<person>/bare")
    add("--masked-only", type=console.path, help="DIR/<person>; _sunglasses in names where worn")
    add("--people", type=console.path, help="a folder of bare portraits a person")
    add("--strangers", type=console.path, help="bare portraits, a person each")
    add("--faces", type=console.path, nargs=2, help="images of anybody, and their YOLO labels")
    add("--finder", type=console.path, help="YuNet (.onnx); to gather faces")
    add("--data", type=console.path, required=True, help="gathered faces (.npz)")
    add("--out", type=console.path, default=Path("runs/face_embedding.onnx"), help="result (.onnx)")
    add("--minutes", type=float, default=6.5, help="of training (default: 6.5)")
    add("--device", default="cpu", help="cpu or cuda (default: cpu)")
    add("--all", action="store_true", help="learn from all people; none are left to judge on")
    add("--learning-rate", type=float, default=4e-4)
    add("--people-weight", type=float, default=0.05, help="of the loss that tells people apart")
    add("--contrast-weight", type=float, default=0.15, help="of the loss on people in real masks")
    add("--batch", type=int, default=256)
    add("--blend", type=console.fraction, default=0.5, help="1: as trained; 0: as it started")
    add("--name", default="face_embedding", help="for the file's metadata")
    add("--licence", default="not stated", help="for the file's metadata")
    add("--origin", default="not stated", help="for the file's metadata")
    args = parser.parse_args(argv)
    if not args.minutes > 0 or args.batch < 16:
        parser.error("--minutes: expected more than 0; --batch: 16 or more")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.models.people import gather
    from facesort.models.people.embed import load_embedder

    encoder, teacher = load_embedder(args.weights), load_embedder(args.teacher)
    if not args.data.exists():
        gather.save(gathered(args), args.data)
    data = gather.load(args.data)
    people = len(set(data.person.tolist()) - {gather.UNKNOWN})
    print(f"{len(data.crops)} faces, {people} people, {len(data.worn)} masks and sunglasses")
    train(args, encoder, teacher, data)
    print(f"{args.out}: measure it with the encoder benchmark, tests/benchmarks")


def gathered(args: Namespace):
    """Faces of all folders given."""
    import cv2

    from facesort.classes import MOUTH
    from facesort.dataset.people_split import part_number
    from facesort.models.face_finders import load_yunet
    from facesort.models.people.covered_faces import list_people
    from facesort.models.people.gather import Gatherer
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo

    if args.finder is None:
        raise UsageError(f"--finder: missing; {args.data} is not there, so faces must be gathered")
    find = load_yunet(args.finder, conf=0.5)
    gatherer = Gatherer(find, load_point_finder(POINTS), part_number)
    for dataset, folder in (("mp", args.masked_people), ("mo", args.masked_only)):
        for person, path in of_people(folder, list_people):
            rgb = open_photo(path).rgb
            if dataset == "mp":
                width = int(rgb.shape[1] * SQUASHED)
                rgb = cv2.resize(rgb, (width, rgb.shape[0]))
            masked = dataset == "mo" or path.parent.name == "masked"
            state = (MOUTH if masked else 0) | (2 if "_sunglasses" in path.name else 0)
            gatherer.portrait(rgb, dataset, person, state)
    for person, path in of_people(args.people, list_people):
        gatherer.portrait(open_photo(path).rgb, "lfw", person, 0)
    for path in sorted(args.strangers.iterdir()) if args.strangers else []:
        gatherer.portrait(open_photo(path).rgb, "str", path.stem, 0)
    add_scenes(args, gatherer)
    return gatherer.gathered(lambda rows, total: console.progress(rows, total, "face"))


def of_people(folder: Path | None, list_people) -> Iterator[tuple[str, Path]]:
    for person, paths in (list_people(folder) if folder else {}).items():
        yield from ((person, path) for path in paths)


def add_scenes(args: Namespace, gatherer) -> None:
    """The largest faces of --faces, with what their labels say is worn."""
    from facesort.photos import list_photos, open_photo

    if not args.faces:
        return
    images, labels = args.faces
    for found in list_photos(images).photos:
        path = labels / Path(found.relative).with_suffix(".txt")
        if not path.is_file():
            continue
        rgb = open_photo(found.path).rgb
        height, width = rgb.shape[:2]
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line]
        for row in sorted(rows, key=lambda row: -float(row[4]))[:LARGEST_FACES]:
            x, y, w, h = (float(v) * s for v, s in zip(row[1:5], (width, height) * 2, strict=True))
            if h >= LEAST_FACE_PX:
                box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                gatherer.face(rgb, box, "", "", int(row[0]))


def train(args: Namespace, encoder, teacher, data) -> None:
    """Fine-tune, and write the result with the metadata of what it started from."""
    import numpy as np

    from facesort.dataset.people_split import PARTS, TRAIN
    from facesort.models import encoders
    from facesort.models.people.finetune import Recipe, finetune
    from facesort.models.people.gather import UNKNOWN
    from facesort.models.people.torch_pixels import embed_views, pixels_for
    from facesort.models.people.trainable import as_module, load_graph, write_back
    from facesort.models.people.training_people import teach
    from facesort.models.people.views import to_views

    mine = np.ones(len(data.part), dtype=bool)
    if not args.all:
        mine = (data.part == UNKNOWN) | (data.part == PARTS.index(TRAIN))
    said = []
    for weights, one in ((args.weights, encoder), (args.teacher, teacher)):
        views = to_views(data, mine, one.spec.template_px, one.spec.side_px, args.device)
        pixels = pixels_for(one.normalisation, args.device)
        said.append(embed_views(as_module(load_graph(weights)).to(args.device), pixels, views))
    graph, spec = load_graph(args.weights), encoder.spec
    network = finetune(
        graph,
        pixels_for(spec.normalisation, args.device),
        to_views(data, mine, spec.template_px, spec.side_px, args.device),
        teach(data, mine, *said, device=args.device),
        args.minutes,
        Recipe(
            people=args.people_weight,
            contrast=args.contrast_weight,
            learning_rate=args.learning_rate,
            batch=args.batch,
            blend=args.blend,
        ),
        say=print,
    )
    metadata = encoders.to_metadata(spec) | {
        encoders.META_NAME: args.name,
        encoders.META_LICENCE: args.licence,
        "facesort_origin": args.origin,
    }
    write_back(graph, network, args.out, metadata)


if __name__ == "__main__":
    console.run(main)
