"""Whom each face looks like, kept up to date act by act. No photo, no model: vectors alone.

As `person.gallery` has it, a person's score is a soft maximum of the nearest examples; these are
those given, the faces that a person has put to the name, and the album's own surest. An act touches
the examples of one or two people: only their columns are computed anew, by one product of matrices.
How sure a score makes us is fitted to all people's examples at each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.act_guard import harm, one_after_another
from facesort.album.corrections.face_table import FaceTable
from facesort.album.corrections.regression_check import Refused
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.classify import to_arrays
from facesort.album.person.examples import (
    ALIKE,
    RESEMBLING,
    Examples,
    capped,
    joined,
    mean_likeness,
)
from facesort.album.person.gallery import NO_EXAMPLE, Calibration, build, nearest_examples
from facesort.album.person.identification import SURE_ENOUGH
from facesort.album.records import Example
from facesort.album.user_labels import OTHER_FOLDERS
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.models.people import similarity_norm

PER_STATE = 40  # examples kept of a person in each state, as `gallery.build` has it
PER_STATE_FIT = 8  # of those, for the fit: it compares every pair
ROWS = 4096  # faces scored at a time, so that memory stays flat

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Known:
    """Examples of one person: those given, and ``rows`` of the table."""

    given: Examples
    texts: tuple[str, ...]  # the vectors of those given
    rows: Rows

    def key(self, table: FaceTable, count: int) -> object:
        """Another one where the scores are."""
        return id(table), count, self.texts, self.rows.tobytes()

    def without(self, rows: Rows) -> _Known:
        return replace(self, rows=self.rows[~np.isin(self.rows, rows)])

    def arrays(self, table: FaceTable) -> Examples:
        return joined(self.given, faces_of(table, self.rows))

    def has_mask(self, table: FaceTable) -> bool:
        state = np.concatenate([self.given.state, table.state[self.rows]])
        return bool(np.isin(state, (FaceClass.masked, FaceClass.masked_sunglasses)).any())


def faces_of(table: FaceTable, rows: Rows) -> Examples:
    """The faces of ``rows`` as examples of one person."""
    state = table.state[rows].astype(np.int64)
    return Examples(table.vectors[rows].astype(np.float32), np.zeros(len(rows), np.int64), state)


@dataclass(frozen=True, eq=False)
class _Column:
    """The scores of one person, and of which examples they are; ``few`` stand for all of them."""

    key: object
    rows: Rows
    few: Examples
    scores: NDArray[np.float32]


class FaceScores:
    """Scores of every face of ``album`` for every person with an example."""

    def __init__(self, album: SortedAlbum) -> None:
        self._album = album
        self.refused: dict[str, tuple[Refused, Rows]] = {}  # by person, of the last update
        self._columns: dict[str, _Column] = {}
        self._table: FaceTable | None = None
        self._rows = 0
        self._without_masked: tuple[str, ...] = ()
        self._alike: list[tuple[str, str, float]] = []  # pairs of at least `RESEMBLING`
        self._given: dict[str, tuple[Examples, tuple[str, ...]]] = {}  # by person
        self._overruled: dict[str, int] = {}  # vector of an example that is a face: its row
        self._looked_up: FaceTable | None = None
        self._fit: Calibration | None = None

    def update(self) -> None:
        """Follow the album: people whose examples are not as they were are scored anew."""
        with self._album.mutex:
            learned, table = self._album.state.learned, self._album.table
            if learned is None or not table.vectors.shape[1]:
                self._columns = {}
                return
            self.refused = {}
            known, count = self._known(), len(table)
            keys = {name: mine.key(table, count) for name, mine in known.items()}
            vectors, state = table.vectors[:count], table.state[:count]
            self._without_masked = tuple(
                name for name, mine in sorted(known.items()) if not mine.has_mask(table)
            )
            like = similarity_norm.from_json(learned.likeness)
        old, columns = self._columns, dict[str, _Column]()
        if old and self._table is table:
            known, keys = self._guarded(known, keys, table, count, like)
        for name, mine in known.items():
            if name in old and old[name].key == keys[name]:
                columns[name] = old[name]
            else:
                every = mine.arrays(table)
                few, kept = capped(every, PER_STATE_FIT), capped(every, PER_STATE)
                scores = _scores(vectors, state, kept, like)
                columns[name] = _Column(keys[name], mine.rows, few, scores)
        some = one_after_another([column.few for column in columns.values()])
        self._fit = build(some, len(columns), like, PER_STATE_FIT).calibration
        people, mean = mean_likeness(some, like)
        found = np.argwhere(np.triu(mean >= RESEMBLING, k=1))
        names = [list(columns)[number] for number in people]
        self._alike = sorted(
            ((names[a], names[b], float(mean[a, b])) for a, b in found), key=lambda one: -one[2]
        )
        self._columns, self._rows, self._table = columns, count, table

    def _guarded(
        self,
        known: dict[str, _Known],
        keys: dict[str, object],
        table: FaceTable,
        count: int,
        like: similarity_norm.SimilarityNorm,
    ) -> tuple[dict[str, _Known], dict[str, object]]:
        """``known`` without those faces, put to a name since the last update, that would cost more
        right names than they win."""
        fresh = {
            name: np.setdiff1d(mine.rows[table.confirmed[mine.rows]], self._rows_before(name))
            for name, mine in known.items()
            if name not in self._columns or keys[name] != self._columns[name].key
        }
        fresh = {name: rows for name, rows in fresh.items() if len(rows)}
        if not fresh:
            return known, keys
        new = np.concatenate(list(fresh.values()))
        kept = {name: mine.without(new) for name, mine in known.items()}
        few = {
            name: self._columns[name].few
            if name in self._columns and keys[name] == self._columns[name].key
            else capped(mine.arrays(table), PER_STATE_FIT)
            for name, mine in kept.items()
        }
        few = {name: some for name, some in few.items() if len(some)}
        spoken = {
            name: replace(mine, rows=mine.rows[table.confirmed[mine.rows]]).arrays(table)
            for name, mine in kept.items()
        }
        held = {name: faces for name, faces in spoken.items() if len(faces)}
        for name, rows in fresh.items():
            refused = harm(held, few, name, capped(faces_of(table, rows), PER_STATE_FIT), like)
            if refused is not None:
                self.refused[name] = (refused, rows)
                known = known | {name: known[name].without(rows)}
                keys = keys | {name: known[name].key(table, count)}
        return known, keys

    def _rows_before(self, name: str) -> Rows:
        return self._columns[name].rows if name in self._columns else np.empty(0, np.int64)

    def of(self, table: FaceTable) -> int:
        """How many rows of ``table`` are scored; 0 where it is another one by now."""
        return self._rows if self._table is table else 0

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def likeliest(self, table: FaceTable, rows: Rows) -> list[tuple[int, str, float]]:
        """For those of ``rows`` that are scored: the likeliest person, and how likely. Also while
        another thread is in `update`."""
        columns = self._columns if self._table is table else {}
        known = min((len(column.scores) for column in columns.values()), default=0)
        rows = rows[rows < known]
        if not len(rows):
            return []
        probability, names = self._probability(columns, rows), list(columns)
        best, value = probability.argmax(axis=1).tolist(), probability.max(axis=1).tolist()
        return [(row, names[b], v) for row, b, v in zip(rows.tolist(), best, value, strict=True)]

    def probability(self, rows: Rows) -> NDArray[np.float32]:
        """That a face of ``rows`` (n,) is a person of `names`, (n, people)."""
        return self._probability(self._columns, rows)

    def _probability(self, every: dict[str, _Column], rows: Rows) -> NDArray[np.float32]:
        scores = np.empty((len(rows), len(every)), np.float32)
        for place, column in enumerate(every.values()):
            scores[:, place] = column.scores[rows]
        return (self._fit or Calibration()).probability(scores)

    def without_masked(self) -> tuple[str, ...]:
        """People of whom no example, nor any face put to the name, wears a mask."""
        return self._without_masked

    def alike(self, least: float = ALIKE) -> list[tuple[str, str, float]]:
        """Pairs of people whose examples are as alike as one person's are, or of a mean likeness of
        ``least`` (`RESEMBLING` or more); the most alike first."""
        return [pair for pair in self._alike if pair[2] >= least]

    def _known(self) -> dict[str, _Known]:
        """By person: the examples given, unless a person has said otherwise of that very face; the
        faces put to the name; and of the surest, a few in each state, from all over the album."""
        table, n = self._album.table, len(self._album.table)
        learned = self._album.state.learned
        given = learned.examples if learned else ()
        others = [table.folder_index(name) for name in OTHER_FOLDERS]
        can = (
            table.alive[:n]
            & table.can_teach[:n]
            & ~table.muted[:n]
            & ~np.isin(table.folder[:n], others)
        )
        spoken = np.flatnonzero(can & table.confirmed[:n])
        sure = can & ~table.confirmed[:n] & (table.certainty[:n] >= SURE_ENOUGH)
        rows = np.concatenate([spoken, self._thinned(np.flatnonzero(sure))])
        by_person: dict[str, list[Example]] = {}
        self._find_faces_of(given)
        for one in given:
            row = self._overruled.get(one.vector, -1)
            if one.person not in OTHER_FOLDERS and not (row >= 0 and table.confirmed[row]):
                by_person.setdefault(one.person, []).append(one)
        names = dict.fromkeys(
            [*by_person, *(table.folders[f] for f in np.unique(table.folder[rows]))]
        )
        return {
            name: _Known(
                *self._arrays_of(name, by_person.get(name, [])),
                rows[table.folder[rows] == table.folder_index(name)],
            )
            for name in names
        }

    def _arrays_of(self, name: str, given: Sequence[Example]) -> tuple[Examples, tuple[str, ...]]:
        """The examples ``given`` of a person, and their vectors as text; read once."""
        texts = tuple(one.vector for one in given)
        if name not in self._given or self._given[name][1] != texts:
            self._given[name] = to_arrays(given, [name]), texts
        return self._given[name]

    def _thinned(self, rows: Rows) -> Rows:
        table = self._album.table
        group = table.folder[rows].astype(np.int64) * len(CLASS_NAMES) + table.state[rows]
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        parts = np.split(rows[order], starts[1:])
        return np.concatenate([part[:: -(-len(part) // PER_STATE) or 1] for part in parts])

    def _find_faces_of(self, given: Iterable[Example]) -> None:
        """Which examples are faces of the album itself, once for each table."""
        if self._looked_up is self._album.table:
            return
        wanted = {one.vector for one in given}
        table = self._album.table
        self._overruled = {}
        for photo, entry in self._album.state.entries.items():
            for number, face in enumerate(entry.scan.faces):
                if face.identity is not None and face.identity.vector in wanted:
                    self._overruled[face.identity.vector] = table.rows_of_photo[photo][number]
        self._looked_up = table


def _scores(
    vectors: NDArray[np.float16],
    state: NDArray[np.int8],
    mine: Examples,
    like: similarity_norm.SimilarityNorm,
) -> NDArray[np.float32]:
    """(n,) how much each face looks like the one person of ``mine``."""
    scores = np.full(len(vectors), NO_EXAMPLE, np.float32)
    for one in np.unique(state) if len(mine) else ():
        mean, spread = like.mean[one, mine.state], like.spread[one, mine.state]
        turned = np.ascontiguousarray((mine.vectors / spread[:, None]).T, np.float32)
        offset = (mean / spread).astype(np.float32)
        alike_worn = np.flatnonzero(state == one)
        for start in range(0, len(alike_worn), ROWS):
            rows = alike_worn[start : start + ROWS]
            away = vectors[rows].astype(np.float32) @ turned
            away -= offset
            scores[rows] = nearest_examples(away, mine, 1)[:, 0]
    return scores
