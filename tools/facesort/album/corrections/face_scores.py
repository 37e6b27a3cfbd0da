"""Whom each face looks like, kept up to date act by act. No photo, no model: vectors alone.

As `person.gallery` has it, a person's score is the mean of the three nearest examples. An act
touches the examples of one or two people: only their column of the table is computed anew, by one
product of matrices. How sure a score makes us is fitted when the album is opened.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.face_table import FaceTable
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.human import OTHER_FOLDERS
from facesort.album.person.gallery import (
    ALIKE,
    NEAREST,
    NO_EXAMPLE,
    Examples,
    Fit,
    build,
    capped,
)
from facesort.album.person.judge import to_arrays
from facesort.album.person.people import SURE_ENOUGH
from facesort.album.records import Example
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.models.people import likeness

PER_STATE = 40  # examples kept of a person in each state, as `gallery.build` has it
PER_STATE_FIT = 8  # of those, for the fit: it compares every pair
SAME_PICTURE = 0.9985  # cosine of a vector and itself, in half precision
ROWS = 4096  # faces scored at a time, so that memory stays flat

Floats = NDArray[np.float32]


@dataclass
class _Column:
    """The scores of one person, and of which examples they are."""

    key: object
    scores: Floats


class FaceScores:
    """Scores of every face of ``album`` for every person with an example."""

    def __init__(self, album: SortedAlbum) -> None:
        self._album = album
        self._columns: dict[str, _Column] = {}
        self._table: FaceTable | None = None
        self._rows = 0
        self._fit = Fit()
        self._fitted = False

    def update(self) -> None:
        """Follow the album: people whose examples are not as they were are scored anew."""
        with self._album.mutex:
            learned, table = self._album.state.learned, self._album.table
            if learned is None or not table.vectors.shape[1]:
                self._columns = {}
                return
            examples = self._examples()
            vectors, state = table.vectors[: len(table)], table.state[: len(table)]
            known = likeness.from_json(learned.likeness)
        if not self._fitted:
            self._fit, self._fitted = _fitted(examples, known), True
        columns = {}
        for name, mine in examples.items():
            key = (id(table), len(vectors), frozenset(one.vector for one in mine))
            old = self._columns.get(name)
            if old is None or old.key != key:
                kept = capped(to_arrays(mine, [name]), PER_STATE)
                old = _Column(key, _scores(vectors, state, kept, known))
            columns[name] = old
        self._columns, self._table, self._rows = columns, table, len(vectors)

    def of(self, table: FaceTable) -> int:
        """How many rows of ``table`` are scored; 0 where it is another one by now."""
        return self._rows if self._table is table else 0

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def probability(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """That a face of ``rows`` (n,) is a person of `names`, (n, people)."""
        columns = [column.scores[rows] for column in self._columns.values()]
        scores = np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))
        return self._fit.probability(scores.astype(np.float64))

    def _examples(self) -> dict[str, list[Example]]:
        """By person: the examples given, and the faces that a person has put to the name."""
        album, table = self._album, self._album.table
        spoken: dict[str, Example | None] = {}
        for row in np.flatnonzero(table.confirmed[: len(table)] & table.alive[: len(table)]):
            folder = table.folders[int(table.folder[row])]
            photo, number = table.where[row]
            identity = album.state.entries[photo].scan.faces[number].identity
            if identity is not None and identity.by == table.described_by:
                teaches = table.can_teach[row] and folder not in OTHER_FOLDERS
                state = CLASS_NAMES[int(table.state[row])]
                one = Example(folder, state, identity.vector) if teaches else None
                spoken[identity.vector] = one
        learned = album.state.learned
        given = learned.examples if learned else ()
        by_person: dict[str, list[Example]] = defaultdict(list)
        for known in (*given, *filter(None, spoken.values()), *self._found()):
            is_overruled = known.vector in spoken and spoken[known.vector] is not known
            if known.person not in OTHER_FOLDERS and not is_overruled:
                by_person[known.person].append(known)
        return by_person

    def _found(self) -> list[Example]:
        """The album's own surest faces are examples, too, as `gallery.with_album` has it: of each
        person in each state a few, from all over the album."""
        album, table = self._album, self._album.table
        n = len(table)
        nobodys = [table.folder_index(name) for name in OTHER_FOLDERS]
        sure = table.alive[:n] & table.can_teach[:n] & (table.certainty[:n] >= SURE_ENOUGH)
        named = ~table.confirmed[:n] & ~np.isin(table.folder[:n], nobodys)
        rows = np.flatnonzero(sure & named)
        group = table.folder[rows].astype(np.int64) * len(CLASS_NAMES) + table.state[rows]
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        kept = [some[:: -(-len(some) // PER_STATE)] for some in np.split(rows[order], starts[1:])]
        found = []
        for row in np.concatenate(kept) if len(rows) else ():
            photo, number = table.where[row]
            identity = album.state.entries[photo].scan.faces[number].identity
            if identity is not None:
                name = table.folders[int(table.folder[row])]
                found.append(Example(name, CLASS_NAMES[int(table.state[row])], identity.vector))
        return found

    def without_masked(self) -> tuple[str, ...]:
        """People of whom no example, nor any face put to the name, wears a mask."""
        masks = {FaceClass.masked.name, FaceClass.masked_sunglasses.name}
        with self._album.mutex:
            every = self._examples()
        return tuple(
            name
            for name, mine in sorted(every.items())
            if not any(one.class_name in masks for one in mine)
        )

    def alike(self) -> list[tuple[str, str, float]]:
        """Pairs of people whose examples are as alike as one person's are, the most alike first."""
        with self._album.mutex:
            learned = self._album.state.learned
            every = self._examples()
        if learned is None or not every:
            return []
        names = list(every)
        flat = [one for mine in every.values() for one in mine]
        some = capped(to_arrays(flat, names), PER_STATE_FIT)
        known = likeness.from_json(learned.likeness)
        pairs = known.of(some.vectors @ some.vectors.T, some.state, some.state)
        pairs = np.clip(pairs, -2 * ALIKE, 2 * ALIKE)
        hot = np.eye(len(names))[some.person]
        count = np.maximum(hot.sum(axis=0), 1)
        mean = hot.T @ pairs @ hot / np.outer(count, count)
        found = np.argwhere(np.triu(mean >= ALIKE, k=1))
        named = [(names[a], names[b], float(mean[a, b])) for a, b in found]
        return sorted(named, key=lambda pair: -pair[2])


