"""Draw masks, sunglasses, clear glasses and more onto the training faces of a YOLO data set.

    python tools/synthesize_occlusion.py data_configs/occlusion.yaml --out synthesized \\
        --face-model yolov8n-face.pt
    python tools/synthesize_occlusion.py data_configs/occlusion.yaml --out synthesized \\
        --kinds clear_eyeglasses,both --share 0.5 --sheet sheet.jpg
    python tools/synthesize_occlusion.py photos/bare_faces --out synthesized \\
        --face-model yolov8n-face.pt
    yolo detect train data=synthesized/data.yaml model=weights/occlusion.pt

The copies begin with synthetic_ and lie in the training split only; every original is linked,
val and test as they are. The label follows what is worn over the mouth or the eyes:
    mask nose_out scarf_up     mouth covered
    sunglasses                 eyes covered; both: a mask as well
    chin_mask clear_eyeglasses sunglasses_up scarf hand cup microphone hair hat
                               nothing: the label stays, and so a model learns the difference
Without --kinds, each face gets a likely thing: mostly what makes the rare classes, else something
that resembles them. A folder of photos instead of a YAML is taken as bare faces, which the face
model finds. Without a face model, a face is taken to look straight out of its box.
Exit code: 0 done, 1 something could not be read (listed), 2 usage.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from facesort import console
from facesort.errors import UsageError

MOST_LINES = 20


def seed(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text}: expected a whole number from 0 on")
    return int(text)


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, metavar="DATA", help="data set YAML with train, or a folder")
    add("--out", type=console.path, metavar="DIR", required=True, help="folder to fill")
    add("--face-model", type=console.path, help="YOLO pose model: faces with 5 landmarks")
    add("--share", type=console.fraction, default=0.3, help="of the images (%(default)s)")
    add("--kinds", default="", metavar="A,B", help="what to draw, a+b for two at once")
    add("--seed", type=seed, default=0, help="of every choice (%(default)s)")
    add("--sheet", type=console.path, metavar="JPG", help="contact sheet of the drawn faces")
    args = parser.parse_args(argv)
    if args.data.is_dir() and not args.face_model:
        raise UsageError(f"{args.data}: a folder has no labels; pass --face-model to find faces")
    return args


def show(result, images: int, unread: Sequence[str]) -> None:
    from facesort.classes import CLASS_NAMES

    print(f"{'train boxes':20}{'before':>9}{'drawn':>9}{'after':>9}")
    for name in CLASS_NAMES:
        before, drawn = result.before[name], result.added[name]
        print(f"{name:20}{before:>9,}{drawn:>9,}{before + drawn:>9,}")
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in result.kinds.most_common())
    print(f"drawn on {sum(result.kinds.values()):,} faces: {kinds or 'nothing'}")
    for why, n in sorted(result.faces_left.items()):
        print(f"faces left as they are: {n:,} {why}")
    lines = [*unread, *result.left_out]
    for line in lines[:MOST_LINES]:
        print(f"left out: {console.one_line(line)}")
    if len(lines) > MOST_LINES:
        print(f"left out: {len(lines) - MOST_LINES:,} more")
    reasons = "".join(f", {n:,} {why}" for why, n in sorted(result.images_left.items()))
    print(f"{images:,} training images = {result.drawn:,} with a synthetic copy{reasons}")


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.dataset.synth.contact_sheet import Sheet
    from facesort.dataset.synth.draw_on_image import read_source
    from facesort.dataset.synth.occluder_kinds import check_kinds
    from facesort.dataset.synth.synthetic_set import Order, SynthSet, folder_at
    from facesort.models.face_finders import load_face_finder

    kinds = check_kinds(args.kinds)
    out = folder_at(args.out)
    out.check(())  # before the long reading
    find = load_face_finder(args.face_model) if args.face_model else None
    source = read_source(args.data, find, console.progress)
    written = SynthSet(out, source.train.names)
    sheet = Sheet() if args.sheet else None
    order = Order(kinds, args.share, args.seed)
    result = written.write(source.train, source.others, find, order, console.progress, sheet)
    show(result, len(source.train.labels), source.train.left_out)
    for note in source.train.notes:
        print(f"note: {console.one_line(note)}")
    if sheet:
        print(f"{sheet.save(args.sheet)} faces shown in {args.sheet}")
    others = ", ".join(f"{n:,} {split}" for split, n in result.linked.items())
    print(f"linked: {others}; written to {args.out}")
    if result.linked["val"]:
        print(f"next: yolo detect train data={args.out / 'data.yaml'}")
    else:
        print("note: no val split; training needs one, of real images")
    return 1 if source.train.left_out or result.left_out else 0


if __name__ == "__main__":
    console.run(main)
