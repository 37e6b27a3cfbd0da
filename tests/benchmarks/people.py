"""How much of an album's faces is left to do by hand once nine children have a few examples each?
Masks are drawn here; how encoders do with real ones, tests/benchmarks/encoders.py says.

    python tests/benchmarks/people.py --people DIR --strangers DIR --finder face.pt \\
        --weights mobilefacenet.onnx weights/face_embedding.onnx --faces runs/people_faces.npz

Closed sets of people who are kept apart (--half second; the first half says what strangers'
likeness is): examples half masked, 55 % of the album's faces masked, 10 % in
sunglasses, 5 % in both, 30 % strangers, one or two faces a photo. --faces keeps the drawn faces for
the next time. A hand move is a face that lies in a wrong folder: a child's, _unsure or _strangers.
"""

from __future__ import annotations

import random
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from facesort import console
from facesort.album.person.assignment import Decision, name_faces, sure_from
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import build
from facesort.dataset.people_split import TRAIN, part_of
from facesort.models.people import similarity_norm
from facesort.models.people.align import align_to
from facesort.models.people.covered_faces import CoveredFaces, cover_faces, list_people
from facesort.models.people.cutouts import CROP_PX, CROP_TEMPLATE_PX
from facesort.models.people.embed import load_embedder

KINDS = ["mask", "sunglasses", "mask+sunglasses"]  # in the order of the class index
STATE_SHARE = [0.3, 0.55, 0.1, 0.05]
STRANGER_SHARE = 0.3
UPPER_PX, UPPER_WEIGHT = 92, 0.3  # rows of a crop above the nose's tip
CHILDREN, APART, SEED = 9, 100, 6


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--people", type=console.path, required=True)
    add("--strangers", type=console.path, required=True, help="people with one photo, in a folder")
    add("--finder", type=console.path, required=True, help="finds faces and five points (.pt)")
    add("--weights", type=console.path, nargs="+", required=True, help="embeddings (.onnx)")
    add("--faces", type=console.path, required=True, help="drawn faces are kept here (.npz)")
    add("--half", choices=["first", "second"], default="second", help="first: to tune on")
    add("--precision", type=console.fraction, default=0.98)
    add("--albums", type=int, default=60)
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    drawn = faces(args)
    person, single = drawn.person, np.array([name.startswith("~") for name in drawn.names])
    half = person % 2
    tuned_on = (half == 0) & ~single[person]
    print(
        f"{'embedding':22} {'k':>2} {'masked ex.':>10} {'faces':>6} {'rank-1':>7} {'precision':>9} "
        f"{'coverage':>8} {'masked p.':>9} {'masked c.':>9} {'moves/1000':>10}"
    )
    for weights in args.weights:
        whole = vectors_of(weights, drawn.faces)
        upper = drawn.faces.copy()
        upper[:, :, UPPER_PX:] = 127
        both = np.concatenate(
            [
                whole * np.sqrt(1 - UPPER_WEIGHT),
                vectors_of(weights, upper) * np.sqrt(UPPER_WEIGHT),
            ],
            axis=2,
        )
        for title, vectors in ((weights.stem, whole), (f"{weights.stem}+upper", both)):
            rows, kinds = vectors[tuned_on], vectors.shape[1]
            table = similarity_norm.measure(
                rows.reshape(-1, rows.shape[2]),
                person[tuned_on].repeat(kinds),
                np.tile(np.arange(kinds), len(rows)),
            )
            mine = half == (args.half == "second")
            for k, masked in ((5, 0.0), (5, 0.5), (10, 0.0), (10, 0.5)):
                judged = [
                    judge(vectors, table, album, args.precision)
                    for album in albums(person, mine, single, k, masked, args.albums)
                ]
                tell(title, k, masked, np.concatenate(judged))


