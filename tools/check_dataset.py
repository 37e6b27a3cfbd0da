"""Check a YOLO data set before you train on it: labels, images, leaks between splits, balance.

    python tools/check_dataset.py data_configs/occlusion.yaml
    python tools/check_dataset.py my.yaml --model weights/occlusion.onnx  # and rank doubtful labels
    python tools/check_dataset.py my.yaml --model weights/occlusion.onnx --serve  # and mend it
    python tools/check_dataset.py my.yaml --fix datasets/fixed            # and write a clean copy
    python tools/check_dataset.py photos/annotations --images photos/images   # any other format
    python tools/check_dataset.py crops --format flags --map other=drop

Writes report.html (one file, open it in a browser), report.json, fixes.json and plots/*.png. The
data set is only read; --fix writes a copy with a list of every change, and leaves the original as
it is. Labels that are not YOLO's (VOC, labelImg, COCO, WIDER FACE, crops ...) are first converted
into the report's folder, and it says what was left out.

--serve shows each finding with its picture, its fix and a tick, to this machine alone, and carries
out what you tick: in a copy (--fix-to), else in place. Images are moved, never edited or deleted;
each act can be taken back (Ctrl+Z, or --undo later). --apply does the same with the fixes of a
fixes.json whose "apply" is true: report.html saves the ones you tick there. --leak-free writes a
copy in which no group of near-duplicates, or of one person in one burst, crosses splits.
Exit code: 0 no errors (there may be warnings), 1 errors, 2 usage.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from facesort import console, packages, paths
from facesort.errors import UsageError
from facesort.labels.formats import SOURCES

WEIGHTS = paths.ASSETS / "weights"
RUNS = Path("runs") / "check"
LABELS = ("auto", *SOURCES)
FORMATS = (*LABELS, "folders", "flags", "csv")  # the last three: crops


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, metavar="DATA.yaml", help="or labels of another format")
    add("--format", choices=FORMATS, default="auto", help="of the labels (default: their content)")
    add("--images", type=console.path, help="folder of their images (default: near the labels)")
    add("--map", nargs="+", default=[], metavar="A=B", help="their class A is B; B: drop, ignore")
    add(
        "--out",
        type=console.path,
        help=f"folder of the report (default: {RUNS}/<name of the YAML>)",
    )
    add("--split", nargs="+", default=[], metavar="NAME", help="look only at these (default: all)")
    add(
        "--model", type=console.path, metavar="FILE", help=".onnx or .pt: rank the labels it doubts"
    )
    add("--top", type=count, default=24, metavar="N", help="doubts shown a kind (default: 24)")
    add("--fix", type=console.path, metavar="DIR", help="write a cleaned copy into a new folder")
    add("--serve", action="store_true", help="show the findings as a page that mends them")
    add("--fix-to", type=console.path, metavar="DIR", help="--serve, --apply: mend a new copy")
    add("--apply", type=console.path, metavar="FILE", help="carry out the ticked fixes, and stop")
    add("--undo", action="store_true", help="take back the last fixes made in place, and stop")
    add("--leak-free", type=console.path, metavar="DIR", help="write a copy split anew by groups")
    add("--port", type=int, default=0, metavar="N", help="of --serve (default: any free port)")
    add("--no-browser", action="store_true", help="--serve: print the address, open nothing")
    add("--workers", type=count, metavar="N", help="images at a time (default: one per core)")
    args = parser.parse_args(argv)
    args.workers = args.workers or os.cpu_count() or 1
    if args.fix_to and not (args.serve or args.apply):
        raise UsageError("--fix-to: says where ticked fixes go; pass --serve or --apply as well")
    if sum(map(bool, (args.serve, args.apply, args.undo))) > 1:
        raise UsageError("--serve, --apply, --undo: pass one of them")
    if not 0 <= args.port < 65536:
        raise UsageError(f"--port {args.port}: expected 0 to 65535")
    return args


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def as_yolo(args, folder: Path):
    """The data set to check; labels of another format are converted into ``folder`` first."""
    from facesort.dataset.check import format_adapter
    from facesort.labels.class_table import parse_map

    source = format_adapter.LabelInput(args.data, args.format, args.images, parse_map(args.map))
    if not source.is_yolo:
        converted = format_adapter.convert(source, folder, console.progress)
        print(*converted.notes, sep="\n", end="\n\n")
        return converted
    if args.images or args.map:
        raise UsageError(f"{args.data}: --images and --map are for labels of another format")
    return format_adapter.Converted(args.data, (), ())


def judge(model: Path | None, names: Sequence[str]):
    """What finds faces for the check, and the classes it may judge."""
    if model is None:
        return None, set()
    from facesort.dataset.check import label_errors
    from facesort.models.detect import load_detector, with_second_looks

    detector = with_second_looks(load_detector(model, conf=label_errors.LOWEST_CONF))
    classes = label_errors.known_classes(detector.names, names)
    return lambda rgb: label_errors.translate(detector.detect([rgb])[0], classes), set(
        classes.values()
    )


def show(checked) -> None:
    from facesort.dataset.check.issues import CHECKS

    print(f"{'split':8}{'images':>10}{'boxes':>10}   " + ", ".join(checked.layout.names)[:60])
    for row in checked.counts:
        per_class = " / ".join(f"{n:,}" for n in row.boxes[:12])
        print(f"{row.split:8}{row.images:>10,}{row.total:>10,}   {per_class}")
    print()
    for name, found in checked.by_check.items():
        print(f"{CHECKS[name].level:8}{len(found):>10,}   {CHECKS[name].title}")
    for kind, found in checked.label_errors.items():
        if found:
            print(f"{'doubt':8}{len(found):>10,}   {kind.capitalize()}, says the model")


def person_judge(layout):
    """What tells a burst of one person among similar images; None for classes that are no faces."""
    from facesort.classes import CLASS_NAMES

    if not set(layout.names) <= set(CLASS_NAMES):
        return None
    import numpy as np

    from facesort.labels import yolo
    from facesort.models.people.same_face import SameFace
    from facesort.photos import open_photo

    state = [CLASS_NAMES.index(name) for name in layout.names]

    def labels_of(image: Path):
        size_wh = open_photo(image).size_wh
        found = yolo.read(image, size_wh, len(layout.names))
        return found.xyxy_px, np.array([state[c] for c in found.class_id], dtype=np.int64)

    same = SameFace(WEIGHTS / "face_embedding.onnx", WEIGHTS / "face_points.onnx", labels_of)
    return lambda one, other: same(one[0].path, other[0].path)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.dataset.check.check_report import Request, write_report
    from facesort.dataset.check.checker import check
    from facesort.dataset.check.fix import require_new
    from facesort.dataset.yolo_dataset import read_layout
    from facesort.files import numbered_folder

    if args.apply or args.undo:
        return mend(args)
    out = numbered_folder(args.out or RUNS / args.data.stem)
    given = as_yolo(args, out / "converted")
    layout = read_layout(given.data, args.split or given.splits)
    for folder in filter(None, (args.fix, args.fix_to, args.leak_free)):
        require_new(layout, folder)
    detect, judged = judge(args.model, layout.names)
    checked = check(layout, detect, judged, args.workers, console.progress, person_judge(layout))
    show(checked)
    command = shlex.join(["python", "tools/check_dataset.py", *argv])
    model = args.model.name if args.model else ""
    request = Request(out, args.data.name, command, model, args.top, args.workers, given.notes)
    print(f"\nreport: {write_report(checked, request)}")
    if args.fix:
        show_fixed(checked, args.fix)
    if args.leak_free:
        write_leak_free(checked, args.leak_free)
    if args.serve:
        serve(checked, args)
    return 1 if checked.has_errors else 0


def mend(args) -> int:
    """--apply and --undo: on the data set as it lies there, without checking it again."""
    from facesort.dataset.check import mending
    from facesort.dataset.check.fix import mend_file
    from facesort.dataset.yolo_dataset import read_layout

    layout = read_layout(args.data)
    if args.undo:
        problems = mending.undo(mending.root_of(layout))
        for line in problems:
            print(console.one_line(line), file=sys.stderr)
        print("the last fixes are taken back")
        return 1 if problems else 0
    done = mend_file(layout, args.apply, args.fix_to)
    print(f"fixes: {len(done.done) + len(done.skipped):,} ticked = {len(done.done):,} done")
    for fix_id, why in done.skipped.items():
        print(f"not done: {fix_id}: {why}", file=sys.stderr)
    return 1 if done.skipped else 0


def write_leak_free(checked, folder: Path) -> None:
    from facesort.dataset.check.fix import write_leak_free as write

    moved = write(checked, folder)
    print(f"leak-free copy: {folder}: {moved:,} images in another split")


def serve(checked, args) -> None:
    packages.require("starlette", "uvicorn", what="--serve")
    from facesort.curate import mend_server
    from facesort.curate.mend_session import MendSession

    session = MendSession(checked, args.fix_to)
    print(f"fixes go to: {session.target}")
    mend_server.serve(session, args.port, not args.no_browser, lambda line: print(line, flush=True))


def show_fixed(checked, folder: Path) -> None:
    from facesort.dataset.check.fix import write_fixed

    fixed = write_fixed(checked, folder)
    left_out = len(checked.samples) - fixed.images
    print(
        f"clean copy: {folder}: {len(checked.samples):,} images = {fixed.images:,} + "
        f"{left_out:,} left out; every change is in changes.csv"
    )
    for action, number in sorted(fixed.by_action.items()):
        print(f"{number:>18,}   {action}")


if __name__ == "__main__":
    console.run(main)
