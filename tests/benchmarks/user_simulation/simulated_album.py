"""Albums made of a bank: what the sorter has seen of each photo, and the truth. Pure.

A photo shows one to three people the album is about (its main faces), often a few times in a row,
and others: strangers, half of them small in the background. Nobody is in a photo twice. No portrait
is both an example and in the album.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.identification import vector_to_text
from facesort.album.person.quality import LEARNING, Quality
from facesort.album.records import Example, Face, Identity, Learned, Scan
from facesort.classes import CLASS_NAMES
from user_simulation.identity_bank import Bank

BARE, MASKED = 0, 1
STATE_SHARE = (0.3, 0.55, 0.1, 0.05)  # 60 % in masks, 10 % in sunglasses alone
NOBODY = -1
BY = "bank"
MOST_TOGETHER = 3


@dataclass(frozen=True)
class Mix:
    """What an album is like. ``strangers`` is their share of the faces; of every person,
    ``examples`` are given, ``masked`` of them in masks; ``occasions`` is how often a portrait comes
    back on another day in another state; ``two_states`` makes two examples of a portrait, a bare
    and a masked one, where a person has not portraits enough; at least ``spare`` of a person are
    left for the album; ``alike`` chooses people who look like one another, as brothers do."""

    people: int = 9
    examples: int = 10
    masked: float = 0.5
    strangers: float = 0.3
    longest_burst: int = 3
    occasions: int = 1
    two_states: bool = False
    spare: int = 2
    alike: bool = False

    @property
    def portraits_needed(self) -> int:
        return self.examples // 2 if self.two_states else self.examples


@dataclass(frozen=True)
class Put:
    """A face that is put into a photo: ``row`` of the bank; ``child`` may be `NOBODY`."""

    row: int
    child: int
    main: bool


@dataclass(frozen=True)
class AlbumPlan:
    """What is in each photo of an album, and of which rows of the bank each child has examples."""

    names: tuple[str, ...]
    examples: tuple[tuple[int, ...], ...]
    photos: tuple[tuple[Put, ...], ...]


@dataclass(frozen=True, eq=False)
class Album:
    """``scans`` in the order of the photos' names; of each face, in that order, ``child`` (n,)
    (an index into ``names`` or `NOBODY`), ``main`` (n,) and ``state`` (n,) are the truth."""

    scans: tuple[Scan, ...]
    learned: Learned
    names: tuple[str, ...]
    child: NDArray[np.int64]
    main: NDArray[np.bool_]
    state: NDArray[np.int64]
    missed: int  # main faces that the detector did not find

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Scan and number of each face."""
        return [(i, n) for i, scan in enumerate(self.scans) for n in range(len(scan.faces))]