def _fitted(examples: dict[str, list[Example]], known: likeness.Likeness) -> Fit:
    names = list(examples)
    flat = [one for mine in examples.values() for one in mine]
    if not flat:
        return Fit()
    return build(to_arrays(flat, names), len(names), known, PER_STATE_FIT).fit


def _scores(
    vectors: NDArray[np.float16], state: NDArray[np.int8], mine: Examples, known: likeness.Likeness
) -> Floats:
    """(n,) how much each face looks like the one person of ``mine``."""
    if not len(mine):
        return np.full(len(vectors), NO_EXAMPLE, np.float32)
    mean = known.mean[:, mine.state].astype(np.float32)  # (states, examples)
    spread = known.spread[:, mine.state].astype(np.float32)
    scores = np.empty(len(vectors), np.float32)
    first = max(len(mine) - NEAREST, 0)
    for start in range(0, len(vectors), ROWS):
        rows = slice(start, start + ROWS)
        away = vectors[rows].astype(np.float32) @ mine.vectors.T
        itself = away > SAME_PICTURE  # a face that is an example says nothing of itself
        away -= mean[state[rows]]
        away /= spread[state[rows]]
        away[itself] = NO_EXAMPLE
        scores[rows] = np.partition(away, first, axis=1)[:, first:].mean(axis=1)
    return scores
