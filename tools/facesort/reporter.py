"""How the library speaks to the person: lines and progress, without printing by itself. The caller
hands in what wraps a long loop, or nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TextIO

from facesort.commands import as_typed
from facesort.console import one_line

Step = Callable[[Iterable[Any], int, str], Iterable[Any]]  # items, how many, what one is called


def no_step(items: Iterable[Any], _total: int, _unit: str) -> Iterable[Any]:
    """Stands where a progress bar may be."""
    return items


SECONDS_PER_LINE = float(os.environ.get("FACESORT_PROGRESS_S", "10"))  # the page asks for more


class Progress(Protocol):
    def step(self, failed: bool = False) -> None: ...


class Reporter(Protocol):
    def say(self, line: str) -> None:
        """One line of the result."""

    def progress(self, what: str, total: int, done: int = 0) -> AbstractContextManager[Progress]:
        """A counter for ``total`` photos, ``done`` of them in an earlier run."""


class ConsoleReporter:
    """Lines to ``out``; a bar with rate, time left and errors to ``err``, where that is a
    terminal, else a line now and then."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err

    def say(self, line: str) -> None:
        error = write_line(line, self._out)
        if error is not None and not isinstance(error, BrokenPipeError):
            write_line(f"standard output takes no more: {error.strerror}; sorting on", self._err)

    @contextmanager
    def progress(self, what: str, total: int, done: int = 0) -> Iterator[Progress]:
        if not self._err.isatty():
            yield _Lines(what, total, done, self._err)
            return
        from tqdm import tqdm

        bar = tqdm(
            desc=what, total=total, initial=done, unit="photo", file=self._err, dynamic_ncols=True
        )
        with bar:
            yield _Bar(bar)


class LineReporter:
    """Collects lines in ``lines``, for callers that show them elsewhere than on a terminal."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def progress(self, what: str, total: int, done: int = 0) -> Iterator[LineReporter]:
        yield self

    def step(self, failed: bool = False) -> None:
        """Nothing to show."""


class _Bar:
    def __init__(self, bar: Any) -> None:  # tqdm has no types
        self._bar = bar
        self._errors = 0

    def step(self, failed: bool = False) -> None:
        self._errors += failed
        self._bar.set_postfix(errors=self._errors, refresh=False)
        self._bar.update()


class _Lines:
    """For a log file: at most one line in ten seconds."""

    def __init__(self, what: str, total: int, done: int, err: TextIO) -> None:
        self._what, self._total, self._done, self._err = what, total, done, err
        self._errors = 0
        self._last_s = time.monotonic()

    def step(self, failed: bool = False) -> None:
        self._done += 1
        self._errors += failed
        now_s = time.monotonic()
        if now_s - self._last_s >= SECONDS_PER_LINE:
            self._last_s = now_s
            state = f"{self._what}: {self._done} of {self._total}, {self._errors} errors"
            write_line(state, self._err)


def write_line(line: str, stream: TextIO) -> OSError | None:
    """Write ``line``; a stream that takes no more (``| head``, a full disk) is no reason to stop:
    from then on it leads nowhere, and the error is returned."""
    try:
        print(_printable(line, stream), file=stream, flush=True)
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return error
    return None


def open_closed_streams() -> None:
    """Let a standard stream that is closed (``>&-``) lead nowhere: else the next file we open, such
    as our journal, would get its number, and whatever is written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: the stream's own
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))


def _printable(line: str, stream: TextIO) -> str:
    """``line`` in one line, and such that the stream's encoding can hold it."""
    encoding = stream.encoding or "utf-8"
    return as_typed(one_line(line)).encode(encoding, "backslashreplace").decode(encoding)
