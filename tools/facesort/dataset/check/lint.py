"""Checks labels, file names and images: pure functions from a sample to its issues."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, iou_matrix, min_side, xywhn_to_xyxy
from facesort.classes import FaceClass
from facesort.dataset.check.issues import Issue, find
from facesort.dataset.check.sample import MISSING, OUTSIDE, ImageStats, Line, Sample
from facesort.dataset.yolo_dataset import Layout
from facesort.labels import flags
from facesort.labels.flags import OTHER, Flags
from facesort.labels.image_finder import Shape, to_upright
from facesort.labels.image_labels import is_synthetic

SAME_BOX_IOU = 0.9  # two faces never overlap that much


def check_labels(sample: Sample) -> list[Issue]:
    """What is wrong with the label of one image; every line is reported, not only the first."""
    if sample.label_fault == MISSING:
        return [_of(sample, "missing-label", f"no {sample.label.name}")]
    if sample.label_fault:
        return [_of(sample, "unreadable-label", f"{sample.label.name}: {sample.label_fault}")]
    if not sample.lines:
        return [_of(sample, "empty-label", f"{sample.label.name} is empty")]
    by_line = [issue for i in range(len(sample.lines)) for issue in _check_line(sample, i)]
    return by_line + list(_check_pairs(sample))


def _check_line(sample: Sample, i: int) -> Iterator[Issue]:
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
    """Whether the box reaches out of the image by more than rounding explains."""
    return min(line.xyxyn) < -OUTSIDE or max(line.xyxyn) > 1 + OUTSIDE


def overlapping(sample: Sample) -> list[tuple[int, int]]:
    """Pairs (first, later) of line indices whose boxes are the same."""
    x1y1 = sample.xywhn[:, :2] - sample.xywhn[:, 2:] / 2
    boxes = np.concatenate([x1y1, x1y1 + sample.xywhn[:, 2:]], axis=1)
    same = np.argwhere(np.triu(iou_matrix(boxes, boxes) > SAME_BOX_IOU, k=1))
    return [(sample.sound[a], sample.sound[b]) for a, b in same.tolist()]


def _check_pairs(sample: Sample) -> Iterator[Issue]:
    for a, b in overlapping(sample):
        first, later = sample.lines[a], sample.lines[b]
        lines = f"lines {first.number} and {later.number}"
        if first.class_id == later.class_id:
            yield _of(sample, "box-twice", f"{lines}: one box of class {first.class_id}", b)
        else:
            classes = f"classes {first.class_id} and {later.class_id}"
            yield _of(sample, "two-classes", f"{lines}: one box, {classes}", b)


def check_set(layout: Layout, samples: Sequence[Sample]) -> list[Issue]:
    """What only the data set as a whole can tell: missing folders, orphans, absent classes."""
    found = [
        find("missing-folder", split, None, f"{text}: not there, or holds no image")
        for split, text in layout.missing
    ]
    for split, label in layout.orphans():
        found.append(find("orphan", split, label, f"{layout.name_of(label)} has no image"))
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


def _of(sample: Sample, check: str, message: str, box: int | None = None) -> Issue:
    return find(check, sample.split, sample.path, f"{sample.name}: {message}", box)


def flags_of(sample: Sample) -> list[Flags]:
    """The flags of the image's name and of its folder; none where there are none."""
    return flags.find(PurePosixPath(sample.inside.as_posix()))


def check_name(sample: Sample) -> list[Issue]:
    """Flags that contradict themselves, each other or the label."""
    found = flags_of(sample)
    if not found:
        return []
    said = " and ".join(flags.render(one) for one in found)
    if any(one.is_mislabel for one in found):
        return [
            _name_issue(sample, "mislabelled", f"{said}: not covered, yet top or bottom covered")
        ]
    if len(set(found)) > 1:
        return [_name_issue(sample, "mislabelled", f"{said}: the name and its folder contradict")]
    expected = found[0].class_name
    if expected == OTHER:
        return [_name_issue(sample, "flags", f"{said}: covered, yet neither top nor bottom")]
    labelled = sorted({FaceClass(int(c)) for c in sample.class_id})
    if not labelled or expected in {c.name for c in labelled}:
        return []
    names = ", ".join(c.name for c in labelled)
    return [_name_issue(sample, "mislabelled", f"{said} means {expected}; the label says {names}")]


def _name_issue(sample: Sample, check: str, message: str) -> Issue:
    return find(check, sample.split, sample.path, f"{sample.name}: {message}")


# Chosen by eye on the training images of datasets/occlusion: about 1 % of the faces each.
SMALL_PX = 12.0  # shorter side, in pixels of the image
BLURRED_BELOW = 60.0  # variance of the Laplacian at 64 x 64 pixels
DARK_BELOW = 70.0  # 90th percentile of the grey values, 0 to 255

