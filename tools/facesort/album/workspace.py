"""An album and its destination while they are worked on: locked, with the journal open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from facesort.album.destination import Destination, check_belongs
from facesort.album.journal import Journal
from facesort.album.state import State
from facesort.photos import Place
from facesort.reporter import Reporter


@dataclass(frozen=True)
class Workspace:
    """Where work is done: from the album ``src`` into ``dst``, with its journal open."""

    src: Place
    dst: Destination
    journal: Journal
    workers: int
    report: Reporter

    @property
    def state(self) -> State:
        """What the journal adds up to, up to date."""
        return self.journal.state


@contextmanager
def open_workspace(
    src: Place, dst: Destination, known: State, workers: int, report: Reporter
) -> Iterator[Workspace]:
    """``dst``, of whose journal ``known`` was read, locked; it belongs to the album ``src`` from
    now on. Raises `AlbumError` where another run holds the lock or ``dst`` is another album's."""
    levels = dst.levels(known)
    with dst.opened(known) as journal:
        check_belongs(journal.state, src, dst.root)
        if journal.state.src != str(src.absolute()):
            journal.album(str(src.absolute()), levels)
        yield Workspace(src, dst, journal, workers, report)
