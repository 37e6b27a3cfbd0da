"""What callers of the corrections API hand in and get back: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

BoxPx = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Correction:
    """Face number ``face`` of ``photo`` (its path in the album) belongs into ``folder``: a class or
    a person's name, ``_unsure``, ``_strangers`` or ``_not_a_face``."""

    photo: str
    face: int
    folder: str


@dataclass(frozen=True, slots=True)
class FaceView:
    """One face as it is filed now.

    ``id`` stays the same as long as photo and box do; ``certainty`` 0 to 1 that it belongs into
    ``folder``; ``likeliest`` the person or class that the model would say; ``confirmed``: a person
    has decided; ``is_main``: it has at least half the weight of the heaviest face of its photo.
    """

    id: str
    photo: str
    face: int
    folder: str
    certainty: float
    likeliest: str
    confirmed: bool
    is_main: bool
    frame: int | None
    xyxy_px: BoxPx


@dataclass(frozen=True, slots=True)
class Move:
    """A face that an act took from the folder ``before`` to ``after``; "" where it was not."""

    id: str
    before: str
    after: str


@dataclass(frozen=True)
class ActResult:
    """What an act did: ``moved`` faces, and ``problems`` by photo: why one could not follow.
    ``doubts``: who the faces surely look like that were put to somebody else, and how many."""

    kind: str
    moved: tuple[Move, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    doubts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ActSummary:
    """An act of the past: what it was, when, and how many faces it took into each folder."""

    kind: str
    when: str
    folders: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Suggestion:
    """These faces look like ``folder`` now, the surest first; none of them was decided by a
    person, and none was dismissed for that folder. ``look_alikes``: people who look like that one,
    as siblings may; ``is_close``: which of the faces may be one of theirs."""

    folder: str
    ids: tuple[str, ...]
    probability: tuple[float, ...]
    look_alikes: tuple[str, ...] = ()
    is_close: tuple[bool, ...] = ()

    def only(self, places: Sequence[int]) -> Suggestion:
        """Of the faces those at ``places``."""
        return replace(
            self,
            ids=tuple(self.ids[i] for i in places),
            probability=tuple(self.probability[i] for i in places),
            is_close=tuple(self.is_close[i] for i in places if self.is_close),
        )


@dataclass(frozen=True)
class Progress:
    """How far the work is, in main faces: ``confirmed`` by a person, ``sure`` by the model,
    ``open`` neither. ``moves_left``: expected moves until 99 % of the faces in named folders are
    right and no main face that the model can name is left over. ``without_masked``: people of
    whom no masked face is known."""

    main: int
    confirmed: int
    sure: int
    open: int
    moves_left: int
    without_masked: tuple[str, ...] = ()
