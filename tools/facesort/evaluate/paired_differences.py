"""Models side by side: differences on the same resamples, so that luck in the images cancels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facesort.evaluate.intervals import Floats, Interval, interval

NO_DIFFERENCE = "no difference shown"


@dataclass(frozen=True)
class Difference:
    """``model`` minus ``baseline`` in one figure."""

    figure: str
    model: str
    baseline: str
    difference: Interval

    @property
    def in_words(self) -> str:
        if not self.difference.excludes_zero:
            return NO_DIFFERENCE
        return "higher" if self.difference.value > 0 else "lower"


def differences(models: Mapping[str, Mapping[str, Floats]]) -> list[Difference]:
    """Every other model against the first, in every figure both have.

    ``models`` are figures (1 + resamples,) by name, on the same `intervals.image_weights`.
    """
    baseline, *others = models
    return [
        Difference(figure, model, baseline, interval(models[model][figure] - draws))
        for figure, draws in models[baseline].items()
        for model in others
        if figure in models[model]
    ]
