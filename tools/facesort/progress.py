"""How long work shows its progress: the caller hands in what wraps the loop, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Step = Callable[[Iterable[Any], int, str], Iterable[Any]]  # items, how many, what one is called


def no_step(items: Iterable[Any], _total: int, _unit: str) -> Iterable[Any]:
    """Stands where a progress bar may be."""
    return items
