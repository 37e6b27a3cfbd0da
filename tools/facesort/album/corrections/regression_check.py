"""May what a person just said be learned from? Not where it costs names that were right. Pure.

One crop dragged to the wrong person is a slip; thirty of them, learned, draw other faces along. So
before new words enter the gallery, faces that were named by hand earlier, and the examples, are
held out in turn and named by the rest: once by what was known, once with the new words as well.
Where significantly more of them lose their right name than win it (McNemar's exact test), the new
words count for their own faces, and teach nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from facesort.album.person.assignment import UNKNOWN
from facesort.album.person.classify import as_example, vectors_of, worn_by
from facesort.album.person.examples import Examples
from facesort.album.person.gallery import build
from facesort.album.records import STRANGERS, Example, Learned, Scan
from facesort.album.user_labels import UserLabel, UserLabels
from facesort.models.people import similarity_norm

FOLDS = 5
# the chance of so many losses, if the new words did neither good nor harm: four names lost and none
# won is too much. Nine people, 5 or 10 examples each: of 100 learnings of right words none was
# refused, of those with six or ten slips from one person to another 7 to 9 in 10
CHANCE = 0.07

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Refused:
    """Of ``held`` faces with a known name, ``lost`` would lose it and ``won`` get it back."""

    lost: int
    won: int
    held: int


def check(
    learned: Learned,
    names: Sequence[str],
    before: UserLabels,
    new: Mapping[str, Sequence[UserLabel]],
    scans: Iterable[Scan],
) -> dict[str, Refused]:
    """Of ``new``, words by the person they name, those that must not be learned from, and why.

    ``before`` is what was said earlier and still stands, ``scans`` the album. An example that is a
    face of the album itself was found, not given: it helps to name others, and is no proof. All of
    ``new`` is tried at once; only if that does harm, one person after the other.
    """
    album = {scan.content: scan for scan in scans}.values()
    given_before = _examples(before, learned, album)
    words = {name: _examples(UserLabels(said), learned, album) for name, said in new.items()}
    every = [one for known in words.values() for one in known]
    faces = {face.identity.vector for scan in album for face in scan.faces if face.identity}
    held = [*(one for one in learned.examples if one.vector not in faces), *given_before]
    held = [one for one in held if one.person in {*names, STRANGERS}]
    if not every or not held:
        return {}
    found = _without([one for one in learned.examples if one.vector in faces], given_before)
    judge = _Judge(names, learned, held)
    right = judge.named_right(found)
    if losses(right, judge.named_right([*_without(found, every), *every])) is None:
        return {}
    refused: dict[str, Refused] = {}
    for name in sorted(words, key=lambda name: (len(words[name]), name)):
        with_name = [*_without(found, words[name]), *words[name]]
        right_with = judge.named_right(with_name)
        harm = losses(right, right_with)
        if harm is None:
            found, right = with_name, right_with
        else:
            refused[name] = harm
    return refused


def _without(found: Iterable[Example], spoken: Iterable[Example]) -> list[Example]:
    """Those of which nothing was said."""
    vectors = {one.vector for one in spoken}
    return [one for one in found if one.vector not in vectors]


def losses(before: Bools, after: Bools) -> Refused | None:
    """What is lost and won of names that were right ``before`` and are ``after`` (n,); None where
    it may be chance."""
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    is_worse = lost > won and chance_of(lost, won) < CHANCE
    return Refused(lost, won, len(before)) if is_worse else None


class _Judge:
    """Names the faces of ``held``, each fold by all others and by what else is given."""

    def __init__(self, names: Sequence[str], learned: Learned, held: Sequence[Example]) -> None:
        self._held = held
        self._index = {name: number for number, name in enumerate(names)}
        self._likeness = similarity_norm.from_json(learned.likeness)

    def named_right(self, more: Sequence[Example]) -> Bools:
        """(n,) Is each of ``held`` named rightly, with ``more`` examples?"""
        right = np.zeros(len(self._held), dtype=bool)
        fold = np.arange(len(self._held)) % min(FOLDS, len(self._held))
        for number in np.unique(fold):
            out = fold == number
            rest = [one for one, is_out in zip(self._held, out, strict=True) if not is_out]
            held = [one for one, is_out in zip(self._held, out, strict=True) if is_out]
            right[out] = self._are_right(held, [*rest, *more])
        return right

    def _are_right(self, held: Sequence[Example], known: Sequence[Example]) -> Bools:
        """Is the right person likelier than all others, and than a stranger?"""
        known = [one for one in known if one.person in self._index]
        if not known:
            return np.zeros(len(held), dtype=bool)
        gallery = build(
            Examples(vectors_of(known), self._persons(known), worn_by(known)),
            len(self._index),
            self._likeness,
        )
        probability = gallery.probability(vectors_of(held), worn_by(held))
        unknown = 1 - probability.sum(axis=1)
        likeliest = np.where(unknown > probability.max(axis=1), UNKNOWN, probability.argmax(axis=1))
        return np.asarray(likeliest == self._persons(held))

    def _persons(self, known: Sequence[Example]) -> NDArray[np.int64]:
        return np.array([self._index.get(one.person, UNKNOWN) for one in known], dtype=np.int64)


def chance_of(lost: int, won: int) -> float:
    """The chance of at least ``lost`` losses among ``lost + won`` changes that are as often good
    as bad (McNemar 1947, exact, one-sided)."""
    total = lost + won
    return float(sum(comb(total, k) for k in range(lost, total + 1)) / 2**total)


def _examples(labels: UserLabels, learned: Learned, scans: Iterable[Scan]) -> list[Example]:
    """What ``labels`` teach: of the faces they are about, those that are good enough."""
    contents = {label.content for label in labels.every}
    found = [
        as_example(face, label)
        for scan in scans
        if scan.content in contents
        for face, label in zip(scan.faces, labels.on_faces(scan), strict=True)
        if label and label.teaches and face.identity and face.identity.by == learned.by
    ]
    return [one for one in found if one is not None]


def by_person(labels: Iterable[UserLabel], names: Sequence[str]) -> dict[str, list[UserLabel]]:
    """``labels`` by the person they name; those that name no person teach nothing."""
    groups: dict[str, list[UserLabel]] = defaultdict(list)
    for label in labels:
        if label.folder in names:
            groups[label.folder].append(label)
    return groups
