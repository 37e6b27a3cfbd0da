"""From what a label file says to a `LabelSet`: images found, boxes checked and made upright.

Every reader of a whole source hands over `RawAnnotation`s; what all of them must check is checked
here, once. Bad images and unreadable label files never stop the rest; bad boxes are an error, or
left out with ``drop_bad``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from facesort.boxes import SizeWH, as_boxes
from facesort.errors import LabelError, PhotoError
from facesort.labels.class_table import IGNORE_NAME
from facesort.labels.extras import NOTHING, Extras
from facesort.labels.image_finder import Images, Shape, shape_of, to_upright
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.reporter import Step, no_step

BoxesOf = Literal["auto", "upright", "stored"]


@dataclass(frozen=True)
class RawBox:
    """A box as the source tells it. ``problem`` says why it is none (what follows a colon is not
    counted apart); ``where`` names it."""

    name: str
    values: Sequence[float] = ()  # x1 y1 x2 y2 in pixels, or cx cy w h of a normalised image
    where: str = ""
    problem: str = ""
    extras: Extras = NOTHING


@dataclass(frozen=True)
class RawAnnotation:
    """The boxes of one image. ``folder`` is where to look first, relative to the images;
    ``also`` another name to look for where the first leads nowhere."""

    name: str
    boxes: Sequence[RawBox]
    size_wh: SizeWH | None = None
    folder: str = ""
    also: str = ""
    normalised: bool = False
    path: Path | None = None  # where the source knows the image itself


@dataclass(frozen=True)
class ReadError:
    """A label file, or entry, that could not be read at all, with its boxes where they are known;
    those are counted under ``reason``."""

    why: str
    boxes: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """How to read: ``images`` below which folder, whether bad boxes are left out, and which way
    up the boxes are: ``auto`` follows the size that the label tells, where it tells one.
    ``unpack_to`` is an empty folder for images that the source itself holds. ``check`` is asked
    about the classes and their boxes before any image is opened, and raises what it must.
    ``scale`` takes labels that were made for the image at another size."""

    images: Path
    drop_bad: bool = False
    boxes_of: BoxesOf = "auto"
    step: Step = no_step
    unpack_to: Path | None = None
    check: Callable[[Mapping[str, int]], object] | None = None
    scale: bool = False


def resolve(
    items: Sequence[RawAnnotation | ReadError], reading: Reading, names: Sequence[str] | None = None
) -> LabelSet:
    """Every image once, with its boxes; ``names`` are the found classes, sorted, if not given.

    Raises `LabelError` for the first bad box, unless those are to be left out.
    """
    given = Counter(box.name for item in items for box in _boxes(item) if box.name)
    if reading.check is not None:
        reading.check(given)
    work = _Gathering(reading)
    for item in reading.step(items, len(items), "label"):
        work.add(item)
    return replace(work.finish(names), given=given)


def _boxes(item: RawAnnotation | ReadError) -> Sequence[RawBox]:
    """Those that tell a class: a line that is none tells nothing."""
    return [] if isinstance(item, ReadError) else [box for box in item.boxes if not box.problem]


class _Gathering:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._images: Images | None = None  # listed when the first is looked for
        self._shapes: dict[Path, Shape] = {}
        self._rows: dict[Path, list[tuple[str, tuple[float, ...], Extras]]] = {}
        self._found: set[Path] = set()
        self._left_out: Counter[str] = Counter()
        self._notes: list[str] = []
        self._bad: list[str] = []
        self._seen: Counter[str] = Counter()
        self._unsure_which_way_up = 0
        self._over_the_edge = 0
        self._could_be_scaled = 0
        self._scaled = 0

    def add(self, item: RawAnnotation | ReadError) -> None:
        self._seen["labels"] += 1
        if isinstance(item, ReadError):
            self._seen["of them not readable"] += 1
            self._seen["boxes"] += item.boxes
            self._left_out[item.reason] += item.boxes
            self._notes.append(f"left out: {item.why}")
            return
        self._seen["boxes"] += len(item.boxes)
        path = item.path or self._find(item)
        if isinstance(path, str):
            self._leave_out(item, f"image {path}")
            return
        try:
            shape = self._shapes.get(path) or shape_of(path)
        except PhotoError as error:
            self._leave_out(item, f"image {error}")
            return
        turned = self._is_stored(item, shape)
        if isinstance(turned, str):
            self._leave_out(item, turned)
            return
        self._take(item, path, shape, turned)

    def _find(self, item: RawAnnotation) -> Path | str:
        if self._images is None:
            self._images = Images(self._reading.images)
        path = self._images.find(item.name, item.folder)
        if isinstance(path, str) and item.also:
            other = self._images.find(item.also, item.folder)
            path = other if isinstance(other, Path) else path
        if isinstance(path, Path):
            self._found.add(path)
        return path

    def _leave_out(self, item: RawAnnotation, why: str) -> None:
        self._left_out[why] += len(item.boxes)
        self._notes.append(f"left out: {item.name}: {why} ({len(item.boxes)} boxes)")

    def _is_stored(self, item: RawAnnotation, shape: Shape) -> bool | str:
        """Whether the boxes are those of the stored image; a text where they are of neither."""
        label_wh = item.size_wh
        if label_wh is not None and label_wh not in (shape.size_wh, shape.stored_wh):
            sizes = (shape.size_wh, shape.stored_wh) if min(label_wh) > 0 else ()
            like = [size_wh for size_wh in sizes if _is_same_shape(label_wh, size_wh)]
            if not like or not self._reading.scale:
                self._could_be_scaled += bool(like)
                return "label is of another size than its image"
            self._scaled += 1
            label_wh = like[0]
        if shape.orientation == 1 or self._reading.boxes_of != "auto":
            return self._reading.boxes_of == "stored"
        if label_wh is None or shape.size_wh == shape.stored_wh:
            self._unsure_which_way_up += 1
            return False
        return label_wh == shape.stored_wh

    def _take(self, item: RawAnnotation, path: Path, shape: Shape, stored: bool) -> None:
        self._shapes[path] = shape
        again = path in self._rows
        rows = self._rows.setdefault(path, [])
        known = {(name, box) for name, box, _ in rows}
        if again:
            self._notes.append(f"labelled more than once, boxes put together: {item.name}")
        for raw in item.boxes:
            problem, box = self._checked(raw, item, shape, stored)
            if problem:
                self._left_out[f"box {problem.partition(':')[0]}"] += 1
                self._bad.append(f"{raw.where}: {problem} {_values(raw)}".rstrip())
            elif (raw.name, box) in known:
                self._left_out["box that another label of the same image has too"] += 1
            else:
                rows.append((raw.name, box, raw.extras))

    def _checked(
        self, raw: RawBox, item: RawAnnotation, shape: Shape, stored: bool
    ) -> tuple[str, tuple[float, ...]]:
        """What is wrong with the box, and the upright one. (Plain floats: most images have one or
        two boxes, for which arrays take ten times as long.)"""
        if raw.problem or not raw.name:
            return raw.problem or "has no class name", ()
        values = [float(value) for value in raw.values]
        if len(values) != 4 or not all(map(math.isfinite, values)):
            return "is not four numbers", ()
        w, h = shape.stored_wh if stored else shape.size_wh
        x_scale, y_scale = self._to_scale(item, shape, (w, h))
        x1, y1, x2, y2 = (v * s for v, s in zip(values, (x_scale, y_scale) * 2, strict=True))
        if item.normalised:
            cx, cy, half_w, half_h = x1, y1, x2 / 2, y2 / 2
            x1, y1 = (cx - half_w) * w, (cy - half_h) * h
            x2, y2 = (cx + half_w) * w, (cy + half_h) * h
        if x1 >= x2 or y1 >= y2:
            return "has no width or height (min >= max)", ()
        if x2 <= 0 or y2 <= 0 or x1 >= w or y1 >= h:
            return "is outside its image", ()
        self._over_the_edge += min(x1, y1) < 0 or x2 > w or y2 > h
        if not stored:
            return "", (x1, y1, x2, y2)
        return "", tuple(to_upright(as_boxes([x1, y1, x2, y2]), shape)[0].tolist())

    def _to_scale(self, item: RawAnnotation, shape: Shape, size_wh: SizeWH) -> tuple[float, float]:
        """By how much to stretch the boxes of a label that was made at another size."""
        label_wh = item.size_wh
        if item.normalised or label_wh in (None, shape.size_wh, shape.stored_wh):
            return 1.0, 1.0
        return size_wh[0] / label_wh[0], size_wh[1] / label_wh[1]

    def finish(self, names: Sequence[str] | None) -> LabelSet:
        if self._bad and not self._reading.drop_bad:
            raise LabelError(
                f"{self._bad[0]}; fix it or pass --drop-bad to leave it out "
                f"({len(self._bad)} such in {self._seen['labels']:,} labels)"
            )
        found = {name for rows in self._rows.values() for name, *_ in rows} - {IGNORE_NAME}
        ordered = tuple(names) if names is not None else tuple(sorted(found))
        index = {IGNORE_NAME: IGNORE} | {name: i for i, name in enumerate(ordered)}
        images = tuple(
            ImageLabels.of(
                path,
                self._shapes[path].size_wh,
                [box for _, box, _ in rows],
                [index[name] for name, *_ in rows],
                [extras for *_, extras in rows],
            )
            for path, rows in self._rows.items()
        )
        notes = (
            self._account(),
            *self._unlabelled(),
            *self._notes,
            *(f"left out: {bad}" for bad in self._bad),
        )
        whole = frozenset(path for path, shape in self._shapes.items() if shape.has_end)
        return LabelSet(ordered, images, self._reading.images, +self._left_out, notes, whole)

    def _unlabelled(self) -> list[str]:
        """Images without a label; they may still show a face."""
        count = len(self._images) - len(self._found) if self._images else 0
        return [f"images without a label, left out: {count:,}"] if count else []

    def _account(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in self._seen.items())
        parts = [f"read: {counts or 'nothing'}"]
        if self._unsure_which_way_up:
            parts.append(f"{self._unsure_which_way_up:,} turned by EXIF, taken as labelled upright")
        if self._scaled:
            parts.append(f"{self._scaled:,} labels of another size scaled to their image")
        if self._could_be_scaled:
            parts.append(
                f"{self._could_be_scaled:,} labels are of another size than their image, but of "
                "its shape: --scale-boxes scales them"
            )
        if self._over_the_edge:
            parts.append(f"{self._over_the_edge:,} boxes reach over the edge of their image")
        return "; ".join(parts)


_SHAPE_TOLERANCE = 0.02  # of the ratio of the sides: a size is rounded to whole pixels


def _is_same_shape(one: SizeWH, other: SizeWH) -> bool:
    return abs(one[0] * other[1] - one[1] * other[0]) <= _SHAPE_TOLERANCE * one[1] * other[0]


def _values(raw: RawBox) -> str:
    return f"({', '.join(f'{v:g}' for v in raw.values)})" if len(raw.values) else ""


def say_not_kept(labels: LabelSet, counts: Counter[str]) -> LabelSet:
    """``labels`` with a note that counts what was not carried over, such as track ids."""
    listed = ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items()) if n)
    if not listed:
        return labels
    note = f"read but not kept, the format has no field for it: {listed}"
    return replace(labels, notes=(*labels.notes[:1], note, *labels.notes[1:]))
