"""Balance the training split of a YOLO data set; val, test and every original stay as they are.

    python tools/balance_dataset.py data_configs/occlusion.yaml --dry-run --over max
    python tools/balance_dataset.py data_configs/occlusion.yaml --out datasets/balanced --over 3000
    python tools/balance_dataset.py data_configs/occlusion.yaml --out datasets/balanced --under
    python tools/balance_dataset.py data_configs/occlusion.yaml --out datasets/balanced --repeat
    yolo detect train data=datasets/balanced/data.yaml model=weights/occlusion.pt

--under leaves images out until each class has as many boxes as the rarest. --over adds changed
copies (mirrored, turned, blurred, sharpened, brighter, darker) until each class has so many boxes.
--repeat shows an image again by its rarest class (repeat factors of LVIS). Images are taken
whole, so faces of other classes come along: the table says how many. Without one of the three,
the images are linked as they are.

Images are hard-linked (a copy where the disk knows no links), labels copied. Besides the data set
there are class_weights.json (cw1 = 1 - n/N, cw2 = N/(C n)) and repeat_factors.csv.
What cannot be read is listed, all of it in left_out.txt, and the rest goes on.
Exit code: 0 done, 1 something could not be read or written (listed), 2 usage.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from facesort import console
from facesort.errors import UsageError

PER_IMAGE = 4
MOST_LINES = 20


def whole(low: int):
    """An option's type: a whole number from ``low`` on."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= 10**9:
            raise ArgumentTypeError(f"{text}: expected a whole number from {low} on")
        return int(text)

    return parse


def over(text: str) -> int | str:
    if text in ("max", "median"):
        return text
    try:
        return whole(1)(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error}, max or median") from None


def share(text: str) -> float:
    value = console.fraction(text)
    if value == 0:
        raise ArgumentTypeError(f"{text}: expected more than 0")
    return value


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("data", type=console.path, metavar="DATA.yaml", help="data set with train and val")
    add("--out", type=console.path, metavar="DIR", help="folder to fill; one of ours is replaced")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--under", action="store_true", help="leave out, down to the rarest class")
    way.add_argument(
        "--over", type=over, metavar="N", help="changed copies up to N boxes a class; max, median"
    )
    way.add_argument("--repeat", action="store_true", help="show images of rare classes again")
    add("--per-image", type=whole(1), metavar="K", help="most copies of an image (default: 4)")
    add(
        "--threshold",
        type=share,
        metavar="T",
        help="repeat images of classes in less than this share of all (default: the commonest's)",
    )
    add("--seed", type=whole(0), default=0, help="of every choice (default: %(default)s)")
    add("--dry-run", action="store_true", help="only print what would be")
    args = parser.parse_args(argv)
    if not (args.out or args.dry_run):
        raise UsageError("--out: missing; expected a folder to fill, or --dry-run")
    if args.per_image and not args.over:
        raise UsageError("--per-image: is for --over; pass --over max, for example")
    return args


def decide(args: Namespace, counts, target: int | None, factors):
    """How often each image is shown."""
    import numpy as np

    from facesort.dataset.balance import sampling as balance

    if args.under:
        return balance.undersample(counts, args.seed)
    if target:
        return balance.oversample(counts, target, args.per_image or PER_IMAGE, args.seed)
    if args.repeat:
        return balance.draw_repeats(factors, args.seed)
    return np.ones(len(counts), dtype=np.int64)


def show(what: str, lines: Sequence[str]) -> None:
    for line in lines[:MOST_LINES]:
        print(f"{what}: {console.one_line(line)}")
    if len(lines) > MOST_LINES:
        print(f"{what}: {len(lines) - MOST_LINES:,} more")


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.dataset.balance import balanced_set
    from facesort.dataset.balance import sampling as balance
    from facesort.dataset.balance.balanced_set import AUGMENT, REPEAT, BalancedSet, read_train
    from facesort.dataset.yolo_dataset import read_layout

    layout = read_layout(args.data)
    balanced = BalancedSet(args.out, layout) if args.out else None
    if balanced:
        balanced.check()  # before the long reading
    train = read_train(layout, console.progress)
    counts, lost = train.counts, list(train.left_out)
    target = balance.target_boxes(counts, args.over) if args.over else None
    factors = balance.repeat_factors(counts, args.threshold)
    times = decide(args, counts, target, factors)
    after, result = balance.shown(counts, times), "would be written"
    if balanced and not args.dry_run:
        kind = REPEAT if args.repeat else AUGMENT
        written = balanced.write(train, times, kind, args.seed, console.progress)
        after, result = balance.stack(written.rows, len(train.names)), "written"
        lost += written.left_out
        balanced_set.write_left_out(args.out / "left_out.txt", lost)
        balanced_set.write_weights(args.out / "class_weights.json", train.names, after)
        balanced_set.write_factors(args.out / "repeat_factors.csv", train.inside, factors, times)
    print(balanced_set.before_after(train.names, counts, after), end="\n\n")
    print(balanced_set.weights_table(train.names, balance.ClassWeights.of(after)), end="\n\n")
    show("note", [*train.notes, *balanced_set.shortfalls(train.names, counts, times, target)])
    show("left out", lost)
    print(balanced_set.account(len(train.left_out), times, len(after), result))
    if balanced and not args.dry_run:
        print(balanced_set.also_written(written))
        print(f"written to {args.out}; next: yolo detect train data={args.out / 'data.yaml'}")
    return 1 if lost else 0


if __name__ == "__main__":
    console.run(main)
