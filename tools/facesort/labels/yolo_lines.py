"""A line of a YOLO txt file: ``class cx cy w h``, and what other programs put behind or instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from facesort.errors import LabelError
from facesort.labels.extras import NOTHING, Extras, as_share
from facesort.labels.resolve import RawBox

MAX_CLASSES = 10_000  # of a folder without a class list
OUTLINES, KEYPOINTS = "outlines (their box is kept)", "keypoints"


def parse_line(line: str, where: str, class_count: int) -> list[float]:
    """Class and cx cy w h of one line; raises `LabelError` naming ``where``."""
    try:
        values = [float(field) for field in line.split()]
    except ValueError:
        raise LabelError(f"{where}: '{line.strip()}' is not five numbers") from None
    if len(values) != 5:
        raise LabelError(f"{where}: {len(values)} fields; expected 5: class cx cy w h")
    if not values[0].is_integer() or not 0 <= values[0] < class_count:
        raise LabelError(f"{where}: class {values[0]:g}; expected 0 to {class_count - 1}")
    if not all(0 <= v <= 1 for v in values[1:]):
        raise LabelError(f"{where}: {values[1:]} leaves the range 0 to 1; divide by width, height")
    return values


def raw_box(
    line: str,
    where: str,
    names: Sequence[str] | None,
    keypoint_fields: int = 0,
    not_kept: Counter[str] | None = None,
) -> RawBox:
    """One line of a label file; what is wrong with it is the box's problem. Without ``names``, a
    class is called by its number. ``not_kept`` counts what a box has no room for."""
    plain, more, what = _plain(line, keypoint_fields)
    try:
        class_id, *xywhn = parse_line(plain, where, MAX_CLASSES if names is None else len(names))
    except LabelError as error:
        why = str(error).removeprefix(f"{where}: ")
        return RawBox("?", where=where, problem=f"is no YOLO label: {why}")
    if not_kept is not None and what:
        not_kept[what] += keypoint_fields // 3 or 1 if what == KEYPOINTS else 1
    name = str(int(class_id)) if names is None else names[int(class_id)]
    return RawBox(name, xywhn, where, extras=more)


def _plain(line: str, keypoint_fields: int) -> tuple[str, Extras, str]:
    """The five numbers of a line that has more, and what that was: what `yolo predict` and `yolo
    track` append (a confidence, an id), keypoints, or the outline of a segmentation (``class x y x
    y x y ...``), whose box is taken. A line that is none of these stays as it is."""
    fields = line.split()
    if len(fields) <= 5:
        return line, NOTHING, ""
    five = " ".join(fields[:5])
    if keypoint_fields and len(fields) == 5 + keypoint_fields:
        return five, NOTHING, KEYPOINTS
    last = _track_id(fields[-1])
    if len(fields) == 6:
        confidence = as_share(fields[5]) if last is None else None
        is_either = last is not None or confidence is not None
        return five if is_either else line, Extras(last, confidence), ""
    if len(fields) == 7 and last is not None and as_share(fields[5]) is not None:
        return five, Extras(last, as_share(fields[5])), ""
    if len(fields) % 2 and all(as_share(field) is not None for field in fields[1:]):
        x, y = ([float(field) for field in fields[start::2]] for start in (1, 2))
        w, h = max(x) - min(x), max(y) - min(y)
        box = (min(x) + w / 2, min(y) + h / 2, w, h)
        return " ".join([fields[0], *map(repr, box)]), NOTHING, OUTLINES
    return line, NOTHING, ""


def _track_id(text: str) -> int | None:
    """From 1, written without a point."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:9]) else None
