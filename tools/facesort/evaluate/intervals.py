"""95 % intervals by the bootstrap over images, also of the difference of two models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
SEED = 0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Interval(NamedTuple):
    """A figure and the 95 % interval around it; NaN where nothing was to be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "–"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def image_weights(images: int, resamples: int = RESAMPLES, seed: int = SEED) -> NDArray:
    """How often each image counts (1 + resamples, images); the first row is all ones."""
    drawn = np.random.default_rng(seed).multinomial(
        images, np.full(images, 1 / max(images, 1)), size=resamples
    )
    return np.concatenate([np.ones((1, images), dtype=np.int64), drawn])


def interval(draws: ArrayLike) -> Interval:
    """From a figure's value on the data (first) and on every resample."""
    value, *resampled = np.asarray(draws, dtype=np.float64)
    known = np.array(resampled)[~np.isnan(resampled)]
    if np.isnan(value) or not len(known):
        return Interval(float(value), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


def mean_known(values: Floats) -> Floats:
    """The mean over the last axis of what is not NaN; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        mean: Floats = np.nanmean(values, axis=-1)
    return mean


def share(part: ArrayLike, whole: ArrayLike) -> Floats:
    """``part / whole``, NaN where there is no whole."""
    parts, wholes = np.broadcast_arrays(
        np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    )
    return np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)


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
