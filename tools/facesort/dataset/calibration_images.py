"""Which images to calibrate an 8-bit network on: real ones, with every class at every size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from facesort.boxes import min_side
from facesort.errors import DatasetError
from facesort.labels.image_labels import ImageLabels, is_synthetic

SIZE_STEPS = (0.05, 0.15, 0.4)  # of a face's shorter side to the image's longer side
NO_FACE = (-1, -1)

Stratum = tuple[int, int]  # class, size step


def stratified(labels: Sequence[ImageLabels], count: int, seed: int = 0) -> list[ImageLabels]:
    """At most ``count`` real images, taken in turn from every class at every size.

    Raises `DatasetError` when there is no real image.
    """
    real = [item for item in labels if not is_synthetic(item.path)]
    if not real:
        raise DatasetError(f"no real image among {len(labels)} of the train split to calibrate on")
    order = np.random.default_rng(seed).permutation(len(real))
    waiting: dict[Stratum, list[int]] = {}
    for i in order:
        for stratum in strata(real[i]):
            waiting.setdefault(stratum, []).append(int(i))
    chosen: dict[int, ImageLabels] = {}
    for i in _in_turn([waiting[stratum] for stratum in sorted(waiting)]):
        if len(chosen) == count:
            break
        chosen[i] = real[i]
    return list(chosen.values())


def strata(item: ImageLabels) -> set[Stratum]:
    """The kinds of faces in an image: pairs of class and size step."""
    share = min_side(item.xyxy_px) / max(item.size_wh)
    steps = np.searchsorted(SIZE_STEPS, share)
    kinds = {(int(c), int(s)) for c, s in zip(item.class_id, steps, strict=True) if c >= 0}
    return kinds or {NO_FACE}


def _in_turn(queues: Sequence[list[int]]) -> Iterator[int]:
    """The first of each queue, the second of each, and so on."""
    for round_number in range(max(map(len, queues))):
        for queue in queues:
            if round_number < len(queue):
                yield queue[round_number]
