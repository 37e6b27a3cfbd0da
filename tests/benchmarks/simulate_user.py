"""How many faces must the teacher move by hand until every child's folder is right?

    D=../shared/data B="--bank runs/teacher_bank.npz"
    python tests/benchmarks/simulate_user.py $B --people $D/people --strangers $D/strangers \\
        --scenes $D/scenes_voc/images --finder face.pt      # draws the bank if it is not there
    python tests/benchmarks/simulate_user.py $B --half first      # the half to tune on
    python tests/benchmarks/simulate_user.py $B --curves runs/teacher.png
    python tests/benchmarks/simulate_user.py $B --speed 18000     # an album of so many photos
    python tests/benchmarks/simulate_user.py $B --scripts runs/teacher --people $D/people \\
        --strangers $D/strangers --scenes $D/scenes_voc/images --finder face.pt

The people are those that tools/train_embedder.py keeps apart; thresholds were tuned on their first
half, the second is for measuring. Portraits put onto scenes went through the detector, points and
embedding that ship (the bank); albums are drawn from it, and the gallery, the judging and the
learning are those of sort_photos.py and learn_corrections.py. --scripts goes the whole way once:
photos in files, the scripts, crops moved between folders. Tables are printed as Markdown.
"""

from __future__ import annotations

import random
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from facesort import console
from facesort.errors import UsageError

if TYPE_CHECKING:
    from user_simulation.identity_bank import Bank
    from user_simulation.portraits import Portrait
    from user_simulation.simulated_album import AlbumMaker

APART, SEED = 100, 6  # as tools/train_embedder.py has them
SCENES = 40
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--bank", type=console.path, required=True, help="drawn faces are kept here (.npz)")
    add("--people", type=console.path, help="a folder of portraits a person")
    add("--strangers", type=console.path, help="people with one photo, in a folder")
    add("--scenes", type=console.path, help="images to put portraits on")
    add("--finder", type=console.path, help="finds faces and five points (.pt)")
    add("--half", choices=["first", "second"], default="second", help="first: to tune on")
    add("--albums", type=int, default=30, help="of each kind (default: 30)")
    add("--curves", type=console.path, metavar="PNG", help="draw precision at coverage")
    add("--speed", type=int, metavar="PHOTOS", help="only: time one judging of so many photos")
    add("--scripts", type=console.path, metavar="DIR", help="only: the real scripts, in a new DIR")
    args = parser.parse_args(argv)
    sources = (args.people, args.strangers, args.scenes, args.finder)
    if None in sources and (args.scripts or not args.bank.exists()):
        raise UsageError("needs --people, --strangers, --scenes and --finder to draw photos")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import numpy as np

    from facesort.models.people.embed import load_embedder
    from user_simulation import tables
    from user_simulation.simulated_album import AlbumMaker

    bank = read_bank(args)
    mine = np.arange(len(bank.names)) % 2 == (args.half == "second")
    likeness = load_embedder(WEIGHTS / "face_embedding.onnx").likeness.to_json()
    maker = AlbumMaker(bank, mine, likeness)
    if args.speed:
        tell_speed(maker, args.speed)
    elif args.scripts:
        walk(maker, bank, args)
    else:
        for lines in (
            tables.moves(maker, tables.USUAL, args.albums),
            tables.moves(maker, tables.HARD, args.albums),
            tables.names(maker, args.albums, args.curves),
        ):
            for line in lines:
                print(line, flush=True)


def read_bank(args: Namespace) -> Bank:
    """The bank in the file, drawn first if it is not there."""
    from facesort.album.person.face_encoder import load_face_encoder
    from facesort.models.detect import load_detector
    from facesort.models.face_finders import load_face_finder
    from facesort.models.people.covered_faces import list_people
    from user_simulation import identity_bank as banks
    from user_simulation.portraits import read_portraits

    if args.bank.exists():
        return banks.Bank.load(args.bank)
    people = list_people(args.people)
    chosen = sorted(random.Random(SEED).sample(list(people), APART))
    everybody = {name: people[name] for name in chosen}
    everybody |= {f"~{path.stem}": [path] for path in sorted(args.strangers.iterdir())}
    portraits = read_portraits(everybody, load_face_finder(args.finder))
    single = {i for i, name in enumerate(everybody) if name.startswith("~")}
    rows = banks.wanted_rows(portraits, single)
    total = -(-len(rows) // banks.PER_CANVAS)
    photos = console.progress(banks.canvases(rows, portraits, scenes(args)), total, "photo")
    bank = banks.fill(
        rows,
        portraits,
        list(everybody),
        photos,
        load_detector(WEIGHTS / "occlusion.onnx"),
        load_face_encoder(WEIGHTS / "face_points.onnx", WEIGHTS / "face_embedding.onnx"),
    )
    bank.save(args.bank)
    return bank


def scenes(args: Namespace) -> list:
    from facesort.photos import list_photos, open_photo

    every = list_photos(args.scenes).photos
    return [open_photo(found.path).rgb for found in every[: 5 * SCENES : 5]]


def tell_speed(maker: AlbumMaker, photos: int) -> None:
    """Time and memory of one update of the gallery and one word on every face."""
    import resource

    from facesort.album.person.classify import classify_scans
    from user_simulation.grow import grown, labels_of
    from user_simulation.simulated_album import Mix

    album = maker.make(Mix(), 0)
    scans = grown(album, photos)
    labels = labels_of(album, scans, 1000)
    faces = sum(len(scan.faces) for scan in scans)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    classify_scans(album.learned, album.names, labels, scans)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{len(scans):,} photos, {faces:,} faces, {len(labels):,} corrections: {wall:.1f} s, "
        f"{cpu:.1f} s of processor, {more / 1024:.0f} MB on top of {before / 1024:.0f} MB"
    )


def walk(maker: AlbumMaker, bank: Bank, args: Namespace) -> None:
    """Sort, correct and learn with the scripts."""
    from facesort.models.face_finders import load_face_finder
    from user_simulation import on_disk
    from user_simulation.portraits import read_portraits
    from user_simulation.tables import HARD

    if args.scripts.exists():
        raise UsageError(f"--scripts {args.scripts}: exists; expected a new folder")
    find, known = load_face_finder(args.finder), dict[int, "Portrait"]()

    def portrait(number: int) -> Portrait:
        if number not in known:
            known[number] = read_portraits({"": [Path(bank.files[number])]}, find)[0]
        return known[number]

    plan = maker.plan(HARD, seed=0)
    truths = on_disk.write_album(plan, bank, portrait, scenes(args), args.scripts)
    done = args.scripts / "sorted"
    options = ["--by", "person", "--people", args.scripts / "examples", "--dst", done]
    print(on_disk.run("sort_photos.py", "--src", args.scripts / "album", *options))
    print(f"{on_disk.correct(done, truths, print)} moves by hand")


if __name__ == "__main__":
    console.run(main)
