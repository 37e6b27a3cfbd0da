"""What the server shows now: the start screen, or the desk of one album, which can be changed."""

from __future__ import annotations

import threading
from pathlib import Path

from facesort.album.corrections.api import LoadEncoder, SortedAlbum
from facesort.errors import UsageError
from facesort.review.desk import Desk
from facesort.review.picker import Picker
from facesort.review.sorting import Sorting


class House:
    """Begins with the album sorted into ``root``, or with the start screen."""

    def __init__(
        self,
        root: Path | None,
        sorter: list[str],
        cache: Path | None = None,
        load_encoder: LoadEncoder | None = None,
    ) -> None:
        self.picker = Picker()
        self.sorting = Sorting(sorter)
        self.cache = cache
        self._load_encoder = load_encoder
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        if root is not None:
            self.review(root)

    @property
    def is_open(self) -> bool:
        return self._desk is not None

    @property
    def desk(self) -> Desk:
        """The desk; `UsageError` at the start screen."""
        if self._desk is None:
            raise UsageError("no album is open")
        return self._desk

    def review(self, root: Path) -> None:
        """Open the album sorted into ``root``, in place of the one that is open."""
        with self._lock:
            desk = Desk(SortedAlbum(root, self._load_encoder))
            old, self._desk = self._desk, desk
            desk.start()
        if old is not None:
            old.close()

    def leave(self) -> None:
        """The album is no longer there to be reviewed."""
        with self._lock:
            old, self._desk = self._desk, None
        if old is not None:
            old.close(flush=False)

    def close(self) -> None:
        if self._desk is not None:
            self._desk.close()
