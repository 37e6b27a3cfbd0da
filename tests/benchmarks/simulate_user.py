"""How many faces must the teacher move by hand until every child's folder is right?

    D=photos R="--real --bank runs/teacher_real.npz"
    python tests/benchmarks/simulate_user.py $R --masked-people $D/masked_people \\
        --masked-only $D/masked_only_people --people $D/people --strangers $D/strangers
    python tests/benchmarks/simulate_user.py $R          # once more, from the bank
    B="--bank runs/teacher_bank.npz"
    python tests/benchmarks/simulate_user.py $B --people $D/people --strangers $D/strangers \\
        --scenes $D/scenes_voc/images --finder face.pt      # draws the bank if it is not there
    python tests/benchmarks/simulate_user.py $B --half first      # the half to tune on
    python tests/benchmarks/simulate_user.py $B --curves runs/teacher.png
    python tests/benchmarks/simulate_user.py $B --scripts runs/teacher --people $D/people \\
        --strangers $D/strangers --scenes $D/scenes_voc/images --finder face.pt

With --real, photos are as they were taken, masks and all, of people kept apart from training
(--part test); without it, masks are drawn: the people are those kept apart when that was written,
thresholds were tuned on their first half, the second is for measuring, and their portraits are put
onto scenes. All went through the detector, points and embedding that ship (the bank); albums are
drawn from it, and the gallery, the judging and the learning are those of sort_photos.py and
learn_corrections.py. --scripts goes the whole way once:
photos in files, the scripts, crops moved between folders. Tables are printed as Markdown.
"""

from __future__ import annotations

import random
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from facesort import console
from facesort.dataset.people_split import PARTS, TEST
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
    add("--real", action="store_true", help="real photos, no drawn masks")
    add("--masked-people", type=console.path, help="with --real: DIR/<id>/masked, DIR/<id>/bare")
    add("--masked-only", type=console.path, help="with --real: DIR/<id>, always masked")
    add("--part", choices=PARTS, default=TEST, help="with --real (default: test)")
    add("--half", choices=["first", "second"], default="second", help="first: to tune on")
    add("--albums", type=int, default=30, help="of each kind (default: 30)")
    add("--curves", type=console.path, metavar="PNG", help="draw precision at coverage")
    add("--scripts", type=console.path, metavar="DIR", help="only: the real scripts, in a new DIR")
    args = parser.parse_args(argv)
    needed = ["people", "strangers", "scenes", "finder"]
    if args.real:
        needed = ["masked_people", "masked_only", "people", "strangers"]
    missing = [f"--{name.replace('_', '-')}" for name in needed if getattr(args, name) is None]
    if missing and (args.scripts or not args.bank.exists()):
        raise UsageError(f"{args.bank}: is not there yet; to make it: {', '.join(missing)}")
    return args


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    import numpy as np

    from facesort.models.people.embed import load_embedder
    from user_simulation import tables
    from user_simulation.simulated_album import AlbumMaker

    likeness = load_embedder(WEIGHTS / "face_embedding.onnx").likeness.to_json()
    if args.real:
        tell_real(args, likeness)
        return
    bank = read_bank(args)
    mine = np.arange(len(bank.names)) % 2 == (args.half == "second")
    maker = AlbumMaker(bank, mine, likeness)
    if args.scripts:
        walk(maker, bank, args)
    else:
        for lines in (
            *(
                tables.moves(tables.TITLES[mix], [maker.make(mix, i) for i in range(args.albums)])
                for mix in (tables.USUAL, tables.HARD)
            ),
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


def tell_real(args: Namespace, likeness: str) -> None:
    """The tables of real photos, which are looked at if the bank is not there."""
    from facesort.album.person.face_encoder import load_face_encoder
    from facesort.models import detect, presets
    from user_simulation import real_album, tables

    if not args.bank.exists():
        folders = {"mp": args.masked_people, "mo": args.masked_only}
        folders |= {"lfw": args.people, "str": args.strangers}
        items = real_album.photos_of(folders, args.part)
        chosen = presets.preset(presets.BALANCED)
        detector = detect.load_detector(WEIGHTS / chosen.file, None, chosen.imgsz)
        encoder = load_face_encoder(WEIGHTS / "face_points.onnx", WEIGHTS / "face_embedding.onnx")
        photos = console.progress(items, len(items), "photo")
        real_album.look_at(photos, detect.with_second_looks(detector), encoder).save(args.bank)
    bank = real_album.RealBank.load(args.bank)
    for source in dict.fromkeys(bank.source.tolist()):
        mine = bank.source == source
        people = len(set(bank.person[mine].tolist()))
        print(
            f"{source}: {mine.sum()} photos of {people} people, {bank.found[mine].mean():.3f} found"
        )
    maker = real_album.RealAlbumMaker(bank, likeness)
    for title, mix in tables.REAL.items():
        for line in tables.moves(title, list(maker.make(mix, args.albums))):
            print(line, flush=True)


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
