"""Collects what the library says, for callers that show it elsewhere than on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class LineReporter:
    """A `Reporter` whose lines go to the list ``lines``."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def progress(self, what: str, total: int, done: int = 0) -> Iterator[LineReporter]:
        yield self

    def step(self, failed: bool = False) -> None:
        """Nothing to show."""
