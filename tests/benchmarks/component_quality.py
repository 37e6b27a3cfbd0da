"""How good quality components are: equal error rate of a component as a test for a defect, and
error-versus-discard curves against a face matcher's scores.

Reads the CSV that OFIQ writes (``Filename;Name;...;Name.scalar;...``) and ours, the same format.
Curves: ISO/IEC 29794-1, error versus discard characteristic (Grother and Tabassi 2007).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import UsageError

FILE_COLUMN = "Filename"
SCALAR = ".scalar"
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Qualities:
    """``values[component]`` (n,) are 0 to 100, NaN where not assessed, for ``files`` (n)."""

    files: tuple[str, ...]
    values: dict[str, Floats]


def read_qualities(file: Path) -> Qualities:
    """Read an OFIQ-style CSV; a component's ``.scalar`` column is preferred to its raw one.

    Raises `UsageError` with the line where it is no such table.
    """
    rows = read_table(file, FILE_COLUMN)
    columns = [name for name in rows[0] if name and name != FILE_COLUMN] if rows else []
    scalars = [name for name in columns if name.endswith(SCALAR)]
    chosen = {name.removesuffix(SCALAR): name for name in scalars or columns}
    values = {
        component: np.array([_number(file, i, column, row) for i, row in enumerate(rows, 2)])
        for component, column in chosen.items()
        if not component.startswith("assessment_time")
    }
    return Qualities(tuple(row[FILE_COLUMN] for row in rows), values)


def read_table(file: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV with at least ``columns``, separated by semicolons or commas."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: cannot be read as a CSV ({error}); is the path right?"
        ) from error
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ",")
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageError(f"{file}, line 1: no column '{missing[0]}'; expected {', '.join(columns)}")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise UsageError(f"{file}, line {reader.line_num}: not as many fields as line 1")
        rows.append(row)
    return rows


def _number(file: Path, line: int, column: str, row: dict[str, str]) -> float:
    text = row[column].strip()
    if text.lower() in ("", "na", "nan", "none"):
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{file}, line {line}: {column} is '{text}'; expected a number") from None
    return value if value >= 0 else float("nan")  # OFIQ writes -1 for "not assessed"


@dataclass(frozen=True)
class ErrorRates:
    """``eer`` where as many defective images pass as good ones are refused, at ``threshold``: an
    image passes from it on. ``good`` and ``defective`` are the numbers of images."""

    eer: float
    threshold: float
    good: int
    defective: int


def equal_error_rate(quality: Floats, is_defective: NDArray[np.bool_]) -> ErrorRates | None:
    """Of a component (n,) as a test for a defect; images that were not assessed are left out.

    None where there is no good or no defective image left.
    """
    known = np.isfinite(quality)
    good, bad = np.sort(quality[known & ~is_defective]), np.sort(quality[known & is_defective])
    if not len(good) or not len(bad):
        return None
    thresholds = np.unique(np.concatenate([good, bad, [np.inf]]))
    refused = np.searchsorted(good, thresholds, side="left") / len(good)
    passed = 1 - np.searchsorted(bad, thresholds, side="left") / len(bad)
    best = int(np.abs(refused - passed).argmin())
    eer = float((refused[best] + passed[best]) / 2)
    return ErrorRates(eer, float(thresholds[best]), len(good), len(bad))


def error_versus_discard(
    quality: Floats, pairs: NDArray[np.int64], similarity: Floats, fnmr: float
) -> tuple[Floats, Floats]:
    """False non-match rate as the worst images are discarded.

    ``pairs`` (m, 2) are rows of ``quality`` (n,) that show one person, ``similarity`` (m,) their
    scores. The matcher's threshold is set where ``fnmr`` of all pairs fail and then kept. A pair
    is as good as its worse image. Returns discarded fractions (k,), from 0 to below 1, and rates.
    Raises `ValueError` where there is no pair, or an image of a pair has no quality.
    """
    if not len(pairs):
        raise ValueError("no pairs; expected at least one")
    worse = quality[pairs].min(axis=1)
    if not np.isfinite(worse).all():
        raise ValueError("an image of a pair has no quality; leave its pairs out")
    fails = similarity < np.quantile(similarity, fnmr)
    order = np.argsort(worse, kind="stable")
    left = np.cumsum(fails[order][::-1])[::-1]  # fails among those from i on
    kept = np.arange(len(pairs), 0, -1)
    # ties are discarded together: the curve has a point a distinct quality
    starts = np.flatnonzero(np.diff(worse[order], prepend=-np.inf) > 0)
    return starts / len(pairs), left[starts] / kept[starts]


def area_under_curve(discarded: Floats, rate: Floats, up_to: float = 0.2) -> float:
    """Mean rate over discarding 0 to ``up_to``; the curve is a staircase, lower is better."""
    edges = np.append(np.clip(discarded, 0, up_to), up_to)
    return float((np.diff(edges) * rate).sum() / up_to)
