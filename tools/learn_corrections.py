"""Store the corrections you made by hand in a sorted album; they are permanent.

    python tools/learn_corrections.py sorted             # store your corrections
    python tools/learn_corrections.py sorted --apply     # and let the photos follow their faces
    python tools/learn_corrections.py sorted --undo      # take the last run back
    python tools/learn_corrections.py sorted --watch --apply     # at once, while you drag
    python tools/learn_corrections.py sorted --xmp       # side-cars with names and regions
    python tools/learn_corrections.py sorted --export-yolo datasets/corrected

Drag a crop from faces/masked to faces/face, and that face wears no mask; to faces/_not_a_face, and
it is none. By person, a new folder in faces/ is a new person, a renamed one a renamed person; all
crops of one moved into another's, and the folder removed, makes the two one; and all other faces
are judged anew by what you said. Move a photo in photos/ where only one face can be meant. What you
deleted, you are asked about. Each correction goes into corrections.jsonl beside the album's
folders, outranks every model, and holds when you sort again, also with other weights. What is
unclear is listed, nothing is guessed. What would cost faces their right name that you named before
counts for its own faces only, and it says so. Then it lists the faces worth the next look.

--undo withdraws the corrections of the last learning and puts its photos and crops back; again, and
the learning before that one. --xmp writes photos/<Name>/<photo>.xmp, never beside your originals.
--export-yolo writes what you confirmed as a YOLO data set to train on; faces of which you said
nothing are painted over there.
Exit code: 0 done, 1 something could not be done (listed), 2 usage.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError
from facesort.old_spelling import accept_old


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("album", type=console.path, metavar="SORTED", help="the folder that sort_photos.py filled")
    add("--apply", action="store_true", help="file the photos as their faces now are")
    add("--undo", action="store_true", help="take the last learning back, photos and all")
    add(
        "--watch",
        type=console.seconds,
        nargs="?",
        const=5.0,
        metavar="SECONDS",
        help="learn whenever nothing has moved for so long (5); Ctrl-C ends it",
    )
    add(
        "--suspects",
        type=int,
        default=30,
        metavar="N",
        help="how many faces to list that are worth the next look (default: %(default)s)",
    )
    add(
        "--class-threshold",
        type=console.fraction,
        metavar="0..1",
        help="below it a face of which you said nothing is unsure (default: as it was sorted)",
    )
    accept_old(parser, "--sure")
    add("--xmp", action="store_true", help="write side-cars with names and places of faces")
    stem_help = "with --xmp, IMG.xmp as well as IMG.jpg.xmp: Lightroom's name beside raw files"
    add("--xmp-stem", action="store_true", help=stem_help)
    add("--export-yolo", type=console.path, metavar="DIR", help="write a YOLO data set, new folder")
    args = parser.parse_args(argv)
    if args.undo and (args.apply or args.watch or args.xmp or args.export_yolo):
        raise UsageError("--undo: takes back the last learning; pass no other option")
    if args.watch and (args.xmp or args.export_yolo):
        raise UsageError("--watch: runs until you stop it; pass --xmp or --export-yolo without it")
    if args.xmp_stem and not args.xmp:
        raise UsageError("--xmp-stem: says how side-cars are called; pass --xmp as well")
    return args


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.album.disk import clear_errors

    with clear_errors(args.album):
        return run(args)


def run(args: Namespace) -> int:
    from facesort.album.corrections import watch, xmp_sidecars
    from facesort.album.corrections.api import Options, apply_corrections, revert_last
    from facesort.reporter import ConsoleReporter

    report = ConsoleReporter(sys.stdout, sys.stderr)
    is_asked = sys.stdin is not None and sys.stdin.isatty() and not args.watch
    wish = Options(
        args.apply, args.class_threshold, console.ask if is_asked else None, args.suspects
    )
    if args.undo:
        return revert_last(args.album, report)
    if args.watch:
        return watch.watch(args.album, wish, args.watch, report)
    code = apply_corrections(args.album, wish, report)
    if args.xmp:
        code = max(code, xmp_sidecars.write_sidecars(args.album, report, args.xmp_stem))
    if args.export_yolo:
        export(args.album, args.export_yolo)
    return code


def export(album: Path, out: Path) -> None:
    from facesort.album.corrections.confirmed import class_names, confirmed
    from facesort.dataset.repair import write_corrected

    print(*write_corrected(confirmed(album), out, class_names(album)), sep="\n")
    print(f"written to {out}; next: yolo detect train data={out / 'data.yaml'}")


if __name__ == "__main__":
    console.run(main)
