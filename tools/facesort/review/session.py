"""The work behind the page: an album, scores that follow it, and what is done between two acts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from facesort.album.corrections.api import (
    ActResult,
    Correction,
    FaceScores,
    PhotoIndex,
    Progress,
    SortedAlbum,
    Suggestion,
    doubts,
    look_alikes,
    mute,
    progress,
    record_corrections,
    suggestions,
    together,
)
from facesort.errors import FacesortError

REST_S = 4.0  # after the last act, before what takes long is done
TICK_S = 0.5
BREATH_S = 0.15  # after an act, before faces are compared: the next act may come at once


@dataclass(frozen=True)
class Lesson:
    """``faces`` put to ``person`` that teach nothing: of ``held`` faces, ``lost`` would lose their
    right name."""

    person: str
    faces: int
    lost: int
    held: int


class ReviewSession:
    """One album that is being reviewed. Suggestions are of the state ``scored_version``."""

    def __init__(self, album: SortedAlbum) -> None:
        self.album = album
        self.photos = PhotoIndex(album)
        self.scores = FaceScores(album)
        self.suggestions: list[Suggestion] = []
        self.together: list[Suggestion] = []  # of several people, for one look
        self.pairs: list[tuple[str, str]] = []
        self.progress = Progress(0, 0, 0, 0, 0)
        self.covers = album.table.covers()
        self.scored_version = 0
        self.news = list(album.news)
        self.problem = ""
        self.refused: list[Lesson] = []  # what the last acts do not teach
        self._last_act_s = time.monotonic()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._work, name="review session", daemon=True)

    @property
    def is_closing(self) -> bool:
        return self._stop.is_set()

    def start(self) -> None:
        self._worker.start()

    def close(self, flush: bool = True) -> None:
        """Bring the manifest up to date and let go."""
        self._stop.set()
        self._wake.set()
        if self._worker.is_alive():
            self._worker.join(timeout=30)
        if flush:
            self.album.flush()

    def act(self, do: Callable[[SortedAlbum], ActResult]) -> ActResult:
        self._last_act_s = time.monotonic()
        self.refused, self.news = [], []  # both are of what was before
        try:
            return do(self.album)
        finally:
            self._last_act_s = time.monotonic()
            self._wake.set()

    def assign(self, corrections: Sequence[Correction]) -> ActResult:
        """As `record_corrections`, with what is doubtful about it."""
        why = doubts(self.album, self.scores, corrections)
        return replace(record_corrections(self.album, corrections), doubts=why)

    def rescore(self) -> None:
        """Follow the album; a table that was read anew has other rows. Acts go on meanwhile: where
        one did, all is as before, and this is to be done again."""
        version = self.album.version
        self.scores.update()
        if self.scores.refused:
            self._mute()
        found = suggestions(self.album, self.scores)
        wall = together(found)
        pairs = look_alikes(self.album, self.scores)
        now, covers = progress(self.album, self.scores), self.album.table.covers()
        with self.album.mutex:
            if self.album.version == version:
                self.suggestions, self.together = found, wall
                self.pairs, self.progress, self.covers = pairs, now, covers
                self.scored_version = version

    def _mute(self) -> None:
        self.refused = []
        for person, (why, rows) in self.scores.refused.items():
            mute(self.album, rows)
            self.refused.append(Lesson(person, len(rows), why.lost, why.held))

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                if self.scored_version != self.album.version:
                    self._catch_breath()
                    self.rescore()
                elif time.monotonic() - self._last_act_s > REST_S:
                    self._tidy()
                self.problem = ""
            except (FacesortError, OSError) as error:  # another run is at work, a full disk
                self.problem = str(error)
            self._wake.wait(TICK_S)
            self._wake.clear()

    def _catch_breath(self) -> None:
        while not self.is_closing and time.monotonic() - self._last_act_s < BREATH_S:
            self._stop.wait(BREATH_S / 3)

    def _tidy(self) -> None:
        self.album.try_flush()
        if self.album.is_touched() and self.album.has_news():
            self.news = self.album.sync()
