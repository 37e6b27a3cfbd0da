"""Teach a face embedding to know people in masks and sunglasses, and say how well it does.

    python tools/train_embedder.py --people DIR --weights mobilefacenet.onnx --finder face.pt
    python tools/train_embedder.py ... --minutes 0 --weights weights/face_embedding.onnx  # measure

DIR holds a folder of portraits a person, bare faces; masks and sunglasses are drawn on them. Some
people, --apart of them, are kept apart: one half says what strangers' likeness is, the other half
how good the embedding is. --finder is a YOLO pose model with five points a face.
"""

from __future__ import annotations

import functools
import random
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError

SEED = 6  # who is kept apart
LEARNT = ["mask", "mask", "sunglasses", "mask+sunglasses"]  # two masks, and no two alike
MEASURED = ["mask", "sunglasses", "mask+sunglasses"]  # in the order of the class index
SHARE = [0.22, 0.2, 0.2, 0.19, 0.19]  # bare, then as learnt
PAIRS = {"bare-bare": (0, 0), "bare-masked": (0, 1), "masked-masked": (1, 1)} | {
    "bare-sunglasses": (0, 2),
    "masked-sunglasses": (1, 2),
    "bare-both": (0, 3),
}


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--people", type=console.path, required=True, help="a folder of portraits a person")
    add("--weights", type=console.path, required=True, help="embedding to start from (.onnx)")
    add("--finder", type=console.path, required=True, help="finds faces and five points (.pt)")
    add("--out", type=console.path, default=Path("runs/face_embedding.onnx"), help="result (.onnx)")
    add("--minutes", type=float, default=30, help="of training; 0 only measures (default: 30)")
    add("--apart", type=int, default=100, help="people kept apart (default: 100)")
    add("--name", default="face_embedding", help="for the file's metadata")
    add("--licence", default="not stated", help="for the file's metadata")
    add("--origin", default="not stated", help="for the file's metadata")
    args = parser.parse_args(argv)
    if args.apart < 4 or args.minutes < 0:
        parser.error("--apart: expected 4 or more; --minutes: 0 or more")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import torch

    from facesort.dataset.synthesize import draw_kind
    from facesort.models.face_finders import load_face_finder
    from facesort.models.people.covered_faces import cover_faces, list_people
    from facesort.models.people.embed import load_embedder
    from facesort.models.people.trainable import load_graph

    torch.set_num_threads(1)  # small matrices: a second thread gains nothing
    load_embedder(args.weights)  # so that unfit weights are told before the work
    graph, people = load_graph(args.weights), list_people(args.people)
    if len(people) <= args.apart:
        raise UsageError(f"--people {args.people}: {len(people)} people; expected over --apart")
    chosen = random.Random(SEED).sample(list(people), args.apart)
    apart = {name: people.pop(name) for name in sorted(chosen)}
    cover = functools.partial(
        cover_faces,
        find=load_face_finder(args.finder),
        draw=lambda rgb, points, kind, rng: draw_kind(rgb, points, 0, kind, rng)[0],
        progress=lambda items, total: console.progress(items, total, "photo"),
    )
    print(f"people: {len(people)} to learn from, {len(apart)} kept apart")
    judges = cover(apart, kinds=MEASURED, seed=2, find_again=True)
    tell_refused(judges.refused)
    tell(f"before: {args.weights}", args.weights, judges)
    if args.minutes:
        learnt = cover(people, kinds=LEARNT, seed=1)
        tell_refused(learnt.refused)
        train(graph, learnt, judges, args)
        tell(f"after: {args.out}", args.out, judges)


def train(graph, learnt, judges, args: Namespace) -> None:
    """Distil, and write the result with what strangers' likeness is to it."""
    import numpy as np

    from facesort.models.people import distill, embed
    from facesort.models.people.trainable import write_back

    metadata = {embed.META_NAME: args.name, embed.META_LICENCE: args.licence}
    metadata["facesort_origin"] = args.origin
    data = distill.TrainingFaces(learnt.faces, learnt.person, np.array(SHARE))
    how = embed.load_embedder(args.weights).normalisation
    network = distill.distil(graph, data, how, args.minutes, say=print)
    metadata |= {embed.META_MEAN: str(how.mean), embed.META_SCALE: str(how.scale)}
    metadata |= {embed.META_ORDER: how.order}
    write_back(graph, network, args.out, metadata)
    metadata[embed.META_LIKENESS] = strangers_likeness(args.out, judges)
    write_back(graph, network, args.out, metadata)


def strangers_likeness(weights: Path, judges) -> str:
    """`Likeness` of the first half of the people kept apart, as JSON."""
    import numpy as np

    from facesort.models.people import similarity_norm

    vectors, person = embedded(weights, judges)
    known = person % 2 == 0
    states = np.tile(np.arange(vectors.shape[1]), int(known.sum()))
    rows = vectors[known].reshape(len(states), -1)
    return similarity_norm.measure(rows, person[known].repeat(vectors.shape[1]), states).to_json()


def tell(title: str, weights: Path, judges) -> None:
    """The verification table of the people who are kept apart for nothing else."""
    from facesort.evaluate.verification import verify

    vectors, person = embedded(weights, judges)
    judged = person % 2 == 1
    print(f"{title}\n{'pair':18} TAR@FAR1e-3  accuracy  same pairs  other pairs")
    for name, (a, b) in PAIRS.items():
        v = verify(vectors[judged][:, a], vectors[judged][:, b], person[judged])
        print(
            f"{name:18} {v.true_accepts:11.3f} {v.accuracy:9.4f} {v.same_pairs:11} "
            f"{v.other_pairs:12}"
        )


def embedded(weights: Path, judges):
    """Unit vectors (n, kinds, d) and persons (n,)."""
    import numpy as np

    from facesort.models.people.embed import load_embedder

    embedder = load_embedder(weights)
    kinds = range(judges.faces.shape[1])
    return np.stack([embedder.embed(judges.faces[:, k]) for k in kinds], 1), judges.person


def tell_refused(refused: dict[Path, str]) -> None:
    for path, reason in refused.items():
        print(f"left out: {path}: {reason}")


if __name__ == "__main__":
    console.run(main)
