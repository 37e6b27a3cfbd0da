"""What a person may want to decide next: faces that look like a person now, people who look alike,
and how much is left to do. Nothing is moved here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.acts import dismissed, kept_apart
from facesort.album.corrections.api_records import Correction, FaceView, Progress, Suggestion
from facesort.album.corrections.face_scores import FaceScores
from facesort.album.corrections.face_table import FaceTable
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.clustering import is_numbered
from facesort.album.person.examples import RESEMBLING
from facesort.album.records import NOT_A_FACE, STRANGERS, UNSURE
from facesort.classes import CLASS_NAMES

LIKELY = 0.5  # from here on an unnamed face is suggested
RATHER = 0.8  # one that lies in a person's folder, for another
SURE = 0.98  # of a named face, that it is done
CONTRADICTS = 0.9  # from here on, a face that is put to somebody else is asked about
PURE = 0.99  # the share of right faces in named folders that is aimed at
AT_ONCE = 24  # faces of one suggestion
ALL_AT_ONCE = 120  # faces of several people
RIGHT = 0.8  # the share of them that is expected to be right
RIVAL = 0.1  # from here on, a look-alike may be meant as well
PRIOR = 8.0  # what the model says of a class is worth so many faces of which a person spoke
ROWS = 8192  # faces looked at together, so that memory stays flat
UNNAMED = (UNSURE, STRANGERS)

Rows = NDArray[np.int64]


def list_faces(
    album: SortedAlbum, folder: str, start: int = 0, count: int | None = None
) -> list[FaceView]:
    """The faces that lie in ``folder``, the least certain first, those decided by a person last."""
    with album.mutex:
        rows = album.table.rows_in(folder)[start : None if count is None else start + count]
        return [
            album.table.view(row, album.state.entries[album.table.where[row][0]])
            for row in rows.tolist()
        ]


def suggestions(album: SortedAlbum, scores: FaceScores, most: int = AT_ONCE) -> list[Suggestion]:
    """For each person at most ``most`` faces that look like them now and lie elsewhere; whom most
    faces look like comes first. By class, the unsure faces by the class they are likeliest of.
    Acts go on meanwhile: what is found is of the version that the album had at the beginning."""
    with album.mutex:
        if not album.is_by_person:
            return _by_class(album, most)
        table, names = album.table, scores.names
        rows = _open_rows(album)
        rows = rows[rows < scores.of(table)]
        if not names or not len(rows):
            return []
        folder = table.folder[rows]
        unnamed = [table.folder_index(name) for name in UNNAMED]
        own = np.array([table.folder_index(name) for name in names])
        never = _dismissed(album, rows, names)
    siblings = scores.alike(RESEMBLING)
    alike = _pairs_of(names, siblings)
    best, (value, rival) = np.empty(len(rows), np.int64), np.empty((2, len(rows)), np.float32)
    for start in range(0, len(rows), ROWS):
        part = slice(start, start + ROWS)
        probability = scores.probability(rows[part])
        probability[folder[part, None] == own] = 0.0
        mine = never[(never[:, 0] >= start) & (never[:, 0] < start + ROWS)]
        probability[mine[:, 0] - start, mine[:, 1]] = 0.0
        best[part], value[part] = probability.argmax(axis=1), probability.max(axis=1)
        rival[part] = (probability * alike[best[part]]).max(axis=1)
    wanted = value >= np.where(np.isin(folder, unnamed), LIKELY, RATHER)
    found = _grouped(table, names, rows[wanted], best[wanted], value[wanted], most)
    doubtful = {table.ids[row] for row in rows[wanted & (rival >= RIVAL)].tolist()}
    return [
        replace(
            one,
            look_alikes=_others(one.folder, siblings),
            is_close=tuple(face in doubtful for face in one.ids),
        )
        for one in found
    ]


def _pairs_of(names: Sequence[str], pairs: Iterable[tuple[str, str, float]]) -> NDArray[np.bool_]:
    """(names, names) who is alike."""
    alike = np.zeros((len(names), len(names)), bool)
    for a, b, _ in pairs:
        if a in names and b in names:
            i, j = names.index(a), names.index(b)
            alike[i, j] = alike[j, i] = True
    return alike


def doubts(
    album: SortedAlbum, scores: FaceScores, corrections: Sequence[Correction]
) -> tuple[tuple[str, int], ...]:
    """Of faces that are to be put to people: whom they surely look like, where that is somebody
    else, and how many of them; most first."""
    with album.mutex:
        table = album.table
        wanted = {
            table.rows_of_photo[one.photo][one.face]: one.folder
            for one in corrections
            if one.folder in album.state.people
            if 0 <= one.face < len(table.rows_of_photo.get(one.photo, ()))
        }
        rows = np.array([row for row in wanted if table.can_name[row]], np.int64)
    return tuple(
        Counter(
            name
            for row, name, value in scores.likeliest(table, rows)
            if value >= CONTRADICTS and name != wanted[row]
        ).most_common()
    )


def together(found: Sequence[Suggestion], most: int = ALL_AT_ONCE) -> list[Suggestion]:
    """What one look at everybody can settle: the surest of ``found``, as many as are right to
    `RIGHT` on the whole; where those are of one person at most, all: less sure, but one act. Faces
    that may be a look-alike's are left to a look of their own; nothing where it is not about
    several people."""
    every = [
        (probability, n, i)
        for n, one in enumerate(found)
        for i, probability in enumerate(one.probability)
        if not (one.is_close and one.is_close[i])
    ]
    every = sorted(every, key=lambda one: -one[0])[:most]
    mean = np.cumsum([probability for probability, *_ in every]) / np.arange(1, len(every) + 1)
    for count in (int((mean >= RIGHT).sum()), len(every)):
        chosen: dict[int, list[int]] = {}
        for _, n, i in every[:count]:
            chosen.setdefault(n, []).append(i)
        if len(chosen) > 1:
            return [found[n].only(chosen[n]) for n in sorted(chosen)]
    return []


def _open_rows(album: SortedAlbum) -> Rows:
    """Faces good enough to be named, of which a person has not said whose they are."""
    table = album.table
    n = len(table)
    unsure = table.folder[:n] == table.folder_index(UNSURE)
    nothing = table.folder[:n] == table.folder_index(NOT_A_FACE)
    is_open = ~table.confirmed[:n] | unsure
    return np.flatnonzero(table.alive[:n] & table.can_name[:n] & is_open & ~nothing)


def _dismissed(album: SortedAlbum, rows: Rows, names: Sequence[str]) -> Rows:
    """(k, 2) places in ``rows`` (ascending) and ``names`` that a person has said
    do not belong together."""
    column = {name: i for i, name in enumerate(names)}
    found = []
    for photo, number, folder in dismissed(album):
        of_photo = album.table.rows_of_photo.get(photo, [])
        if number < len(of_photo) and folder in column:
            place = int(np.searchsorted(rows, of_photo[number]))
            if place < len(rows) and rows[place] == of_photo[number]:
                found.append((place, column[folder]))
    return np.array(found, np.int64).reshape(-1, 2)


def _by_class(album: SortedAlbum, most: int) -> list[Suggestion]:
    table = album.table
    rows = _open_rows_by_class(album)
    if not len(rows):
        return []
    names = list(CLASS_NAMES)
    probability = class_probability(album, rows)
    numbers = np.array([table.folder_index(name) for name in names])
    probability[table.folder[rows][:, None] == numbers] = 0.0
    never = _dismissed(album, rows, names)
    probability[never[:, 0], never[:, 1]] = 0.0
    best = probability.argmax(axis=1)
    value = probability[np.arange(len(rows)), best]
    is_unsure = table.folder[rows] == table.folder_index(UNSURE)
    wanted = np.where(is_unsure, value > 0, value >= RATHER)
    return _grouped(table, names, rows[wanted], best[wanted], value[wanted], most)


def _others(name: str, pairs: Iterable[tuple[str, str, float]]) -> tuple[str, ...]:
    return tuple(b if a == name else a for a, b, _ in pairs if name in (a, b))


def _grouped(
    table: FaceTable,
    names: Sequence[str],
    rows: NDArray[np.int64],
    best: NDArray[np.int64],
    value: NDArray[np.floating[Any]],
    most: int,
) -> list[Suggestion]:
    """A suggestion for each name that is the ``best`` of some of ``rows``, its surest faces first;
    the name of most faces comes first."""
    found = []
    for number, name in enumerate(names):
        mine = np.flatnonzero(best == number)
        mine = mine[np.argsort(-value[mine], kind="stable")][:most]
        if len(mine):
            ids = tuple(table.ids[row] for row in rows[mine])
            found.append(Suggestion(name, ids, tuple(value[mine].round(4).tolist())))
    return sorted(found, key=lambda one: -sum(one.probability))


def _open_rows_by_class(album: SortedAlbum) -> Rows:
    table, n = album.table, len(album.table)
    unsure = table.folder[:n] == table.folder_index(UNSURE)
    nothing = table.folder[:n] == table.folder_index(NOT_A_FACE)
    was_dismissed = np.zeros(n, bool)
    for photo, number, _ in dismissed(album):
        was_dismissed[table.rows_of_photo.get(photo, [])[number : number + 1]] = True
    is_open = ~table.confirmed[:n] | (unsure & was_dismissed)
    return np.flatnonzero(table.alive[:n] & is_open & ~nothing)


def class_probability(album: SortedAlbum, rows: Rows) -> NDArray[np.float64]:
    """(n, classes) what each face wears: what the model says, and what a person said of others of
    which the model said the same, as surely (a Dirichlet prior and counts)."""
    table, n, classes = album.table, len(album.table), len(CLASS_NAMES)
    sure = table.confidence[:n] >= album.sure
    counts = np.zeros((2, classes, classes))
    spoken = np.flatnonzero(table.alive[:n] & table.confirmed[:n])
    for number, name in enumerate(CLASS_NAMES):
        mine = spoken[table.folder[spoken] == table.folder_index(name)]
        np.add.at(counts, (sure[mine].astype(int), table.state[mine], number), 1)
    own = table.confidence[rows][:, None].astype(np.float64)
    said = np.eye(classes)[table.state[rows]]
    model = said * own + (1 - said) * (1 - own) / (classes - 1)
    seen = counts[sure[rows].astype(int), table.state[rows]]
    return np.asarray((PRIOR * model + seen) / (PRIOR + seen.sum(axis=1, keepdims=True)))


def look_alikes(album: SortedAlbum, scores: FaceScores) -> list[tuple[str, str]]:
    """Pairs of people who look like one person, the most alike first; a person with a name comes
    before a numbered one."""
    if not album.is_by_person:
        return []
    apart = kept_apart(album)
    pairs = [(a, b) for a, b, _ in scores.alike() if frozenset((a, b)) not in apart]
    return [(b, a) if is_numbered(a) and not is_numbered(b) else (a, b) for a, b in pairs]


def progress(album: SortedAlbum, scores: FaceScores) -> Progress:
    """How far the work is."""
    with album.mutex:
        table = album.table
        n = len(table)
        others = [table.folder_index(name) for name in (*UNNAMED, NOT_A_FACE)]
        named = table.alive[:n] & ~np.isin(table.folder[:n], others)
        unknown = table.alive[:n] & (table.folder[:n] == table.folder_index(STRANGERS))
        main = table.alive[:n] & table.is_main[:n]
        confirmed = main & table.confirmed[:n]
        sure = main & ~table.confirmed[:n] & (named | unknown) & (table.certainty[:n] >= SURE)
        doubt = np.where(table.confirmed[:n], 0.0, 1.0 - table.certainty[:n])
        wrong = float(doubt[named].sum()) - (1 - PURE) * int(named.sum())
        unsure = table.folder[:n] == table.folder_index(UNSURE)
        nameable = main & unsure & ~table.confirmed[:n]
        left = max(wrong, 0.0) + float(table.certainty[:n][nameable].sum())
    every, by_hand, by_model = (int(column.sum()) for column in (main, confirmed, sure))
    without = scores.without_masked() if album.is_by_person else ()
    still_open = every - by_hand - by_model
    return Progress(every, by_hand, by_model, still_open, math.ceil(left), without)
