"""Does learning from what a person just did cost faces the right name that they had? Vectors alone.

As `regression_check` has it for learnings in a terminal, but for one act: only the examples of one
person change, so only that column of scores does. A few faces of each person whose name is known
are held out one by one, and named by the other examples, without the new ones and with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.regression_check import Refused, losses
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.examples import Examples, joined
from facesort.album.person.gallery import NO_EXAMPLE, nearest_examples
from facesort.album.user_labels import UserLabel
from facesort.models.people.similarity_norm import SimilarityNorm

SAME = 0.99  # the cosine of a face with itself, as stored, or with its twin of a burst
NOBODY = Examples(np.empty((0, 0), np.float32), *np.empty((2, 0), np.int64))
HELD = 24  # faces of each person that are held out

Rows = NDArray[np.int64]


def harm(
    held: dict[str, Examples],
    known: dict[str, Examples],
    person: str,
    fresh: Examples,
    like: SimilarityNorm,
) -> Refused | None:
    """What the ``fresh`` examples of ``person``, beside the ``known`` ones of all,
    would cost the ``held`` faces; None where that may be chance."""
    if not held or not known:
        return None
    names = list(dict.fromkeys([*known, *held, person]))
    some = {name: faces.take(_spread(len(faces), HELD)) for name, faces in held.items()}
    faces = one_after_another([some.get(name) for name in names])
    before = _scores(faces, one_after_another([known.get(name) for name in names]), names, like)
    mine = known.get(person)
    more = one_after_another([fresh if mine is None else joined(mine, fresh)])
    after, changed = before.copy(), names.index(person)
    after[:, changed] = _scores(faces, more, [person], like)[:, 0]
    return losses(_is_right(before, faces.person), _is_right(after, faces.person))


def _spread(count: int, most: int) -> Rows:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def one_after_another(parts: Sequence[Examples | None]) -> Examples:
    """Examples of several people in one, numbered in this order; None: this one has none."""
    there = [(number, part) for number, part in enumerate(parts) if part is not None and len(part)]
    if not there:
        return NOBODY
    return Examples(
        np.concatenate([part.vectors for _, part in there]),
        np.repeat([number for number, _ in there], [len(part) for _, part in there]),
        np.concatenate([part.state for _, part in there]),
        np.concatenate([part.weight for _, part in there]),
    )


def _scores(
    faces: Examples, known: Examples, names: Sequence[str], like: SimilarityNorm
) -> NDArray[np.float64]:
    """(n, names) how much each looks like each person; a face is no example of itself."""
    cosine = faces.vectors @ known.vectors.T
    scores = like.of(cosine, faces.state, known.state)
    scores[cosine > SAME] = -np.inf
    return nearest_examples(scores, known, len(names), soft=False)


def _is_right(scores: NDArray[np.float64], own: Rows) -> NDArray[np.bool_]:
    """(n,) does each look more like its own person than like any other?"""
    mine = np.eye(scores.shape[1], dtype=bool)[own]
    return np.asarray(scores[mine] > np.where(mine, NO_EXAMPLE, scores).max(axis=1))


def mute(album: SortedAlbum, rows: Rows) -> None:
    """The decisions on these faces count for the faces alone from now on, also for the sorter and
    `apply_corrections`; taken back with the act that they are of."""
    with album.mutex, album.at_work() as workspace:
        table, state = album.table, album.state
        where = [table.where[row] for row in rows.tolist() if table.alive[row]]
        muted: list[UserLabel] = []
        for photo in dict.fromkeys(photo for photo, _ in where):
            labels = album.labels_of([photo]).on_faces(state.entries[photo].scan)
            mine = [labels[number] for of, number in where if of == photo]
            muted += [replace(one, teaches=False, exact=True) for one in mine if one]
        workspace.journal.muted(muted)
        album.remember(muted)
        table.muted[rows] = True
