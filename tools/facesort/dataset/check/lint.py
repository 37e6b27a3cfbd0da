"""Check label files: pure functions from a picture's label lines to findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from facesort.boxes import iou_matrix
from facesort.dataset.check.findings import Finding, find
from facesort.dataset.check.label_lines import Line
from facesort.dataset.check.sample import MISSING, OUTSIDE, Sample
from facesort.dataset.layout import Layout
from facesort.labels.image_labels import is_synthetic

SAME_BOX_IOU = 0.9  # two faces never overlap that much


def check_labels(sample: Sample) -> list[Finding]:
    """What is wrong with the label of one picture; every line is told, not only the first."""
    if sample.label_fault == MISSING:
        return [_of(sample, "missing-label", f"no {sample.label.name}")]
    if sample.label_fault:
        return [_of(sample, "unreadable-label", f"{sample.label.name}: {sample.label_fault}")]
    if not sample.lines:
        return [_of(sample, "empty-label", f"{sample.label.name} is empty")]
    by_line = [finding for i in range(len(sample.lines)) for finding in _check_line(sample, i)]
    return by_line + list(_check_pairs(sample))


def _check_line(sample: Sample, i: int) -> Iterator[Finding]:
    line = sample.lines[i]
    where = f"line {line.number}"
    if line.fault:
        yield _of(sample, "malformed", f"{where}: {line.fault}", i)
        return
    if not 0 <= line.class_id < sample.class_count:
        expected = f"expected 0 to {sample.class_count - 1}"
        yield _of(sample, "class-range", f"{where}: class {line.class_id}; {expected}", i)
    if line.xywhn[2] <= 0 or line.xywhn[3] <= 0:
        size = f"{line.xywhn[2]:g} x {line.xywhn[3]:g}"
        yield _of(sample, "zero-size", f"{where}: width x height is {size}", i)
    elif leaves(line):
        edges = ", ".join(f"{edge:.3f}" for edge in line.xyxyn)
        yield _of(sample, "outside", f"{where}: edges {edges}; expected 0 to 1", i)


def leaves(line: Line) -> bool:
    """Whether the box reaches out of the picture by more than rounding explains."""
    return min(line.xyxyn) < -OUTSIDE or max(line.xyxyn) > 1 + OUTSIDE


def overlapping(sample: Sample) -> list[tuple[int, int]]:
    """Pairs (first, later) of line indices whose boxes are the same."""
    x1y1 = sample.xywhn[:, :2] - sample.xywhn[:, 2:] / 2
    boxes = np.concatenate([x1y1, x1y1 + sample.xywhn[:, 2:]], axis=1)
    same = np.argwhere(np.triu(iou_matrix(boxes, boxes) > SAME_BOX_IOU, k=1))
    return [(sample.sound[a], sample.sound[b]) for a, b in same.tolist()]


def _check_pairs(sample: Sample) -> Iterator[Finding]:
    for a, b in overlapping(sample):
        first, later = sample.lines[a], sample.lines[b]
        lines = f"lines {first.number} and {later.number}"
        if first.class_id == later.class_id:
            yield _of(sample, "box-twice", f"{lines}: one box of class {first.class_id}", b)
        else:
            classes = f"classes {first.class_id} and {later.class_id}"
            yield _of(sample, "two-classes", f"{lines}: one box, {classes}", b)


def check_set(layout: Layout, samples: Sequence[Sample]) -> list[Finding]:
    """What only the data set as a whole can tell: missing folders, orphans, absent classes."""
    found = [
        find("missing-folder", split, None, f"{text}: not there, or holds no picture")
        for split, text in layout.missing
    ]
    for split, label in layout.orphans():
        found.append(find("orphan", split, label, f"{layout.name_of(label)} has no picture"))
    users = Counter(sample.label for sample in {s.path: s for s in samples}.values())
    for sample in samples:
        if users[sample.label] > 1:
            found.append(_of(sample, "shared-label", f"{sample.label.name} is shared"))
        if is_synthetic(sample.path) and sample.split != "train":
            found.append(_of(sample, "synthetic", f"in {sample.split}; only for train"))
    present: dict[str, set[int]] = {split: set() for split in layout.splits}
    for sample in samples:
        present.setdefault(sample.split, set()).update(sample.class_id.tolist())
    used = set().union(*present.values())  # of four classes, a set may have two and be whole
    for split in layout.splits:
        for class_id in sorted(used - present[split]):
            name = layout.names[class_id] if class_id < len(layout.names) else str(class_id)
            found.append(find("absent-class", split, None, f"{split} has no '{name}'"))
    return found


def _of(sample: Sample, check: str, message: str, box: int | None = None) -> Finding:
    return find(check, sample.split, sample.path, f"{sample.name}: {message}", box)
