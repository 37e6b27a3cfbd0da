"""A verdict: does a model clear the bars that were set for it?

``15MB 90% 6ms`` is the requirement this project began with: a file below 15 MB, more than 90 % of
the faces found and rightly named, less than 6 ms an image. ``AP50>=0.9`` asks for any other
figure, ``recall_masked>=92%`` for that of a class, ``crops_recall>=0.95`` for that on crops.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facesort.errors import UsageError

DEFAULT_CRITERIA = "15MB 90% 6ms"
BY_UNIT = {"MB": ("MB", "<"), "%": ("accuracy", ">"), "ms": ("ms", "<")}
CROPS = "crops_"  # before a figure: on crops
KNOWN = (
    *("MB", "ms", "p95_ms", "accuracy", "AP50", "AP50-95", "precision", "recall", "F1"),
    *("called_clean", "ECE"),
)
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_FORM = re.compile(
    r"[\s,]*([A-Za-z][\w-]*)?\s*(<=|>=|<|>)?\s*(\d+\.?\d*|\.\d+)(?:\s*(MB|ms|%)(?!\s*[<>]))?[\s,]*"
)


@dataclass(frozen=True)
class Criterion:
    """One condition, such as ``MB < 15``; `KNOWN` says of what."""

    figure: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.figure} {self.sign} {self.limit:g}"


@dataclass(frozen=True)
class CriterionResult:
    """A bar and the value that met it or not; a value that is not known (NaN) does not."""

    criterion: Criterion
    value: float

    @property
    def met(self) -> bool:
        return bool(_COMPARE[self.criterion.sign](self.value, self.criterion.limit))

    @property
    def measured(self) -> str:
        return "not measured" if math.isnan(self.value) else f"{self.value:.3g}"

    def __str__(self) -> str:
        return f"{self.criterion}: {self.measured}, {'yes' if self.met else 'NO'}"


def parse_criteria(text: str) -> list[Criterion]:
    """``15MB 90% 6ms``, ``AP50>=0.9``; `UsageError` for another form or an unknown figure."""
    bars, place = [], 0
    while place < len(text.rstrip()):
        match = _FORM.match(text, place)
        criterion = _criterion(*match.groups()) if match else None
        if criterion is None or match is None:
            raise UsageError(
                f"--bars: '{text[place:].strip()}' is no bar; expected such as "
                f"'{DEFAULT_CRITERIA}' or 'AP50>=0.9 ECE<=0.05', of {', '.join(KNOWN)}"
            )
        bars.append(criterion)
        place = match.end()
    return bars


def _criterion(
    figure: str | None, sign: str | None, number: str, unit: str | None
) -> Criterion | None:
    own_figure, own_sign = BY_UNIT.get(unit or "", (None, None))
    figure, sign = figure or own_figure, sign or own_sign
    base = (figure or "").removeprefix(CROPS)
    if not sign or not any(base == name or base.startswith(f"{name}_") for name in KNOWN):
        return None
    return Criterion(str(figure), sign, float(number) / (100 if unit == "%" else 1))


def check_criteria(
    bars: Sequence[Criterion], figures: Mapping[str, float]
) -> list[CriterionResult]:
    return [
        CriterionResult(criterion, figures.get(criterion.figure, math.nan)) for criterion in bars
    ]


def in_one_line(judged: Sequence[CriterionResult]) -> str:
    """``passes`` or ``fails`` and each bar."""
    word = "passes" if all(v.met for v in judged) else "fails"
    return f"verdict: {word} ({'; '.join(map(str, judged))})"
