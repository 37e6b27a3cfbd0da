"""Where the time goes: seconds of work by kind, added up over threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Timer:
    """Adds up seconds by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: Counter[str] = Counter()

    @contextmanager
    def measure(self, what: str) -> Iterator[None]:
        began_s = time.perf_counter()
        try:
            yield
        finally:
            self.add(what, time.perf_counter() - began_s)

    def add(self, what: str, seconds: float) -> None:
        with self._lock:
            self._seconds[what] += seconds  # type: ignore[assignment]  # Counter says int

    def seconds(self, what: str) -> float:
        return float(self._seconds[what])
