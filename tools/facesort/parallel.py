"""Threads that work ahead, but not without bound; and memory: kept for the next photo where the
allocator would hand it back, and asked for in time.
"""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from facesort.errors import FacesortError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2  # items in work or waiting to be picked up, per worker: bounds the memory


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """``map`` over threads: results in the order of ``items``, which are drawn as needed.

    An exception in ``function`` surfaces at its item's turn; what has not begun is then dropped,
    what has begun is waited for.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= workers * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_LARGEST_ARRAY_BYTES = 32 << 20  # glibc takes no more; a photo at half of 12 megapixels has 9 MB
_KEPT_BYTES = 128 << 20
# Address space, measured (tests/test_memory.py): below it, native libraries end in a crash.
_NEEDED_BYTES, _NEEDED_BYTES_A_WORKER = 1_000_000_000, 150_000_000


def check_limit(workers: int = 1) -> None:
    """Raise `FacesortError` where the system grants this process less address space (``ulimit
    -v``) than a network, its libraries and ``workers`` threads take: they would not say so."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit_bytes = resource.getrlimit(resource.RLIMIT_AS)[0]
    needed_bytes = _NEEDED_BYTES + workers * _NEEDED_BYTES_A_WORKER
    if limit_bytes != resource.RLIM_INFINITY and limit_bytes < needed_bytes:
        raise FacesortError(
            f"this process may use {limit_bytes / 1e6:,.0f} MB of memory (ulimit -v); expected "
            f"{needed_bytes / 1e6:,.0f} MB or more for {workers} worker{'s' * (workers > 1)}; "
            "raise the limit" + (", or lower --workers" if workers > 1 else "")
        )


def keep_freed_memory() -> None:
    """Have glibc keep what was freed, up to 128 MB, from now on; without glibc, do nothing.

    As it comes, it gives an image's megabytes back to the system whenever one is done with, and
    gets them again, cleared, page by page, for the next: by where its threads' heaps happen to lie,
    up to 1,400 page faults and 4 ms of a core for each photo, or none (man 3 mallopt).
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_ARRAY_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
