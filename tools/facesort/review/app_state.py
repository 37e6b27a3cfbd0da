"""What the server shows now: the start screen, or the review of one album; it can be changed."""

from __future__ import annotations

import threading
from pathlib import Path

from facesort.album.corrections.api import LoadEncoder, SortedAlbum
from facesort.errors import UsageError
from facesort.review.picker import Picker
from facesort.review.session import ReviewSession
from facesort.review.sorting import Sorting


class AppState:
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
        self._session: ReviewSession | None = None
        if root is not None:
            self.review(root)

    @property
    def is_open(self) -> bool:
        return self._session is not None

    @property
    def session(self) -> ReviewSession:
        """The review that is open; `UsageError` at the start screen."""
        if self._session is None:
            raise UsageError("no album is open")
        return self._session

    def review(self, root: Path) -> None:
        """Open the album sorted into ``root``, in place of the one that is open."""
        with self._lock:
            session = ReviewSession(SortedAlbum(root, self._load_encoder))
            old, self._session = self._session, session
            session.start()
        if old is not None:
            old.close()

    def leave(self) -> None:
        """The album is no longer there to be reviewed."""
        with self._lock:
            old, self._session = self._session, None
        if old is not None:
            old.close(flush=False)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
