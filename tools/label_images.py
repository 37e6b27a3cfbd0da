"""Draw boxes by hand in labelImg, on a data set or a folder of images, in YOLO format.

    python tools/label_images.py data_configs/occlusion.yaml --split train
    python tools/label_images.py photos/new                       # the four classes
    python tools/label_images.py photos/new --classes cat,dog     # or your own
    python tools/label_images.py photos/new --prelabel            # the detector draws first
    python tools/label_images.py my.yaml --next 200               # those that would teach most
    python tools/label_images.py my.yaml --next 200 --task next.json       # or in Label Studio
    python tools/label_images.py my.yaml --take-back exported.json --retrain

Keys: w draws a box, Ctrl+S saves, d and a go to the next and the previous image (and save),
Space confirms an image whose boxes are right, Ctrl and the wheel zoom. Close the window to go on.

--prelabel writes labels only for images that have none and lists them in prelabelled.csv beside
the labels, until you have saved or confirmed each. Images are never changed or deleted.

--next N picks, of the images without a label, those that the model is least sure of, of the classes
that lack examples, unlike each other. --task writes them as a task for Label Studio (.json) or CVAT
(.xml) with the model's boxes, instead of opening labelImg; --take-back reads what was exported
there, whatever its format. --retrain then trains on (train_yolo.py, from --start).
Exit code: 0 all labels are valid, 1 a problem remains (listed), 2 usage.
"""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from facesort import console, packages, paths
from facesort.commands import command_line
from facesort.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from facesort.curate.next_labels import Picked
    from facesort.labels.labelimg.prelabel import Prelabelled
    from facesort.labels.labelimg.process import Shown
    from facesort.labels.labelimg.session import Returned, Session

WEIGHTS = paths.ASSETS / "weights" / "occlusion.onnx"
YAML = (".yaml", ".yml")


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
    add("--next", type=int, metavar="N", help="only the N images whose labels would teach most")
    add("--task", type=console.path, metavar="FILE", help="--next: a task, no window")
    add(
        "--take-back",
        type=console.path,
        metavar="FILE",
        help="read labels made elsewhere",
    )
    add("--retrain", action="store_true", help="train on the data set YAML afterwards")
    add(
        "--start",
        type=console.path,
        metavar="FILE",
        help="checkpoint that --retrain begins with (default: weights/occlusion.pt)",
    )
    add("--epochs", type=int, default=20, metavar="N", help="of --retrain (default: 20)")
    args = parser.parse_args(argv)
    if not (args.prelabel or args.next) and (args.weights or args.conf is not None):
        raise UsageError("--weights, --conf: say how --prelabel works; pass --prelabel as well")
    if args.next is not None and args.next < 1:
        raise UsageError(f"--next {args.next}: expected 1 or more")
    if args.task and not args.next:
        raise UsageError("--task: says where the images of --next go; pass --next as well")
    if args.take_back and (args.next or args.prelabel):
        raise UsageError("--take-back: goes without --next and --prelabel")
    if args.retrain and args.dataset.suffix.lower() not in YAML:
        raise UsageError("--retrain: trains on a data set YAML; a folder is none")
    if args.task and args.retrain:
        raise UsageError("--retrain: there is nothing new yet; pass it with --take-back")
    return args


def folder_and_names(args: Namespace) -> tuple[Path, tuple[str, ...]]:
    if args.dataset.suffix.lower() in YAML:
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
    from facesort.models.detect import load_detector, with_second_looks

    detector = with_second_looks(load_detector(args.weights or WEIGHTS, args.conf, threads=0))
    done: Prelabelled = prelabel.prelabel(session, detector, console.progress)
    print(f"labelled by the detector: {done.written:,}; no face found: {done.nothing_found:,}")
    print(f"not opened: {len(done.unreadable):,}")
    return done.unreadable


def pick_next(args: Namespace, session: Session) -> Picked:
    """The images to label next, and what the model sees in each."""
    from facesort.curate import next_labels
    from facesort.models.detect import load_detector, with_second_looks

    file = args.weights or WEIGHTS
    detector = with_second_looks(load_detector(file, threads=0))
    conf = detector.conf if args.conf is None else args.conf
    asked = replace(detector, conf=next_labels.LOWEST_CONF)
    picked = next_labels.pick(session, asked, args.next, conf, console.progress)
    for reason in picked.left_out:
        print(f"left out: {console.one_line(reason)}")
    print(f"images without a label: {picked.unlabelled:,}; picked: {len(picked.seen):,}")
    return picked


def hand_over(args: Namespace, session: Session, folder: Path) -> int:
    """--task: a file for a program elsewhere."""
    from facesort.dataset.label_tasks import write_task

    picked = pick_next(args, session)
    write_task(picked.session, picked.seen, args.task, folder)
    print(f"task: {args.task}; its images lie below {folder}")
    print(f"afterwards: python tools/label_images.py {args.dataset} --take-back EXPORTED")
    return 0


def take_back(args: Namespace, session: Session, folder: Path) -> int:
    from facesort.dataset.label_tasks import take_back as read

    taken = read(session, args.take_back, folder)
    for note in taken.notes:
        print(console.one_line(note))
    inside, lost = sum(taken.boxes.values()), sum(taken.left_out.values())
    print(f"boxes: {inside + lost:,} in = {inside:,} taken + {lost:,} left out")
    for reason, number in sorted(taken.left_out.items()):
        print(f"left out {reason}: {number:,}")
    per_class = ", ".join(f"{name} {taken.boxes[name]:,}" for name in session.names)
    print(f"images with a new label: {taken.images:,} ({per_class})")
    if taken.backup:
        print(f"the labels as they were before: {taken.backup}")
    return retrain(args) if args.retrain else 0


def retrain(args: Namespace) -> int:
    """Train on, with the images that have a label by now."""
    from facesort.curate.next_labels import write_labelled
    from facesort.dataset.yolo_dataset import read_config

    data = paths.project() / "runs" / "labelled" / "data.yaml"
    with_label, without = write_labelled(read_config(args.dataset), args.split or "train", data)
    print(f"training on {with_label:,} images; without a label, so left out: {without:,}")
    start = args.start or paths.ASSETS / "weights" / "occlusion.pt"
    options = [f"model={start}", f"data={data}", f"epochs={args.epochs}"]
    sys.stdout.flush()
    return subprocess.run([*command_line("train_yolo"), *options], check=False).returncode


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.labels.labelimg import process
    from facesort.labels.labelimg import session as sessions
    from facesort.labels.labelimg.prelabel import mark_reviewed
    from facesort.labels.labelimg.session import check_return

    has_window = not (args.task or args.take_back)
    if has_window:
        packages.require("labelImg", "PyQt5", what="label_images.py")
        process.require_labelimg()
    if args.task:
        from facesort.dataset.label_tasks import check_task

        check_task(args.task)
    folder, names = folder_and_names(args)
    session = sessions.prepare(folder, names)
    if args.take_back:
        return take_back(args, session, folder)
    if args.task:
        return hand_over(args, session, folder)
    if args.next:
        session = pick_next(args, session).session
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
    code = report([*reasons, *unreadable], session, shown, returned)
    return retrain(args) if args.retrain and code == 0 else code


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