MIN_SHAPES = 20  # upright boxes of a class before their typical shape is known
SURE = 0.5  # a model's confidence in a face that may judge a label
ON_ITS_SIDE = 5  # EXIF orientations from here on exchange width and height

Faces = Sequence[tuple[Sample, ImageStats]]


def check_unreadable(sample: Sample, reason: str) -> Issue:
    return find("unreadable", sample.split, sample.path, f"{sample.name}: {reason}")


def check_faces(sample: Sample, look: ImageStats) -> Iterator[Issue]:
    """Faces too unclear to label for sure, one finding each."""
    sides = min_side(sample.labels(look.size_wh).xyxy_px)
    for i, side, sharpness, brightness in zip(
        sample.sound, sides, look.sharpness, look.brightness, strict=True
    ):
        if side < SMALL_PX:
            yield _image_issue(sample, "small", f"shorter side {side:.0f} px", i)
        if sharpness < BLURRED_BELOW:
            yield _image_issue(sample, "blurred", f"sharpness {sharpness:.0f}", i)
        if brightness < DARK_BELOW:
            yield _image_issue(sample, "dark", f"brightness {brightness:.0f} of 255", i)


def check_exif(faces: Faces) -> Iterator[Issue]:
    """Labels that seem made for the stored image rather than for the upright one."""
    typical = _typical_shapes(faces)
    for sample, look in faces:
        if look.orientation == 1 or not sample.lines:
            continue
        exif = f"EXIF orientation {look.orientation}"
        fit, turned_fit = _fits(sample, look)
        if turned_fit > fit:
            what = "the boxes meet the model's faces when turned, and not as they are"
            yield _image_issue(sample, "exif", f"{exif}; {what}")
        elif look.orientation < ON_ITS_SIDE or fit:
            continue
        elif any(leaves(line) for line in sample.lines if not line.fault):
            yield _image_issue(sample, "exif", f"{exif}, and boxes leave the image")
        elif _shaped_as_stored(sample, look, typical):
            yield _image_issue(
                sample, "exif-unsure", f"{exif}; its boxes are shaped as before turning"
            )


def turned_px(sample: Sample, look: ImageStats) -> Boxes:
    """The boxes, taken as drawn on the stored image, in pixels of the upright one."""
    shape = Shape(look.size_wh, look.orientation)
    return to_upright(xywhn_to_xyxy(sample.xywhn, shape.stored_wh), shape)


def _fits(sample: Sample, look: ImageStats) -> tuple[int, int]:
    """How many labels meet a face that the model is sure of: as they are, and turned."""
    if look.found is None:
        return 0, 0
    seen = look.found.xyxy_px[look.found.confidence >= SURE]

    def met(boxes: Boxes) -> int:
        return int((iou_matrix(boxes, seen).max(axis=1, initial=0) >= 0.5).sum())

    return met(sample.labels(look.size_wh).xyxy_px), met(turned_px(sample, look))


def _log_shape(xyxy_px: Boxes) -> NDArray[np.float64]:
    """log(width / height) of each box."""
    x1, y1, x2, y2 = xyxy_px.T
    shape: NDArray[np.float64] = np.log((x2 - x1) / (y2 - y1))
    return shape


def _typical_shapes(faces: Faces) -> Mapping[int, float]:
    shapes: dict[int, list[float]] = defaultdict(list)
    for sample, look in faces:
        if look.orientation < ON_ITS_SIDE:
            of_boxes = _log_shape(sample.labels(look.size_wh).xyxy_px)
            for class_id, shape in zip(sample.class_id, of_boxes, strict=True):
                shapes[int(class_id)].append(float(shape))
    return {c: float(np.median(s)) for c, s in shapes.items() if len(s) >= MIN_SHAPES}


def _shaped_as_stored(sample: Sample, look: ImageStats, typical: Mapping[int, float]) -> bool:
    """Whether the boxes come nearer the usual shape of their class when turned."""
    usual = np.array([typical.get(int(c), np.nan) for c in sample.class_id])
    known = ~np.isnan(usual)
    off = np.abs(_log_shape(sample.labels(look.size_wh).xyxy_px) - usual)[known]
    off_turned = np.abs(_log_shape(turned_px(sample, look)) - usual)[known]
    return bool(len(off) and np.median(off_turned) < np.median(off))


def _image_issue(sample: Sample, check: str, message: str, box: int | None = None) -> Issue:
    where = "" if box is None else f"line {sample.lines[box].number}: "
    return find(check, sample.split, sample.path, f"{sample.name}: {where}{message}", box)
