"""Check a YOLO data set before you train on it: labels, images, leaks between splits, balance.

    python tools/check_dataset.py data_configs/occlusion.yaml
    python tools/check_dataset.py my.yaml --model weights/occlusion.onnx  # and rank doubtful labels
    python tools/check_dataset.py my.yaml --fix datasets/fixed            # and write a clean copy
    python tools/check_dataset.py photos/annotations --images photos/images   # any other format
    python tools/check_dataset.py crops --format flags --map other=drop

Writes report.html (one file, open it in a browser), report.json and plots/*.png. The data set is
only read; --fix writes a copy with a list of every change, and leaves the original as it is. Labels
that are not YOLO's (VOC, labelImg, COCO, WIDER FACE, crops ...) are first converted into the
report's folder, and it says what was left out.
Exit code: 0 no errors (there may be warnings), 1 errors, 2 usage.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError
from facesort.labels.formats import SOURCES

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
    add("--workers", type=count, metavar="N", help="images at a time (default: one per core)")
    args = parser.parse_args(argv)
    args.workers = args.workers or os.cpu_count() or 1
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
    from facesort.models.detect import load_detector

    detector = load_detector(model, conf=label_errors.LOWEST_CONF)
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


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.dataset.check.check_report import Request, free_folder, write_report
    from facesort.dataset.check.checker import check
    from facesort.dataset.check.fix import require_new
    from facesort.dataset.yolo_dataset import read_layout

    out = free_folder(args.out or RUNS / args.data.stem)
    given = as_yolo(args, out / "converted")
    layout = read_layout(given.data, args.split or given.splits)
    if args.fix:
        require_new(layout, args.fix)
    detect, judged = judge(args.model, layout.names)
    checked = check(layout, detect, judged, args.workers, console.progress)
    show(checked)
    command = shlex.join(["python", "tools/check_dataset.py", *argv])
    model = args.model.name if args.model else ""
    request = Request(out, args.data.name, command, model, args.top, args.workers, given.notes)
    print(f"\nreport: {write_report(checked, request)}")
    if args.fix:
        show_fixed(checked, args.fix)
    return 1 if checked.has_errors else 0


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
