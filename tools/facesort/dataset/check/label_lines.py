"""Read YOLO label text line by line, so that one bad line hides neither the others nor itself.

`labels.yolo` stops at the first line it does not understand, as training should; a check wants
them all. Polygons (``class x y x y x y ...``) count as the box around them, as in Ultralytics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_POLYGON_NUMBERS = 6


@dataclass(frozen=True)
class Line:
    """One line that is not blank: ``xywhn`` and ``class_id`` where ``fault`` is empty."""

    number: int  # from 1, as editors count
    text: str
    class_id: int = -1
    xywhn: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    fault: str = ""

    @property
    def xyxyn(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom as fractions of the image."""
        cx, cy, w, h = self.xywhn
        return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def read_lines(text: str, keypoint_fields: int = 0) -> tuple[Line, ...]:
    """Every line of ``text`` that is not blank."""
    return tuple(
        _read_line(number, line.strip(), keypoint_fields)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    )


def _read_line(number: int, text: str, keypoint_fields: int) -> Line:
    try:
        values = [_number(field) for field in text.split()]
    except ValueError as error:
        return Line(number, text, fault=f"{error} is not a number")
    expected = 5 + keypoint_fields
    if len(values) != expected and not (keypoint_fields == 0 and _is_polygon(values)):
        return Line(number, text, fault=f"{len(values)} fields; expected {expected}")
    if values[0] != int(values[0]):
        return Line(number, text, fault=f"class {values[0]:g} is not a whole number")
    box = _around(values[1:]) if _is_polygon(values) and not keypoint_fields else values[1:5]
    cx, cy, w, h = box
    return Line(number, text, int(values[0]), (cx, cy, w, h))


def _number(field: str) -> float:
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in field:  # float() reads 1_0 as 10
        raise ValueError(f"'{field[:40]}'")
    return value


def _is_polygon(values: Sequence[float]) -> bool:
    points = len(values) - 1
    return points >= MIN_POLYGON_NUMBERS and points % 2 == 0


def _around(points: Sequence[float]) -> list[float]:
    """Centre and size of the box around x, y, x, y, ..."""
    xs, ys = points[0::2], points[1::2]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def clipped(line: Line, keypoint_fields: int = 0) -> str:
    """The text of ``line``, its box (or each point of its polygon) cut at the image's edge."""
    fields = line.text.split()
    if keypoint_fields == 0 and len(fields) > 5:
        points = [min(max(float(field), 0.0), 1.0) for field in fields[1:]]
        return " ".join([fields[0], *(f"{value:.6f}" for value in points)])
    x1, y1, x2, y2 = (min(max(edge, 0.0), 1.0) for edge in line.xyxyn)
    box = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return " ".join([fields[0], *(f"{value:.6f}" for value in box), *fields[5:]])
