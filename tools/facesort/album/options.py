"""The options of tools/sort_photos.py, and which of them make sense together."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facesort import console
from facesort.album.link_modes import COPY, HARD, LINK_MODES
from facesort.errors import UsageError
from facesort.models.presets import PRESETS
from facesort.old_spelling import accept_old

if TYPE_CHECKING:
    from facesort.photos import Place

DST = Path("sorted")
BY_PERSON = {"people", "precision", "allow_twins", "no_context", "vote", "encoder"}
RULES = {"link", "primary_faces", "best_first"}
# decided by a plan
PLANNED = {"by", "class_threshold", "conf", "quality", "weights"} | RULES | BY_PERSON


def read(argv: Sequence[str], about: str | None) -> Namespace:
    """The options in ``argv``; raises `UsageError`, and exits as argparse does. ``about`` is what
    --help says of the script."""
    parser = console.parser(about)
    add = parser.add_argument
    add(
        "--src",
        type=_album,
        metavar="DIR",
        help="the album: a folder of photos and videos, nested at will; or a URL that fsspec can "
        "read (s3://bucket/album, gs://, sftp:// ...), with photos only, which are copied",
    )
    add(
        "--dst",
        type=console.path,
        metavar="DIR",
        help="where the sorted folders go (default: sorted)",
    )
    add("--by", choices=["class", "person"], help="what to sort by (default: class)")
    add(
        "--people",
        type=console.path,
        metavar="DIR",
        help="a folder for each person, with photos of them; more of them, and masked ones, help; "
        "without it, people are found, and named by you afterwards",
    )
    add(
        "--precision",
        type=console.fraction,
        metavar="0..1",
        help="how many of the names given must be right; the rest is unsure (default: 0.95)",
    )
    add("--allow-twins", action="store_true", help="a person may be in a photo twice")
    add(
        "--no-context",
        action="store_true",
        help="name each face by itself: who is in the photos next to it in its folder says nothing",
    )
    add(
        "--vote",
        type=console.path,
        metavar="FILE",
        help="a YOLO model whose classes are names of --people has a say, too; to sort by such a "
        "model alone, pass it as --weights, without --people",
    )
    add(
        "--encoder",
        type=console.path,
        metavar="FILE",
        help="a face encoder of yours (.onnx), instead of the shipped one; its metadata says how "
        "it wants its faces (weights/README.md)",
    )
    add(
        "--primary-faces",
        action="store_true",
        help="file a photo only for its main faces: those of at least half the weight of its "
        "heaviest, which is size, less where turned away, blurred or doubtful",
    )
    accept_old(parser, "--main-only")
    add(
        "--best-first",
        action="store_true",
        help="names in photos/<Name>/ get a number in front: by name, the best come first",
    )
    add(
        "--link",
        choices=list(LINK_MODES),
        help="; ".join(f"{one.name}: {one.help}" for one in LINK_MODES.values())
        + f" (default: {HARD})",
    )
    add("--dry-run", action="store_true", help="print the plan, save it in --dst, and stop")
    add(
        "--plan",
        type=console.path,
        metavar="FILE",
        help="carry out a saved plan, if nothing has changed",
    )
    add("--review", action="store_true", help="then open the review page (tools/review.py)")
    add("--undo", action="store_true", help="remove from --dst what was made there; list the rest")
    add(
        "--quality",
        choices=list(PRESETS),
        help="fast overlooks small faces and mistakes more of them; best is 1.5x slower "
        "than balanced, slightly more accurate; figures: weights/SPEED.md (default: balanced)",
    )
    add(
        "--weights",
        type=console.path,
        metavar="FILE",
        help="a model of yours, instead of those that --quality chooses from",
    )
    add(
        "--conf",
        type=console.fraction,
        metavar="0..1",
        help="below it there is no face (default: model's)",
    )
    add(
        "--class-threshold",
        type=console.fraction,
        metavar="0..1",
        help="below it a face is unsure (default: model's)",
    )
    accept_old(parser, "--sure")
    add(
        "--cache",
        type=console.path,
        metavar="DIR",
        help="remembers where models saw faces, for the next sorting of the same photos; no "
        "images, no names (default: $FACESORT_CACHE, or runs/cache beside tools/)",
    )
    add("--no-cache", action="store_true", help="remember nothing beyond --dst")
    add("--workers", type=int, metavar="N", help="photos at a time (default: one per core)")
    add(
        "--engine",
        choices=["local", "ray"],
        help="ray: look at the photos on the machines of a Ray cluster, at $RAY_ADDRESS, which "
        "share --dst, and --src unless it is a URL; the result is the same (default: local)",
    )
    args: Namespace = parser.parse_args(argv)
    check(args)
    args.link = args.link or ("copy" if _is_url(args.src) else "hard")
    return args


def check(args: Namespace) -> None:
    """Raise `UsageError` where options do not make sense together."""
    by_person = given(args) & BY_PERSON
    if args.by != "person" and by_person:
        raise UsageError(f"{flags(by_person)}: only with --by person")
    if args.vote is not None and args.people is None:
        raise UsageError("--vote FILE: needs --people; to sort by that model alone: --weights FILE")
    if (
        args.by == "person"
        and args.class_threshold is not None
        and (args.people or not args.weights)
    ):
        raise UsageError("--class-threshold: is for --by class; by person, pass --precision")
    if args.cache and args.no_cache:
        raise UsageError("--cache DIR, --no-cache: pass one of the two")
    if args.weights and args.quality:
        raise UsageError("--quality chooses one of the shipped models: pass it or --weights FILE")
    if args.undo and (args.dst is None or given(args) - {"undo", "dst"}):
        raise UsageError("--undo: needs --dst, the folder to restore, and no other option")
    if args.review and args.dry_run:
        raise UsageError(
            "--review: there is nothing to review after --dry-run; pass one of the two"
        )
    if args.plan and args.dry_run:
        raise UsageError("--plan FILE carries out what --dry-run has saved: pass one of the two")
    if args.plan and given(args) & PLANNED:
        options = flags(given(args) & PLANNED)
        raise UsageError(f"{options}: decided when the plan was made; pass it with --dry-run")
    if not (args.undo or args.plan or args.src):
        raise UsageError("--src: missing; expected the folder of your photos: --src album")
    if args.engine and args.plan:
        raise UsageError("--engine: a plan has all that was seen; carry it out without")
    if args.engine == "ray" and args.cache:
        raise UsageError("--cache DIR: not asked with --engine ray; pass one of the two")
    if _is_url(args.src) and args.link and args.link != COPY:
        raise UsageError(f"--link {args.link}: no link can lead to a URL; leave it out, for copies")
    if args.workers is not None and args.workers < 1:
        raise UsageError(f"--workers {args.workers}: expected 1 or more")


def _album(text: str) -> Place:
    if "://" not in text:
        return console.path(text)
    from facesort.photos import album_at  # numpy and all: too slow for --help

    return album_at(text)


def _is_url(src: Place | None) -> bool:
    return src is not None and not isinstance(src, Path)


def given(args: Namespace) -> set[str]:
    """The options that the command line has."""
    return {name for name, value in vars(args).items() if value is not None and value is not False}


def flags(names: set[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))
