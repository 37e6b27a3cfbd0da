"""Draw boxes by hand in labelImg, on a data set or a folder of images, in YOLO format.

    python tools/label_images.py data_configs/occlusion.yaml --split train
    python tools/label_images.py photos/new                       # the four classes
    python tools/label_images.py photos/new --classes cat,dog     # or your own
    python tools/label_images.py photos/new --prelabel            # the detector draws first

Keys: w draws a box, Ctrl+S saves, d and a go to the next and the previous image (and save),
Space confirms an image whose boxes are right, Ctrl and the wheel zoom. Close the window to go on.

--prelabel writes labels only for images that have none and lists them in prelabelled.csv beside
the labels, until you have saved or confirmed each. Images are never changed or deleted.
Exit code: 0 all labels are valid, 1 a problem remains (listed), 2 usage.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facesort import console
from facesort.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from facesort.labels.labelimg.prelabel import Prelabelled
    from facesort.labels.labelimg.process import Shown
    from facesort.labels.labelimg.session import Returned, Session

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "occlusion.onnx"


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("dataset", type=console.path, help="data set YAML, or a folder of images")
    add("--split", help="of a YAML: train, val or test (default: train)")
    add("--classes", metavar="A,B,C", help="of a folder, by index (default: the four classes)")
    add("--prelabel", action="store_true", help="let the detector label what has no label")
    add(
        "--weights",
        type=console.path,
        metavar="FILE",
        help="model of --prelabel (default: weights/occlusion.onnx)",
    )
    add(
        "--conf",
        type=console.fraction,
        metavar="0..1",
        help="--prelabel draws no box below it (default: the model's)",
    )
    args = parser.parse_args(argv)
    if not args.prelabel and (args.weights or args.conf is not None):
        raise UsageError("--weights, --conf: say how --prelabel works; pass --prelabel as well")
    return args


def folder_and_names(args: Namespace) -> tuple[Path, tuple[str, ...]]:
    if args.dataset.suffix.lower() in (".yaml", ".yml"):
        if args.classes:
            raise UsageError(f"--classes: {args.dataset.name} names the classes; leave it out")
        from facesort.dataset.yolo_dataset import read_config

        config, split = read_config(args.dataset), args.split or "train"
        if split not in config.splits:
            known = ", ".join(config.splits)
            raise DatasetError(f"{args.dataset.name}: no split '{split}'; it has {known}")
        return config.splits[split], config.names
    if args.split:
        raise UsageError("--split: goes with a data set YAML; a folder has none")
    from facesort.classes import CLASS_NAMES

    names = tuple(name.strip() for name in args.classes.split(",")) if args.classes else CLASS_NAMES
    if "" in names or len(set(names)) < len(names):
        raise UsageError(f"--classes {args.classes}: expected different names: --classes a,b,c")
    return args.dataset, names


def prelabel(args: Namespace, session: Session) -> tuple[str, ...]:
    """Let the detector label; returns why some images could not be opened."""
    from facesort.labels.labelimg import prelabel
    from facesort.models.detect import load_detector

    detector = load_detector(args.weights or WEIGHTS, args.conf, threads=0)
    done: Prelabelled = prelabel.prelabel(session, detector, console.progress)
    print(f"labelled by the detector: {done.written:,}; no face found: {done.nothing_found:,}")
    print(f"not opened: {len(done.unreadable):,}")
    return done.unreadable


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.labels.labelimg import process
    from facesort.labels.labelimg import session as sessions
    from facesort.labels.labelimg.prelabel import mark_reviewed
    from facesort.labels.labelimg.session import check_return

    process.require_labelimg()
    session = sessions.prepare(*folder_and_names(args))
    print(f"images: {len(session.images):,}, left out: {len(session.left_out):,}")
    print(f"labels are in {session.label_root}")
    backup = sessions.back_up(session, sessions.snapshot(session), "before")
    unreadable = prelabel(args, session) if args.prelabel else ()
    before = sessions.snapshot(session)
    sys.stdout.flush()
    shown = process.show_window(session)
    returned = check_return(session, before)
    unseen, machine = mark_reviewed(session, returned.saved)
    if machine:
        print(f"labelled by the detector, not yet saved or confirmed: {unseen:,} of {machine:,}")
    if backup and not returned.saved:
        backup.unlink()
    elif backup:
        print(f"the labels as they were before: {backup}")
    reasons = [f"{path}: {reason}" for path, reason in session.left_out.items()]
    return report([*reasons, *unreadable], session, shown, returned)


def report(left_out: Sequence[str], session: Session, shown: Shown, returned: Returned) -> int:
    """Print what the session did and what remains wrong; the exit code."""
    changed, saved, of = len(returned.changed), len(returned.saved), len(session.images)
    print(f"labels saved: {saved:,} of {of:,} images, {changed:,} of them changed")
    out = list(dict.fromkeys([*left_out, *shown.unreadable]))  # each once
    for reason in out:
        print(f"left out: {console.one_line(reason)}")
    for note in returned.repaired:
        print(f"repaired: {console.one_line(note)}")
    for problem in returned.problems:
        print(f"wrong: {console.one_line(problem)}")
    if shown.died:
        print(f"error: {shown.died}; what was saved until then is kept", file=sys.stderr)
    wrong = bool(out or returned.problems)
    if not wrong:
        print("all labels are valid, classes.txt is in order")
    return 1 if shown.died or wrong else 0


if __name__ == "__main__":
    console.run(main)
