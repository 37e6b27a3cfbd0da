"""Sort a photo album into folders by what covers each face, or by whose it is.

    python tools/sort_photos.py --src album                     # into sorted/
    python tools/sort_photos.py --src album --dst by_mask       # somewhere else
    python tools/sort_photos.py --src album --dry-run           # only say it, and save the plan
    python tools/sort_photos.py --plan sorted/plan.json         # then carry out exactly that
    python tools/sort_photos.py --undo --dst sorted             # take it all back
    python tools/sort_photos.py --src album --by person --people people --dst children
    python tools/sort_photos.py --src album --by person --dst children    # and name them afterwards
    python tools/sort_photos.py --src album --review            # and correct it in the browser
    python tools/sort_photos.py --src s3://bucket/album --engine ray      # on many machines

photos/<class>/ holds links to your photos, faces/<class>/ face crops with the least certain first,
manifest.csv one row a face. The classes are face, masked, sunglasses, masked_sunglasses; besides
them there are _unsure, _no_face, _unreadable, and _not_a_face for you to drag crops to.
A video is linked into every folder that applies; its crops are the frames that show each class or
person best. manifest.csv then has two columns more: the crop's frame, counted from 0, and time_s.
By person, people/<Name>/ holds a few photos of each, and <Name> takes the place of <class>;
all other faces go to _strangers. Without examples, people who are in the album often get
person_01, person_02, ...: rename these folders in faces/, then run learn_corrections.py.

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
from facesort.album.options import BY_PERSON, DST, read
from facesort.models.presets import BALANCED, preset
from facesort.parallel import check_limit
from facesort.reporter import ConsoleReporter, open_closed_streams, write_line

if TYPE_CHECKING:
    from facesort.album.person.face_encoder import FaceEncoder
    from facesort.album.person.known_people import KnownPeople
    from facesort.album.scanning.scanner import ScanFunction
    from facesort.models.detect import Detector

    LoadDetector = Callable[[Path, float | None, int | None], Detector]

SHIPPED = Path(__file__).resolve().parents[1] / "weights"
CACHE = SHIPPED.parent / "runs" / "cache"
POINTS, EMBEDDING = SHIPPED / "face_points.onnx", SHIPPED / "face_embedding.onnx"


def cache_folder(args: Namespace) -> Path | None:
    """Where what models saw is remembered; None: nowhere."""
    if args.no_cache or args.cache or args.engine == "ray":
        return args.cache
    if "FACESORT_CACHE" in os.environ:
        return Path(os.environ["FACESORT_CACHE"]) if os.environ["FACESORT_CACHE"] else None
    return CACHE


def load_detector(weights: Path, conf: float | None, imgsz: int | None) -> Detector:
    from facesort.models import detect

    return detect.with_second_looks(detect.load_detector(weights, conf, imgsz))


def with_tiles(load: Callable[[], Detector]) -> Detector:
    from facesort.models import detect

    return detect.with_tiles(load())


def model(args: Namespace) -> tuple[Path, int | None]:
    """The file, and the size at which it looks, if not its own."""
    if args.weights:
        return args.weights, None
    chosen = preset(quality(args))
    return SHIPPED / chosen.file, chosen.imgsz


def quality(args: Namespace) -> str:
    return args.quality or BALANCED


def load_face_encoder(encoder: Path = EMBEDDING) -> FaceEncoder:
    from facesort.album.person import face_encoder

    return face_encoder.load_face_encoder(POINTS, encoder)


def people(args: Namespace, encoder: Callable[[], FaceEncoder]) -> KnownPeople | None:
    """Whom to sort by; None sorts by class."""
    from facesort.album.person.enrollment import FOLDER, list_examples
    from facesort.album.person.known_people import PRECISION, KnownPeople

    if args.by != "person":
        return None
    precision = PRECISION if args.precision is None else args.precision
    load = functools.cache(encoder)
    examples = {} if args.people is None else list_examples(args.people)
    ask_in = (args.dst or DST) / FOLDER
    twins, dry = args.allow_twins, args.dry_run
    context = not args.no_context
    return KnownPeople(args.people, examples, load, precision, twins, ask_in, dry, context)


def scanner(
    args: Namespace,
    detector: Callable[[], Detector],
    encoder: Callable[[], FaceEncoder],
    voter: Callable[[], Detector] | None,
) -> ScanFunction:
    """Who looks at the photos: this process, or a cluster."""
    from facesort.album.destination import Destination
    from facesort.album.scanning import ray_scan, scanner

    if args.engine != "ray":
        return scanner.scan_photos
    ray_scan.check_installed()
    folder = Destination(args.dst or DST).looks
    load = ray_scan.Loaders(detector, encoder, voter)
    return ray_scan.Cluster(args.src, folder, load, args.workers).scan_photos


def run(args: Namespace, load: LoadDetector, encoder: Callable[..., FaceEncoder]) -> int:
    from facesort.album import sort
    from facesort.album.salience import PhotoRules
    from facesort.album.undo import undo

    report = ConsoleReporter(sys.stdout, sys.stderr)
    workers = args.workers or os.cpu_count() or 1
    if args.undo:
        return undo(args.dst, report)
    if args.plan:
        return sort.apply_saved(args.plan, args.src, args.dst, workers, report)
    check_limit(workers)
    weights, imgsz = model(args)
    if args.encoder:
        encoder = functools.partial(encoder, args.encoder)
    own = {"vote", "encoder"}  # models of the user's, recorded where there are any
    by_person = {name: str(getattr(args, name)) for name in sorted(BY_PERSON - own)}
    by_person |= {name: str(getattr(args, name)) for name in sorted(own) if getattr(args, name)}
    load_own = functools.partial(load, weights, args.conf, imgsz)
    if not args.weights and preset(quality(args)).tiles:
        load_own = functools.partial(with_tiles, load_own)
    load_voter = functools.partial(load, args.vote, None, None) if args.vote else None
    job = sort.SortJob(
        src=args.src,
        dst=args.dst or DST,
        load_detector=functools.cache(load_own),
        settings=f"conf={args.conf} imgsz={imgsz}",
        link=args.link,
        sure=args.class_threshold,
        workers=workers,
        people=people(args, encoder),
        load_voter=functools.cache(load_voter) if load_voter else None,
        cache=cache_folder(args),
        scan=scanner(args, load_own, encoder, load_voter),
        options={
            "link": args.link,
            "class-threshold": str(args.class_threshold),
            "conf": str(args.conf),
            **({"weights": str(weights)} if args.weights else {"quality": quality(args)}),
            **(by_person if args.by == "person" else {}),
            **PhotoRules(args.primary_faces, args.best_first).to_options(),
        },
    )
    return sort.preview_album(job, report) if args.dry_run else sort.sort_album(job, report)


def destination(args: Namespace) -> Path:
    dst: Path = args.dst or (args.plan.parent if args.plan else DST)
    return dst


def what_next(args: Namespace) -> str:
    dst = destination(args)
    return f"next: open {dst / 'faces'}, or: {shlex.join(['python', 'tools/review.py', str(dst)])}"


def review(args: Namespace, code: int) -> int:
    """Open the review page of what was sorted, until Ctrl-C."""
    from facesort.review.server import serve

    stop.ignore()  # the server has its own way to end
    report = ConsoleReporter(sys.stdout, sys.stderr)
    return max(code, serve(destination(args), 0, True, report.say, CACHE))


def main(
    argv: Sequence[str],
    load: LoadDetector = load_detector,
    encoder: Callable[..., FaceEncoder] = load_face_encoder,
) -> int:
    stop.at_once()
    open_closed_streams()
    args = read(argv, __doc__)
    from facesort.album import sort, undo  # noqa: F401 (takes long, so before Ctrl-C is an error)
    from facesort.album.disk import clear_errors

    try:
        stop.as_interrupt()
        with clear_errors(destination(args)):
            code = run(args, load, encoder)
    except BaseException as error:
        if not (stop.was_requested() or isinstance(error, KeyboardInterrupt)):
            raise
    else:
        if not code and not (args.dry_run or args.undo or args.review):
            write_line(what_next(args), sys.stdout)
        return review(args, code) if args.review else code
    finally:
        stop.ignore()
    again = shlex.join(["python", sys.argv[0], *argv])
    write_line(f"stopped; what is done stays done; go on with: {again}", sys.stderr)
    return stop.EXIT_CODE


if __name__ == "__main__":
    console.run(main)
