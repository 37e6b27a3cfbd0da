"""Images and boxes per class before and after balancing, as text and as files for the trainer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.console import one_line
from facesort.csv_files import Writer
from facesort.dataset.balance.balanced_set import Written
from facesort.dataset.balance.sampling import ClassWeights, Floats, Ints

_BITS = ("mouth free", "mouth covered", "eyes free", "eyes covered")
_WIDTH = 20


def before_after(names: Sequence[str], before: Ints, after: Ints) -> str:
    """One row a class, then one row a bit where the classes are our four.

    ``before`` and ``after`` are (images, classes) box counts; after balancing an image has one
    row for each time it is shown.
    """
    lines = [
        f"{'':{_WIDTH}}{'before':>16}{'':11}{'after':>16}",
        f"{'class':{_WIDTH}}" + f"{'images':>8}{'boxes':>8}{'share':>8}   " * 2,
    ]
    lines += _rows(names, before, after)
    if tuple(names) == CLASS_NAMES:
        lines += ["", *_rows(_BITS, before @ _bit_columns(), after @ _bit_columns(), 2)]
    empty = [f"{(counts.sum(axis=1) == 0).sum():>8,}{0:>8}{'':11}" for counts in (before, after)]
    total = [f"{len(counts):>8,}{counts.sum():>8,}{'':11}" for counts in (before, after)]
    lines += ["", f"{'no box':{_WIDTH}}" + "".join(empty), f"{'all':{_WIDTH}}" + "".join(total)]
    return "\n".join(line.rstrip() for line in lines)


def _rows(names: Sequence[str], before: Ints, after: Ints, per_box: int = 1) -> list[str]:
    """A box counts in ``per_box`` of the rows."""
    cells = zip(_cells(before, per_box), _cells(after, per_box), strict=True)
    return [f"{name:{_WIDTH}}{b}{a}" for name, (b, a) in zip(names, cells, strict=True)]


def _cells(counts: Ints, per_box: int) -> list[str]:
    images, boxes = (counts > 0).sum(axis=0), counts.sum(axis=0)
    share = boxes * per_box / max(int(boxes.sum()), 1)
    return [f"{i:>8,}{b:>8,}{s:>8.1%}   " for i, b, s in zip(images, boxes, share, strict=True)]


def _bit_columns() -> Ints:
    """(4 classes, 4 columns of `_BITS`): which bit each class counts for."""
    rows = [
        [not c.mouth_covered, c.mouth_covered, not c.eyes_covered, c.eyes_covered]
        for c in FaceClass
    ]
    return np.array(rows, dtype=np.int64)


def weights_table(names: Sequence[str], weights: ClassWeights) -> str:
    """cw1 and cw2 of each class."""
    lines = [f"{'class weight':{_WIDTH}}{'cw1':>8}{'cw2':>8}"]
    rows = zip(names, weights.cw1, weights.cw2, weights.absent, strict=True)
    for name, cw1, cw2, absent in rows:
        note = "   no box in train: mean of the others" if absent else ""
        lines.append(f"{name:{_WIDTH}}{cw1:>8.3f}{cw2:>8.3f}{note}")
    return "\n".join(lines)


def shortfalls(names: Sequence[str], counts: Ints, times: Ints, target: int | None) -> list[str]:
    """What balancing cannot do, one line each; ``target`` is the boxes that over-sampling wants."""
    lines = []
    for name, before, after in zip(names, counts.sum(axis=0), times @ counts, strict=True):
        if before == 0:
            lines.append(f"{name}: no box in train; nothing to balance, label some")
        elif target and after < target:
            lines.append(
                f"{name}: {after:,} of {target:,} boxes, its images have all the copies they "
                "may; raise --per-image, or label more"
            )
    return lines


def account(unusable: int, times: Ints, written: int, result: str) -> str:
    """Where each image of the training split went; ``result`` says of ``written`` what it is."""
    used = int((times > 0).sum())
    lost = int(times.sum()) - written
    return (
        f"train: {len(times) + unusable:,} images = {used:,} used + {len(times) - used:,} not "
        f"needed + {unusable:,} unusable; {used:,} + {times.sum() - used:,} copies = "
        f"{written:,} {result}{f' + {lost:,} left out' if lost else ''}"
    )


def also_written(written: Written) -> str:
    """The other splits, and the boxes that turning an image has cost."""
    linked = " and ".join(f"{n:,} of {split}" for split, n in written.linked.items())
    gone = f"{written.gone_boxes:,} boxes left their image in a copy: painted over, not counted"
    return f"linked as they are: {linked}; {gone}"


def write_left_out(file: Path, lines: Sequence[str]) -> None:
    """``left_out.txt``, one line each, where there is any."""
    if lines:
        text = "".join(f"{one_line(line)}\n" for line in lines)
        file.write_text(text, encoding="utf-8")


def write_weights(file: Path, names: Sequence[str], after: Ints) -> None:
    """``class_weights.json``: lists by class index, of the training split as it is written."""
    weights = ClassWeights.of(after)
    content = {
        "names": list(names),
        "boxes": after.sum(axis=0).tolist(),
        "cw1": weights.cw1.round(6).tolist(),
        "cw2": weights.cw2.round(6).tolist(),
        "absent": [name for name, gone in zip(names, weights.absent, strict=True) if gone],
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_factors(file: Path, images: Sequence[Path], factors: Floats, times: Ints) -> None:
    """``repeat_factors.csv``: each image's repeat factor, and how often it is shown here."""
    with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as out:
        writer = Writer(out)
        writer.writerow(["image", "repeat_factor", "times"])
        for image, factor, shown in zip(images, factors, times, strict=True):
            writer.writerow([image.as_posix(), f"{factor:.4f}", int(shown)])