class AlbumMaker:
    """Makes albums of the persons of ``bank`` that ``mine`` (persons,) says."""

    def __init__(self, bank: Bank, mine: NDArray[np.bool_], likeness: str) -> None:
        self.bank, self.likeness = bank, likeness
        self._texts = [
            vector_to_text(v) if f else "" for v, f in zip(bank.vector, bank.found, strict=True)
        ]
        self._mine = mine
        self._single = np.char.startswith(bank.names, "~")
        self._rows: dict[tuple[int, int, bool], list[int]] = {}
        keys = zip(bank.portrait, bank.state, bank.far, strict=True)
        for row, (portrait, state, far) in enumerate(keys):
            self._rows.setdefault((int(portrait), int(state), bool(far)), []).append(row)
        self._portraits: dict[int, list[int]] = {}
        pairs = zip(bank.person.tolist(), bank.portrait.tolist(), strict=True)
        for person, portrait in sorted(set(pairs)):
            self._portraits.setdefault(person, []).append(portrait)

    def eligible(self, mix: Mix) -> list[int]:
        """Persons with portraits enough for examples and an album."""
        need = mix.portraits_needed + mix.spare
        return [
            person
            for person, portraits in self._portraits.items()
            if self._mine[person] and not self._single[person] and len(portraits) >= need
        ]

    def plan(self, mix: Mix, seed: int) -> AlbumPlan:
        """One album; raises `ValueError` where there are too few people."""
        rng = np.random.default_rng(seed)
        eligible = self.eligible(mix)
        if len(eligible) < mix.people:
            raise ValueError(f"{len(eligible)} people have portraits enough; {mix.people} wanted")
        children = self._children(eligible, mix, rng)
        names = tuple(f"child {i:02d}" for i in range(mix.people))
        examples: list[tuple[int, ...]] = []
        outings: list[tuple[int, int, int]] = []  # child, portrait, state
        for child, person in enumerate(children):
            order = rng.permutation(self._portraits[person]).tolist()
            examples.append(tuple(self._examples(order[: mix.portraits_needed], mix)))
            for portrait in order[mix.portraits_needed :]:
                states = rng.choice(4, mix.occasions, replace=False, p=STATE_SHARE)
                outings += [(child, portrait, int(state)) for state in states]
        others = [p for p in self._portraits if self._mine[p] and p not in children]
        return AlbumPlan(names, tuple(examples), tuple(self._photos(outings, others, mix, rng)))

    def _children(self, eligible: list[int], mix: Mix, rng: np.random.Generator) -> list[int]:
        if not mix.alike:
            return [int(one) for one in rng.choice(eligible, mix.people, replace=False)]
        bare = self.bank.found & ~self.bank.far & (self.bank.state == BARE)
        rows = [bare & (self.bank.person == person) for person in eligible]
        mean = np.stack([self.bank.vector[one].mean(axis=0) for one in rows])
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        chosen = [int(rng.integers(len(eligible)))]
        while len(chosen) < mix.people:
            nearness = (mean @ mean[chosen].T).mean(axis=1)
            nearness[chosen] = -np.inf
            chosen.append(int(nearness.argmax()))
        return [eligible[i] for i in chosen]

    def make(self, mix: Mix, seed: int) -> Album:
        """One album as the sorter sees it."""
        plan = self.plan(mix, seed)
        examples = tuple(
            Example(name, CLASS_NAMES[self.bank.seen[row]], self._texts[row])
            for name, rows in zip(plan.names, plan.examples, strict=True)
            for row in rows
        )
        return self._album(plan, Learned(BY, self.likeness, 0.98, False, examples))

    def _examples(self, portraits: Sequence[int], mix: Mix) -> Iterable[int]:
        masked = round(len(portraits) * mix.masked)
        for i, portrait in enumerate(portraits):
            for state in (BARE, MASKED) if mix.two_states else (MASKED if i < masked else BARE,):
                yield from [r for r in self._rows[portrait, state, False] if self._can_teach(r)][:1]

    def _can_teach(self, row: int) -> bool:
        return bool(self.bank.found[row]) and not Quality(*self.bank.quality[row]).reject_reason(
            LEARNING
        )

    def _photos(
        self,
        outings: Sequence[tuple[int, int, int]],
        others: Sequence[int],
        mix: Mix,
        rng: np.random.Generator,
    ) -> Iterable[tuple[Put, ...]]:
        waiting = [outings[i] for i in rng.permutation(len(outings))]
        per_main = mix.strangers / (1 - mix.strangers)
        while waiting:
            together: list[tuple[int, int, int]] = []
            for _ in range(int(rng.integers(1, MOST_TOGETHER + 1))):
                here = {child for child, _, _ in together}
                free = [one for one in waiting if one[0] not in here]
                if free:
                    together.append(free[0])
                    waiting.remove(free[0])
            strangers = rng.choice(others, rng.poisson(per_main * len(together)), replace=False)
            around = [self._around(int(person), rng) for person in strangers]
            for shot in range(int(rng.integers(1, mix.longest_burst + 1))):
                yield (
                    *(
                        Put(self._shot((p, s, False), shot), child, True)
                        for child, p, s in together
                    ),
                    *(Put(self._shot(key, shot), NOBODY, False) for key in around),
                )

    def _around(self, person: int, rng: np.random.Generator) -> tuple[int, int, bool]:
        portrait = int(rng.choice(self._portraits[person]))
        if rng.random() < 0.5:
            return portrait, int(rng.integers(2)), True
        return portrait, int(rng.choice(4, p=STATE_SHARE)), False

    def _shot(self, key: tuple[int, int, bool], number: int) -> int:
        rows = self._rows[key]
        return rows[number % len(rows)]

    def _album(self, plan: AlbumPlan, learned: Learned) -> Album:
        scans: list[Scan] = []
        truth: list[Put] = []
        missed = 0
        for i, puts in enumerate(plan.photos):
            there = [put for put in puts if self.bank.found[put.row]]
            missed += sum(put.main for put in puts) - sum(put.main for put in there)
            photo = f"IMG_{i:05d}.jpg"
            faces = tuple(self._face(put.row, n) for n, put in enumerate(there))
            scans.append(Scan(photo, 1, i, content=photo, faces=faces))
            truth += there
        return Album(
            tuple(scans),
            learned,
            plan.names,
            np.array([put.child for put in truth], dtype=np.int64),
            np.array([put.main for put in truth], dtype=np.bool_),
            self.bank.state[[put.row for put in truth]],
            missed,
        )

    def _face(self, row: int, number: int) -> Face:
        side, sharp, turned = (float(value) for value in self.bank.quality[row])
        left = 400.0 * number
        return Face(
            (left, 0.0, left + side, side),
            CLASS_NAMES[self.bank.seen[row]],
            0.9,
            Identity(BY, self._texts[row], side, sharp, turned),
        )
