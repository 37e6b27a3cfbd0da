"""What a Ctrl-C, or a polite kill, does: from the first import to the end of the process, one line.

Imports nothing heavy, so that it can be switched on before everything else.
"""

from __future__ import annotations

import os
import signal
from typing import Any

EXIT_CODE = 130
STDERR = 2

_requests: list[int] = []


def at_once() -> None:
    """End the process right there. For the time of imports, when nothing is done yet: in the midst
    of one, an exception gets lost or comes out as another one."""
    _on_request(_end)


def as_interrupt() -> None:
    """Raise `KeyboardInterrupt`, once: what is said and closed on the way out is left in peace."""
    _on_request(_interrupt)


def ignore() -> None:
    """Nothing is left to be stopped."""
    _on_request(signal.SIG_IGN)


def was_requested() -> bool:
    return bool(_requests)


def _on_request(do: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # by who started us: a shell's ``&``
            signal.signal(number, do)


def _end(number: int, frame: object) -> None:
    try:
        os.write(STDERR, b"stopped before anything was done\n")
    finally:
        os._exit(EXIT_CODE)


def _interrupt(number: int, frame: object) -> None:
    _requests.append(number)
    ignore()
    raise KeyboardInterrupt
