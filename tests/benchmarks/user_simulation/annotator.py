"""The person's hand: looks at faces in the order in which they are suggested, and moves wrong ones.

She goes through the children's folders first, then _unsure, then _strangers, in each the least
certain crop first, as the files are named. A crop in a wrong child's folder she moves, and a main
face that lies in nobody's; strangers and faces in the background she leaves in _unsure.
After some moves (with learn_corrections.py --watch, after each) the tools learn, and she goes on
with what they make of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facesort.album.records import STRANGERS, UNSURE, Prediction
from facesort.album.user_labels import UserLabel, UserLabels
from user_simulation.simulated_album import NOBODY, Album

PURE, COMPLETE = GOAL = 0.99, 0.9
MOVES_A_ROUND = 10  # before the tools learn
NOBODYS = (UNSURE, STRANGERS)

Words = Sequence[Prediction]  # on each face of the album
Judge = Callable[[UserLabels], Words]


@dataclass(frozen=True)
class Work:
    """What it took. ``named`` faces lay in children's folders, so ``pure`` and ``complete``, when
    she was handed them; ``moves_to_pure`` how many of the moves took place until the folders were
    pure; ``done`` that she got there at all."""

    main: int
    named: int
    pure: float
    complete: float
    moves: int
    moves_to_pure: int
    looks: int
    done: bool


def correct(
    album: Album, judge: Judge, learns_after: int, goal: tuple[float, float] = GOAL
) -> Work:
    """Let her put the album right, until its folders are as pure and complete as ``goal`` says.
    ``judge`` has a prediction for every face, given what she said; it is asked anew after so
    many moves, never where ``learns_after`` is 0."""
    desk = Desk(album, judge(UserLabels()))
    pure, complete, named = desk.pure, desk.complete, len(desk.named)
    moves_to_pure = 0 if pure >= goal[0] else -1
    labels, moves, looks = UserLabels(), 0, 0
    while not desk.reached(goal):
        moved = 0
        for face in desk.suggested():
            desk.look(face)
            looks += 1
            if desk.is_wrong(face):
                labels.add(desk.move(face))
                moved += 1
                if moves_to_pure < 0 and desk.pure >= goal[0]:
                    moves_to_pure = moves + moved
                if desk.reached(goal) or moved == learns_after:
                    break
        moves += moved
        if not moved:  # she has seen all
            break
        if learns_after and not desk.reached(goal):
            desk.follow(judge(labels))
            if moves_to_pure < 0 and desk.pure >= goal[0]:
                moves_to_pure = moves
    main = int(album.main.sum())
    return Work(main, named, pure, complete, moves, moves_to_pure, looks, desk.reached(goal))


class Desk:
    """The folders as they are now."""

    def __init__(self, album: Album, words: Words) -> None:
        self.album = album
        self.should = [album.names[c] if c != NOBODY else STRANGERS for c in album.child]
        self.folder = [word.folder for word in words]
        self.certainty = [word.certainty for word in words]
        self.seen = np.zeros(len(words), dtype=np.bool_)
        self.told = np.zeros(len(words), dtype=np.bool_)

    @property
    def named(self) -> list[int]:
        """The faces in children's folders."""
        return [i for i, folder in enumerate(self.folder) if folder not in NOBODYS]

    @property
    def pure(self) -> float:
        """Share of the faces in children's folders that belong there; empty folders are pure."""
        named = self.named
        return sum(self.folder[i] == self.should[i] for i in named) / len(named) if named else 1.0

    @property
    def complete(self) -> float:
        """Share of the main faces that lie in their child's folder."""
        main = np.flatnonzero(self.album.main)
        return sum(self.folder[i] == self.should[i] for i in main) / max(len(main), 1)

    def reached(self, goal: tuple[float, float]) -> bool:
        return self.pure >= goal[0] and self.complete >= goal[1]

    def suggested(self) -> list[int]:
        """Faces she has not seen where they lie now, in the order of the files."""
        rank = {UNSURE: 1, STRANGERS: 2}
        faces = [i for i in range(len(self.folder)) if not self.seen[i]]
        return sorted(faces, key=lambda i: (rank.get(self.folder[i], 0), self.certainty[i]))

    def look(self, face: int) -> None:
        self.seen[face] = True

    def is_wrong(self, face: int) -> bool:
        wrong = self.folder[face] != self.should[face]
        return wrong and (bool(self.album.main[face]) or self.folder[face] not in NOBODYS)

    def move(self, face: int) -> UserLabel:
        self.folder[face], self.told[face] = self.should[face], True
        i, number = self.album.places[face]
        scan = self.album.scans[i]
        return UserLabel(scan.content, scan.faces[number].xyxy_px, self.should[face])

    def follow(self, words: Words) -> None:
        """What was learned moves other faces, as `learning.refile` has it: hers stay, and a face
        with a name leaves that folder for somebody else's, never for nobody's."""
        for i, word in enumerate(words):
            named_no_more = word.folder in NOBODYS and self.folder[i] not in NOBODYS
            if self.told[i] or word.folder == self.folder[i] or named_no_more:
                continue
            self.folder[i], self.certainty[i], self.seen[i] = word.folder, word.certainty, False
