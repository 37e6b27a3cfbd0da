"""How long calls take, measured in turns, so that a busy machine is busy for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray


def in_turns_ms(
    calls: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2
) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of each call in each of ``rounds``; the first ``warm_up`` are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm_up + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if number >= warm_up:
                taken[name].append((time.perf_counter() - start) * 1e3)
    return {name: np.array(values) for name, values in taken.items()}