def faces(args: Namespace) -> CoveredFaces:
    """The people kept apart, and the strangers as people named ~, drawn or read back."""
    if args.faces.exists():
        with np.load(args.faces) as kept:
            return CoveredFaces(kept["faces"], kept["person"], tuple(kept["names"].tolist()))
    from facesort.dataset.synthesize import draw_kind
    from facesort.models.face_finders import load_face_finder

    people = list_people(args.people)
    apart = [name for name in people if part_of("lfw", name) != TRAIN]
    chosen = sorted(random.Random(SEED).sample(apart, min(APART, len(apart))))
    everybody = {name: people[name] for name in chosen}
    single = sorted(args.strangers.iterdir())
    everybody |= {f"~{p.stem}": [p] for p in single if part_of("str", p.stem) != TRAIN}
    drawn = cover_faces(
        everybody,
        load_face_finder(args.finder),
        lambda rgb, points, kind, rng: draw_kind(rgb, points, 0, kind, rng)[0],
        KINDS,
        seed=2,
        find_again=True,
        align=lambda rgb, points: align_to(rgb, points, CROP_TEMPLATE_PX, CROP_PX),
    )
    np.savez(args.faces, faces=drawn.faces, person=drawn.person, names=np.array(drawn.names))
    return drawn


def vectors_of(weights: Path, rows: np.ndarray) -> np.ndarray:
    embedder = load_embedder(weights)

    def seen(face: np.ndarray) -> np.ndarray:
        return embedder.embed(embedder.align(face, CROP_TEMPLATE_PX)[None])[0]

    return np.array([[seen(face) for face in row] for row in rows])


def albums(
    person: np.ndarray, mine: np.ndarray, single: np.ndarray, k: int, masked: float, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Examples (n, 3) and faces (n, 4): row, state, child (-1 a stranger), and photo."""
    rng = np.random.default_rng(0)
    counts = np.bincount(person[mine], minlength=len(single))
    eligible = np.flatnonzero((counts >= k + 3) & ~single)
    for _ in range(count):
        children = rng.choice(eligible, CHILDREN, replace=False)
        examples, found = [], []
        for child, one in enumerate(children):
            rows = rng.permutation(np.flatnonzero(person == one))
            examples += [(row, int(i < k * masked), child) for i, row in enumerate(rows[:k])]
            found += [(row, rng.choice(4, p=STATE_SHARE), child) for row in rows[k:]]
        others = np.flatnonzero(mine & ~np.isin(person, children))
        strangers = round(len(found) * STRANGER_SHARE / (1 - STRANGER_SHARE))
        some = rng.choice(others, strangers, replace=False)
        found += [(row, rng.choice(4, p=STATE_SHARE), -1) for row in some]
        in_order = rng.permutation(np.array(found))
        photo = np.arange(len(in_order)) // 2 * 2
        twin = np.flatnonzero(
            person[in_order[1::2, 0]] == person[in_order[:-1:2, 0]][: len(photo) // 2]
        )
        photo[2 * twin + 1] += 1  # never the same person twice in a photo
        yield np.array(examples), np.column_stack([in_order, photo])


def judge(vectors, table, album, precision: float) -> np.ndarray:
    """A row a face: state, child, likeliest child, verdict."""
    examples, found = album
    rows, states, child = examples.T
    gallery = build(Examples(vectors[rows, states], child, states), CHILDREN, table)
    probability = gallery.probability(vectors[found[:, 0], found[:, 1]], found[:, 1])
    sure = sure_from(probability.max(axis=1), precision)
    named = name_faces(probability, found[:, 3], sure)
    verdict = [list(Decision).index(one.verdict) for one in named]
    return np.column_stack(
        [found[:, 1:3], probability.argmax(axis=1), verdict, [n.person for n in named]]
    )


def tell(title: str, k: int, masked: float, rows: np.ndarray) -> None:
    state, child, likeliest, verdict, person = rows.T
    known, named = child >= 0, verdict == 0
    right = named & (person == child)
    in_mask = (state & 1) == 1
    done = right | (~known & (verdict == 2))
    cells = [
        f"{(likeliest == child)[known].mean():7.3f}",
        f"{right.sum() / max(named.sum(), 1):9.4f}",
        f"{right.sum() / known.sum():8.3f}",
        f"{(right & in_mask).sum() / max((named & in_mask).sum(), 1):9.4f}",
        f"{(right & in_mask).sum() / (known & in_mask).sum():9.3f}",
        f"{1000 * (1 - done.mean()):10.0f}",
    ]
    print(f"{title:22} {k:2} {masked:10.0%} {len(rows):6} {' '.join(cells)}", flush=True)


if __name__ == "__main__":
    console.run(main)
