"""Learns as often as the person's hand rests: looks at the folders every now and then.

Only the times of the folders are looked at, a few dozen, so no library for file system events is
worth its while; and it works on network disks, which send none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facesort.album.corrections.apply import Options, apply_corrections, check_sorted, has_news
from facesort.album.destination import Destination
from facesort.album.records import VIEWS
from facesort.errors import AlbumError
from facesort.reporter import Reporter

POLL_S = 0.5

Look = dict[str, int]


def watch(
    root: Path, wish: Options, quiet_s: float, report: Reporter, until: Callable[[], bool] = bool
) -> int:
    """Learn now, and again whenever something moved in ``root`` and then rested for ``quiet_s``;
    until Ctrl-C, or until ``until()``."""
    dst = check_sorted(root)
    with _only_watcher(dst):
        try:
            _watch(root, wish, quiet_s, report, until)
        except KeyboardInterrupt:
            report.say("no longer watching; what you move from now on is learned the next time")
    return 0


def _watch(
    root: Path, wish: Options, quiet_s: float, report: Reporter, until: Callable[[], bool]
) -> None:
    seen: Look | None = None
    reported = ""
    while not until():
        now = _look(root) if seen is None else _settled(root, quiet_s)
        if now == seen:
            time.sleep(min(POLL_S, quiet_s))
            continue
        try:
            if seen is None or has_news(root, wish.apply):
                apply_corrections(root, wish, report)
                report.say(f"watching {root}; Ctrl-C ends it")
            seen, reported = now, ""
        except AlbumError as error:  # another run is at work, a line was damaged by hand ...
            if str(error) != reported:
                report.say(f"not learned yet: {error}")
            reported = str(error)
            time.sleep(quiet_s)


def _settled(root: Path, quiet_s: float) -> Look:
    """How the folders look, once they have not changed for ``quiet_s``."""
    look = _look(root)
    while any(time.time_ns() - ns < quiet_s * 1e9 for ns in look.values()):
        time.sleep(min(POLL_S, quiet_s))
        look = _look(root)
    return look


def _look(root: Path) -> Look:
    """When each folder of the two views was changed last."""
    look: Look = {}
    for view in VIEWS:
        for top, _, _ in os.walk(root / view):
            with suppress(OSError):  # it went while we looked
                look[top] = os.stat(top).st_mtime_ns
    return look


@contextmanager
def _only_watcher(dst: Destination) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(dst.state_folder / "watch", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlbumError(f"{dst.root}: is watched by another run already; end that one") from None
    try:
        yield
    finally:
        lock.release()
