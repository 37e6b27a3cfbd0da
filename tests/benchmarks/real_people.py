"""How many faces of a real album get a name, and how many of the names are right?

    python tests/benchmarks/real_people.py --data runs/faces.npz --vectors runs/vectors.npz
    python tests/benchmarks/real_people.py --data ... --vectors ... --fit    # calibration's start

--data are the faces that tools/train_embedder.py gathers, masks and all as they were photographed.
Albums are drawn of people kept apart from training (--part test), nine at a time: five bare and one
masked example each; three masked ones; five bare ones. The album is the rest of their photos, one
face a photo, by itself or with strangers, in no order or in folders of a visit with a few people
each. Judged by what sort_photos.py judges with. +- is half a 95 % interval over people (bootstrap);
moves are faces to be moved by hand, per 100 of the people's own faces (100: all by hand).
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from facesort import console
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import Calibration, build
from facesort.album.person.identification import AlbumFaces, classify_album
from facesort.album.person.quality import Quality
from facesort.classes import MOUTH
from facesort.models.people.embed import load_embedder

ENCODER = Path(__file__).resolve().parents[2] / "weights" / "face_embedding.onnx"
PARTS = {"train": 0, "validation": 1, "test": 2}
PEOPLE, VISITS, BOOTSTRAPS = 9, 9, 400
ONE_DAY = 4  # photos
NOBODY = -1
GOOD = Quality(100, 300, 0.1)  # crops do not say how large a face was in its photo
TWINS = 0.985  # correlation of thumbnails: the same photo twice
ALBUMS = {"five bare, one masked": (5, 1), "three masked": (0, 3), "five bare": (5, 0)}


@dataclass(frozen=True, eq=False)
class Faces:
    """Unit vectors (n, d), ``person`` (n,), ``state`` (n,), and which are ``twins`` (n, n)."""

    vectors: np.ndarray
    person: np.ndarray
    state: np.ndarray
    twins: np.ndarray


@dataclass(frozen=True, eq=False)
class Album:
    """Rows of examples, and whose; rows of the album's faces, whose, and in which folder."""

    examples: np.ndarray
    given: np.ndarray
    faces: np.ndarray
    whose: np.ndarray
    folder: np.ndarray


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--data", type=console.path, required=True, help="gathered faces (.npz)")
    add("--vectors", type=console.path, required=True, help="kept here for the next time (.npz)")
    add("--encoder", type=console.path, default=ENCODER, help="(.onnx)")
    add("--part", choices=PARTS, default="test")
    add("--albums", type=int, default=20, help="of each kind (default: 20)")
    add("--precision", type=console.fraction, default=0.95)
    add(
        "--fit",
        action="store_true",
        help="only: the likeliest temperature and unknown logit",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    embedder = load_embedder(args.encoder)
    faces = read(args, embedder)
    if args.fit:
        print(fitted(faces, embedder.likeness, args.albums))
        return
    print(f"{'examples':22} {'strangers':>9} {'album':>10} {'named':>7} {'right':>14} {'moves':>6}")
    for title, examples in ALBUMS.items():
        kinds = (0, 0, 1), (0.3, 0, 1), (0, 1, 1), (0.3, 1, 1), (0, 1, 0)
        for strangers, visits, context in kinds:
            drawn = albums(faces, examples, strangers, bool(visits), args.albums)
            judged = [judge(faces, one, embedder.likeness, args, bool(context)) for one in drawn]
            where = ("visits" if visits else "no order") + ("" if context else " -")
            print(f"{title:22} {strangers:9} {where:>10} {tell(judged)}", flush=True)
    print("visits -: without context")


def read(args: Namespace, embedder) -> Faces:
    """The faces of --part, in its people's order of gathering."""
    import cv2

    with np.load(args.data) as z:
        part, person = z["part"], z["person"]
        rows = np.flatnonzero((part == PARTS[args.part]) & (person >= 0))
        crops, points, state = z["crops"][rows], z["points_px"][rows], z["state"][rows]
    if args.vectors.exists():
        with np.load(args.vectors) as z:
            vectors = z["vectors"].astype(np.float32)
    else:
        vectors = np.concatenate(
            [
                embedder.embed(embedder.align(crop, five)[None])
                for crop, five in zip(crops, points, strict=True)
            ]
        )
        np.savez(args.vectors, vectors=vectors.astype(np.float16))
    small = [
        cv2.resize(crop[20:140, 20:140].mean(axis=2), (16, 16), interpolation=cv2.INTER_AREA)
        for crop in crops
    ]
    thumbs = np.reshape(small, (len(rows), -1))
    thumbs = thumbs - thumbs.mean(axis=1, keepdims=True)
    thumbs /= np.linalg.norm(thumbs, axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Faces(vectors, person[rows], state, thumbs @ thumbs.T > TWINS)


def albums(
    faces: Faces, examples: tuple[int, int], strangers: float, visits: bool, count: int
) -> Iterator[Album]:
    """``examples`` bare and masked of each person; "about five" bare ones, if there is a choice."""
    bare, masked = examples
    rng = np.random.default_rng(0)
    worn = (faces.state & MOUTH) > 0
    sets = {
        p: rows
        for p in np.unique(faces.person)
        if eligible(worn[rows := np.flatnonzero(faces.person == p)], bare, masked)
    }
    for _ in range(count):
        people = rng.choice(list(sets), PEOPLE, replace=False)
        known, rest = [], []
        for p in people:
            rows = rng.permutation(sets[p])
            mine = np.append(rows[~worn[rows]][:bare], rows[worn[rows]][:masked])
            left = np.setdiff1d(rows, mine)
            known.append(mine)
            rest.append(left[~faces.twins[np.ix_(left, mine)].any(axis=1)])
        whose = np.repeat(np.arange(PEOPLE), [len(one) for one in rest])
        found = np.concatenate(rest)
        others = np.concatenate([r for p, r in sets.items() if p not in people] or [found[:0]])
        more = min(len(others), round(len(found) * strangers / (1 - strangers)))
        found = np.append(found, rng.choice(others, more, replace=False))
        whose = np.append(whose, np.full(more, NOBODY))
        # the photos of one person are of one day, many are of two
        days = rng.integers(VISITS, size=(PEOPLE + 1, 2))
        few = np.append([len(one) <= ONE_DAY for one in rest], False)
        days[few, 1] = days[few, 0]
        folder = days[whose, rng.integers(2, size=len(whose))] if visits else 0 * whose
        order = np.lexsort((rng.random(len(found)), folder))
        given = np.repeat(np.arange(PEOPLE), [len(one) for one in known])
        yield Album(np.concatenate(known), given, found[order], whose[order], folder[order])


def eligible(worn: np.ndarray, bare: int, masked: int) -> bool:
    """Whether there are examples enough of a person, and a photo left for the album."""
    if not bare:
        return bool(worn.all() and len(worn) > masked)
    if not masked:
        return bool(not worn.any() and len(worn) > bare)
    return bool(worn.sum() >= masked and 2 <= (~worn).sum())


def judge(faces: Faces, album: Album, likeness, args: Namespace, context: bool) -> np.ndarray:
    """(n, 4) for each face: a number of its person, is it of the album's own, named, right?"""
    rows = album.faces
    found = classify_album(
        build(examples_of(faces, album), PEOPLE, likeness),
        [str(one) for one in range(PEOPLE)],
        AlbumFaces(
            faces.vectors[rows],
            faces.state[rows],
            np.arange(len(rows)),
            (GOOD,) * len(rows),
            album.folder,
        ),
        args.precision,
        context=context,
    )
    named = np.array([one.folder.isdigit() for one in found], dtype=bool)
    right = [one.folder == str(who) for one, who in zip(found, album.whose, strict=True)]
    columns = faces.person[rows], album.whose != NOBODY, named, np.array(right, dtype=bool)
    return np.column_stack(columns).astype(np.int64)


def examples_of(faces: Faces, album: Album) -> Examples:
    rows = album.examples
    return Examples(faces.vectors[rows], album.given, faces.state[rows])


def tell(judged: Sequence[np.ndarray]) -> str:
    person, own, named, right = np.concatenate(judged).T
    _, person = np.unique(person, return_inverse=True)
    per_person = np.array([np.bincount(person, one) for one in (named, right)])
    draws = np.random.default_rng(0).choice(per_person.shape[1], (BOOTSTRAPS, per_person.shape[1]))
    some = per_person[:, draws].sum(axis=2)
    low, high = np.quantile(some[1] / np.maximum(some[0], 1), [0.025, 0.975])
    moves = 100 * (own.sum() - right.sum() + (named & ~own & 1).sum()) / own.sum()
    precision = f"{right.sum() / max(named.sum(), 1):.3f} +-{(high - low) / 2:.3f}"
    return f"{(named & own).sum() / own.sum():7.3f} {precision:>14} {moves:6.0f}"


def fitted(faces: Faces, likeness, count: int) -> Calibration:
    """The calibration under which album faces are likeliest, 30 % being strangers'; each kind of
    album counts alike."""
    from scipy.optimize import minimize

    every = []
    for examples in ALBUMS.values():
        scores, whose = [], []
        for album in albums(faces, examples, 0.3, False, count):
            gallery = build(examples_of(faces, album), PEOPLE, likeness)
            scores.append(gallery.scores(faces.vectors[album.faces], faces.state[album.faces]))
            whose.append(album.whose)
        every.append((np.concatenate(scores), np.concatenate(whose)))

    def nll(place: np.ndarray) -> float:
        fit = Calibration(float(np.exp(-place[0])), float(place[1]))
        return -sum(
            fit.log_probability(scores)[np.arange(len(whose)), whose].mean()
            for scores, whose in every  # whose is -1 for a stranger: the last column
        )

    best = minimize(nll, np.array([0.7, 2.0]), method="Nelder-Mead").x
    return Calibration(float(np.exp(-best[0])), float(best[1]))


if __name__ == "__main__":
    console.run(main)
