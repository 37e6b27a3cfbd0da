"""Sort a photo album into folders by what covers each face.

    python tools/sort_photos.py --src album                     # into sorted/
    python tools/sort_photos.py --src album --dst by_mask       # somewhere else
    python tools/sort_photos.py --src album --dry-run           # only say it, and save the plan
    python tools/sort_photos.py --plan sorted/plan.json         # then carry out exactly that
    python tools/sort_photos.py --undo --dst sorted             # take it all back

photos/<class>/ holds links to your photos, faces/<class>/ face crops with the least certain first,
manifest.csv one row a face. The classes are face, masked, sunglasses, masked_sunglasses; besides
them there are _unsure, _no_face, _unreadable, and _not_a_face for you to drag crops to.

Your photos are only read. Run it again to go on after a stop, or to sort what was added since.
Exit code: 0 done, 1 something could not be sorted, 2 usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from facesort.album import stop

if __name__ == "__main__":
    stop.at_once()  # first of all: even these imports take long enough for a Ctrl-C

import functools
import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facesort import console
from facesort.errors import UsageError
from facesort.reporter import ConsoleReporter, open_closed_streams, write_line

if TYPE_CHECKING:
    from facesort.models.detect import Detector

DST = Path("sorted")
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "occlusion.onnx"
PLANNED = {"by", "link", "sure", "conf", "weights"}  # options that a saved plan has carried out


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add(
        "--src",
        type=console.path,
        metavar="DIR",
        help="the album: a folder of photos, nested at will",
    )
    add(
        "--dst",
        type=console.path,
        metavar="DIR",
        help="where the sorted folders go (default: sorted)",
    )
    add("--by", choices=["class", "person"], help="what to sort by (default: class)")
    add(
        "--link",
        choices=["hard", "sym", "copy"],
        help="hard: a second name of the same file, takes no room (edit one, and you edit both); "
        "a copy where the disk knows no such thing; sym: to the photo's whole path; copy: a file "
        "of its own (default: hard)",
    )
    add("--dry-run", action="store_true", help="print the plan, save it in --dst, and stop")
    add(
        "--plan",
        type=console.path,
        metavar="FILE",
        help="carry out a saved plan, if nothing has changed",
    )
    add("--undo", action="store_true", help="remove from --dst what was made there; list the rest")
    add(
        "--weights",
        type=console.path,
        metavar="FILE",
        help="model (default: weights/occlusion.onnx)",
    )
    add(
        "--conf",
        type=console.fraction,
        metavar="0..1",
        help="below it there is no face (default: model's)",
    )
    add(
        "--sure",
        type=console.fraction,
        metavar="0..1",
        help="below it a face is unsure (default: model's)",
    )
    add("--workers", type=int, metavar="N", help="photos at a time (default: one per core)")
    args = parser.parse_args(argv)
    check(args)
    return args


def check(args: Namespace) -> None:
    """Raise `UsageError` where options do not make sense together."""
    if args.by == "person":
        raise UsageError("--by person: comes with the people feature; until then, use --by class")
    if args.undo and (args.dst is None or given(args) - {"undo", "dst"}):
        raise UsageError("--undo: needs --dst, the folder to restore, and no other option")
    if args.plan and args.dry_run:
        raise UsageError("--plan FILE carries out what --dry-run has saved: pass one of the two")
    if args.plan and given(args) & PLANNED:
        options = ", ".join(f"--{name}" for name in sorted(given(args) & PLANNED))
        raise UsageError(f"{options}: decided when the plan was made; pass it with --dry-run")
    if not (args.undo or args.plan or args.src):
        raise UsageError("--src: missing; expected the folder of your photos: --src album")
    if args.workers is not None and args.workers < 1:
        raise UsageError(f"--workers {args.workers}: expected 1 or more")


def given(args: Namespace) -> set[str]:
    """The options that the command line has."""
    return {name for name, value in vars(args).items() if value is not None and value is not False}


def load_detector(weights: Path | None, conf: float | None) -> Detector:
    from facesort.models import detect

    return detect.load_detector(weights or WEIGHTS, conf)


def run(args: Namespace, load: Callable[[Path | None, float | None], Detector]) -> int:
    from facesort.album import sort
    from facesort.album.undo import undo

    report = ConsoleReporter(sys.stdout, sys.stderr)
    workers = args.workers or os.cpu_count() or 1
    if args.undo:
        return undo(args.dst, report)
    if args.plan:
        return sort.apply_saved(args.plan, args.src, args.dst, workers, report)
    job = sort.Job(
        src=args.src,
        dst=args.dst or DST,
        load_detector=functools.cache(lambda: load(args.weights, args.conf)),
        settings=f"conf={args.conf}",
        link=args.link or "hard",
        sure=args.sure,
        workers=workers,
        options={
            "link": args.link or "hard",
            "sure": str(args.sure),
            "conf": str(args.conf),
            "weights": str(args.weights or WEIGHTS),
        },
    )
    return sort.preview_album(job, report) if args.dry_run else sort.sort_album(job, report)


def main(argv: Sequence[str], load: Callable[..., Detector] = load_detector) -> int:
    stop.at_once()
    open_closed_streams()
    args = arguments(argv)
    from facesort.album import sort, undo  # noqa: F401 (takes long, so before Ctrl-C is an error)
    from facesort.album.disk import clear_errors

    try:
        stop.as_interrupt()
        with clear_errors(args.dst or (args.plan.parent if args.plan else DST)):
            return run(args, load)
    except BaseException as error:
        if not (stop.was_requested() or isinstance(error, KeyboardInterrupt)):
            raise
    finally:
        stop.ignore()
    again = shlex.join(["python", sys.argv[0], *argv])
    write_line(f"stopped; what is done stays done; go on with: {again}", sys.stderr)
    return stop.EXIT_CODE


if __name__ == "__main__":
    console.run(main)
