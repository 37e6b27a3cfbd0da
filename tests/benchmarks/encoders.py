"""How well does each face encoder tell people apart, on real photos with real masks?

    python tests/benchmarks/encoders.py --masked-people DIR --masked-only DIR --people DIR \\
        --young DIR --finder yunet.onnx --cache runs/encoders --encoders weights/*.onnx

Encoders are .onnx files whose metadata says what they want (tools/import_encoder.py writes it for
published ones); A.onnx+B.onnx is both, side by side; a ~ behind a name averages the face and its
mirror image. People are those kept apart from training (--part test) but for --young, which nothing
was ever trained on. +- is half a 95 % interval over people (bootstrap).
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import encoder_faces as faces
from encoder_faces import ADULT, BARE, BOTH, CHILD, MASKED, SUNGLASSES, People

from facesort import console
from facesort.dataset.people_split import PARTS, TEST, part_of
from facesort.models.face_finders import load_yunet
from facesort.models.people.embed import load_embedder
from facesort.models.people.points import load_point_finder

POINTS = Path(__file__).resolve().parents[2] / "weights" / "face_points.onnx"
DRAWS, BOOTSTRAPS = 200, 400
PHOTOS_EACH = 4  # of a person of LFW
PAIRS = [  # source, kinds of the two photos
    ("mp", BARE, BARE, "bare-bare"),
    ("mp", MASKED, BARE, "mask-bare"),
    ("mp", MASKED, MASKED, "mask-mask"),
    ("mo", MASKED, MASKED, "mask-mask, always masked"),
    ("mo", MASKED, BOTH, "mask - mask and sunglasses"),
    ("lfw", BARE, BARE, "LFW bare-bare"),
    ("lfw", SUNGLASSES, BARE, "LFW drawn sunglasses-bare"),
    ("young", CHILD, CHILD, "child-child"),
    ("young", CHILD, ADULT, "child-adult"),
]
RANKS = [  # source, kind of the probe, of the examples, how many of these a person
    ("mp", MASKED, BARE, 5, "mask, by 5 bare"),
    ("mp", BARE, BARE, 3, "bare, by 3 bare"),
    ("mo", MASKED, MASKED, 3, "mask, by 3 masked"),
    ("lfw", SUNGLASSES, BARE, 3, "LFW drawn sunglasses, by 3 bare"),
    ("young", CHILD, CHILD, 1, "child, by 1 as child"),
    ("young", CHILD, ADULT, 1, "child, by 1 as adult"),
]


@dataclass(frozen=True, eq=False)
class Faces:
    """Photos of the people judged on: unit vectors (n, d) and what `People` says of them."""

    vectors: np.ndarray
    person: np.ndarray
    kind: np.ndarray
    twins: np.ndarray  # (n, n) near-duplicates


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--masked-people", dest="mp", type=console.path, help="DIR/<id>/masked, DIR/<id>/bare")
    add("--masked-only", dest="mo", type=console.path, help="DIR/<id>")
    add("--people", dest="lfw", type=console.path, help="DIR/<name>, bare")
    add("--young", type=console.path, help="DIR/<name>/young, DIR/<name>/adult")
    add("--finder", type=console.path, required=True, help="YuNet (.onnx)")
    add("--encoders", nargs="+", required=True)
    add("--cache", type=console.path, required=True)
    add("--part", choices=PARTS, default=TEST)
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    args.cache.mkdir(parents=True, exist_ok=True)
    find, points = load_yunet(args.finder, conf=0.5), load_point_finder(POINTS)
    folders = {name: getattr(args, name) for name in faces.SOURCES if getattr(args, name)}
    people = {
        name: faces.find_people(name, folder, find, points, args.cache)
        for name, folder in folders.items()
    }
    people = {name: judged(found, args.part) for name, found in people.items()}
    for name, found in people.items():
        print(f"{name}: {len(found.person)} photos of {len(np.unique(found.person))} people")
    twins = {name: twins_of(found, args.encoders[0]) for name, found in people.items()}
    cache = args.cache / args.part
    cache.mkdir(exist_ok=True)
    for encoder in args.encoders:
        print(f"\n{encoder}: {card(encoder)}", flush=True)
        tell({n: load(encoder, people[n], twins[n], cache) for n in people})


def judged(people: People, part: str) -> People:
    if people.source == "young":
        return people
    earlier = np.array([sum(people.person[:i] == p) for i, p in enumerate(people.person)])
    few = earlier < PHOTOS_EACH if people.source == "lfw" else np.ones(len(earlier), dtype=bool)
    parts = np.array([part_of(people.source, name) for name in people.names])
    return faces.only(people, few & (parts[people.person] == part))


def twins_of(people: People, encoder: str) -> np.ndarray:
    return faces.near_duplicates(people, load_embedder(files(encoder)[0][0]))


def files(encoder: str) -> list[tuple[Path, bool]]:
    """The .onnx files of an encoder and whether each sees the mirror image, too."""
    return [(Path(one.rstrip("~")), one.endswith("~")) for one in encoder.split("+")]


def card(encoder: str) -> str:
    """Licence, size and time."""
    some, ms, megabytes = [], 0.0, 0.0
    for path, mirror in files(encoder):
        embedder = load_embedder(path)
        side = embedder.spec.side_px
        face = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
        times = []
        for _ in range(30):
            start = time.process_time()  # of this process: others may be busy
            embedder.embed(face)
            times.append(time.process_time() - start)
        ms += 1000 * min(times) * (2 if mirror else 1)
        megabytes += path.stat().st_size / 1e6
        some.append(embedder.licence)
    cost = f"{megabytes:.1f} MB; {ms:.1f} ms a face (one thread, processor time, fastest of 30)"
    return f"{' + '.join(some)}; {cost}"


def load(encoder: str, people: People, twins: np.ndarray, cache: Path) -> Faces:
    def both(drawn: str) -> np.ndarray:
        parts = [
            faces.vectors(people, load_embedder(path), cache, mirror, drawn)
            for path, mirror in files(encoder)
        ]
        return np.concatenate(parts, axis=1) / np.sqrt(len(parts))

    seen, person, kind = both(""), people.person, people.kind
    if people.source == "lfw":  # each photo once more, with sunglasses drawn; never with itself
        seen = np.concatenate([seen, both("sunglasses")])
        person = np.tile(person, 2)
        twins = np.tile(twins | np.eye(len(twins), dtype=bool), (2, 2))
        kind = np.repeat([BARE, SUNGLASSES], len(kind))
    return Faces(seen, person, kind, twins)


def tell(seen: dict[str, Faces]) -> None:
    print(f"{'pairs':34} {'FAR 1e-2':>14} {'FAR 1e-3':>14}")
    for source, a, b, title in PAIRS:
        if source in seen:
            cells = [with_interval(*true_accepts(seen[source], a, b, far)) for far in (1e-2, 1e-3)]
            print(f"{title:34} " + " ".join(f"{cell:>14}" for cell in cells))
    print(f"{'first guess right':34} {'of 9':>14} {'of 30':>14}")
    for source, probe, known, k, title in RANKS:
        if source in seen:
            cells = [with_interval(*first_guess(seen[source], probe, known, k, n)) for n in (9, 30)]
            print(f"{title:34} " + " ".join(f"{cell:>14}" for cell in cells), flush=True)


def true_accepts(f: Faces, a: int, b: int, far: float) -> tuple[np.ndarray, np.ndarray]:
    """Accepted and all same-person pairs of each person."""
    rows, columns = np.flatnonzero(f.kind == a), np.flatnonzero(f.kind == b)
    cosine = f.vectors[rows] @ f.vectors[columns].T
    same = f.person[rows, None] == f.person[None, columns]
    limit = np.quantile(cosine[~same], 1 - far)
    pair = same & ~f.twins[np.ix_(rows, columns)] & (rows[:, None] != columns[None])
    size = f.person.max() + 1
    right = np.bincount(f.person[rows], ((cosine > limit) & pair).sum(axis=1), size)
    return right, np.bincount(f.person[rows], pair.sum(axis=1), size)


def first_guess(
    f: Faces, probe: int, known: int, k: int, people: int
) -> tuple[np.ndarray, np.ndarray]:
    """Right and all guesses for probes of each person, among ``people`` known by up to ``k``
    examples, over `DRAWS` random sets."""
    rng = np.random.default_rng(0)
    least = k + 1 if probe == known else 1
    usable = [
        one
        for one in np.unique(f.person)
        if ((f.person == one) & (f.kind == known)).sum() >= least
        and ((f.person == one) & (f.kind == probe)).any()
    ]
    right, total = np.zeros(f.person.max() + 1), np.zeros(f.person.max() + 1)
    for _ in range(DRAWS if len(usable) >= people else 0):
        some = rng.choice(usable, people, replace=False)
        means, asked = [], []
        for one in some:
            rows = rng.permutation(np.flatnonzero((f.person == one) & (f.kind == known)))[:k]
            mean = f.vectors[rows].mean(axis=0)
            means.append(mean / np.linalg.norm(mean))
            probes = np.flatnonzero((f.person == one) & (f.kind == probe))
            asked.append(
                probes[~f.twins[np.ix_(probes, rows)].any(axis=1) & ~np.isin(probes, rows)]
            )
        rows = np.concatenate(asked)
        guess = some[(f.vectors[rows] @ np.array(means).T).argmax(axis=1)]
        right += np.bincount(f.person[rows], guess == f.person[rows], len(right))
        total += np.bincount(f.person[rows], minlength=len(total))
    return right, total


def with_interval(right: np.ndarray, total: np.ndarray) -> str:
    some = np.flatnonzero(total)
    if not len(some):
        return "-"
    rng = np.random.default_rng(0)
    draws = rng.choice(some, (BOOTSTRAPS, len(some)))
    shares = right[draws].sum(axis=1) / total[draws].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return f"{right.sum() / total.sum():.3f} +-{(high - low) / 2:.3f}"


if __name__ == "__main__":
    console.run(main)
