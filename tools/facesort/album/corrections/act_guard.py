"""Does learning from what a person just did cost faces the right name that they had? Vectors alone.

As `regression_check` has it for learnings in a terminal, but for one act: only the examples of one
person change, so only that column of scores does. A few faces of each person whose name is known
are held out one by one, and named by the other examples, without the new ones and with them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.regression_check import CHANCE, Refused, chance_of
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.examples import Examples, joined
from facesort.album.person.gallery import NO_EXAMPLE, nearest_examples
from facesort.album.user_labels import UserLabel
from facesort.models.people.similarity_norm import SimilarityNorm

SAME = 0.99  # the cosine of a face with itself, as stored, or with its twin of a burst
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
    right_before, right_after = [], []
    for name, faces in held.items():
        faces = faces.take(_spread(len(faces), HELD))
        others = [
            _score(faces, mine, like) for one, mine in known.items() if one not in (name, person)
        ]
        rival = np.max([np.full(len(faces), NO_EXAMPLE), *others], axis=0)
        own = _score(faces, known[name], like) if name in known else np.full(len(faces), NO_EXAMPLE)
        mine = known.get(person)
        after = _score(faces, fresh if mine is None else joined(mine, fresh), like)
        if name == person:
            right_before.append(own > rival)
            right_after.append(after > rival)
        else:
            before = _score(faces, mine, like) if mine is not None else rival
            right_before.append(own > np.maximum(rival, before))
            right_after.append(own > np.maximum(rival, after))
    if not right_before:
        return None
    was, now = np.concatenate(right_before), np.concatenate(right_after)
    lost, won = int((was & ~now).sum()), int((now & ~was).sum())
    is_worse = lost > won and chance_of(lost, won) < CHANCE
    return Refused(lost, won, len(was)) if is_worse else None


def _spread(count: int, most: int) -> Rows:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _score(faces: Examples, mine: Examples, like: SimilarityNorm) -> NDArray[np.float64]:
    """(n,) how much each looks like the one person of ``mine``; a face is no example of itself."""
    if not len(mine):
        return np.full(len(faces), NO_EXAMPLE)
    cosine = faces.vectors.astype(np.float64) @ mine.vectors.T
    pairs = np.ix_(faces.state, mine.state)
    scores = (cosine - like.mean[pairs]) / like.spread[pairs]
    scores[cosine > SAME] = -np.inf
    one = replace(mine, person=np.zeros(len(mine), np.int64))
    return nearest_examples(scores, one, 1, soft=False)[:, 0]


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
