"""A thread that works ahead: frames are decoded while the last ones are looked at."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.1


@dataclass(frozen=True)
class _End:
    error: BaseException | None


def in_thread(items: Iterable[T], room: int, newest_only: bool = False) -> Generator[T, None, None]:
    """``items``, drawn in a thread, at most ``room`` ahead.

    ``newest_only``: what waits while a newer one comes is dropped, so that a camera is never late.
    An exception of ``items`` surfaces here. The thread ends with this iterator, also if it is
    closed early.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(room)
    stopped = threading.Event()

    def put(item: T | _End, may_drop: bool) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0 if may_drop else POLL_S)
                return
            except queue.Full:
                if may_drop:
                    _drop_oldest(waiting)

    def draw() -> None:
        try:
            for item in items:
                put(item, newest_only)
                if stopped.is_set():
                    return
            put(_End(None), may_drop=False)
        except BaseException as error:  # to be raised where it can be handled
            put(_End(error), may_drop=False)

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def _drop_oldest(waiting: queue.Queue[T | _End]) -> None:
    try:
        waiting.get_nowait()
    except queue.Empty:  # it was picked up just now
        pass
