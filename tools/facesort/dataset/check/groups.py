"""Near-duplicates as groups, and the splits that no group crosses.

Two images belong together when they are one file, when their perceptual hashes nearly agree, or
when the hashes are similar and a face of one is a face of the other: a burst of the same person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.dataset.check.sample import ImageStats, Sample
from facesort.dataset.splits import MAX_BITS, SPLITS, TRAIN, split_names
from facesort.labels.image_labels import is_synthetic

BURST_BITS = 16  # of 64: similar enough for a burst, if a face says so as well
COPY, NEAR, BURST = "same file", "near-duplicates", "same person, one burst"

Face = tuple[Sample, ImageStats]
# whether a face of the first image is one of the second
SamePerson = Callable[[Face, Face], bool]


@dataclass(frozen=True)
class Group:
    """Images that show one moment; ``kind`` is the loosest tie that holds it together. The first
    is the one to keep: of the split that matters most, then the largest."""

    kind: str
    members: tuple[Sample, ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it lies in, in their usual order."""
        return tuple(s for s in SPLITS if any(m.split == s for m in self.members))


@dataclass(frozen=True)
class Link:
    """Images ``i`` and ``j`` of a list belong together; their hashes differ in ``bits``."""

    i: int
    j: int
    kind: str
    bits: int


def find_groups(faces: Sequence[Face], links: Sequence[Link]) -> list[Group]:
    """The groups of two images and more, those across splits first, then the largest."""
    parent = list(range(len(faces)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for link in links:
        low, high = sorted((root(link.i), root(link.j)))
        parent[high] = low
    kinds: dict[int, set[str]] = defaultdict(set)
    for link in links:
        kinds[root(link.i)].add(link.kind)
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(faces)):
        members[root(i)].append(i)
    groups = []
    for r, of in members.items():
        if len(of) > 1:
            ordered = sorted((faces[i] for i in of), key=_rank)
            groups.append(Group(_loosest(kinds[r]), tuple(sample for sample, _ in ordered)))
    return sorted(groups, key=lambda g: (len(g.splits) < 2, -len(g.members), g.members[0].name))


def find_links(faces: Sequence[Face], same_person: SamePerson | None = None) -> list[Link]:
    """Every pair that belongs together; without ``same_person`` bursts are not looked for."""
    bits = np.array([look.phash for _, look in faces], dtype=np.uint64)
    links: list[Link] = []
    furthest = BURST_BITS if same_person else MAX_BITS
    for i in range(len(faces)):
        distance = np.bitwise_count(bits[i + 1 :] ^ bits[i])
        for k in np.flatnonzero(distance <= furthest).tolist():
            j = i + 1 + k
            is_copy = faces[i][1].content == faces[j][1].content
            if distance[k] <= MAX_BITS:
                links.append(Link(i, j, COPY if is_copy else NEAR, int(distance[k])))
            elif same_person and same_person(faces[i], faces[j]):
                links.append(Link(i, j, BURST, int(distance[k])))
    return links


def _loosest(kinds: set[str]) -> str:
    return next(kind for kind in (BURST, NEAR, COPY) if kind in kinds)


def _rank(face: Face) -> tuple[int, int, str]:
    sample, look = face
    return -SPLITS.index(sample.split), -look.size_wh[0] * look.size_wh[1], sample.name


def leak_free(samples: Sequence[Sample], groups: Sequence[Group]) -> dict[tuple[str, str], str]:
    """{(split, image name): its split instead} so that no group crosses splits.

    Where there are splits, a group goes where most of it lies, at a tie where it matters most; one
    that holds a synthetic image goes to train. A set of one split is split anew, by group and
    rarest class.
    """
    if len({sample.split for sample in samples}) < 2:
        return _anew(samples, groups)
    moves = {}
    for group in groups:
        if len(group.splits) < 2:
            continue
        counts = Counter(member.split for member in group.members)
        to = max(group.splits, key=lambda s: (counts[s], SPLITS.index(s)))
        if any(is_synthetic(member.path) for member in group.members):
            to = TRAIN
        moves.update({(m.split, m.name): to for m in group.members if m.split != to})
    return moves


def _anew(samples: Sequence[Sample], groups: Sequence[Group]) -> dict[tuple[str, str], str]:
    number = {(m.split, m.name): g for g, group in enumerate(groups) for m in group.members}
    own = [number.get((s.split, s.name), len(groups) + i) for i, s in enumerate(samples)]
    fixed = {n for n, s in zip(own, samples, strict=True) if is_synthetic(s.path)}
    names = split_names([s.name for s in samples], own, [set(s.class_id.tolist()) for s in samples])
    wanted = [TRAIN if n in fixed else name for n, name in zip(own, names, strict=True)]
    return {(s.split, s.name): to for s, to in zip(samples, wanted, strict=True) if to != s.split}


def boxes_per_split(
    samples: Sequence[Sample], moves: Mapping[tuple[str, str], str]
) -> dict[str, NDArray[np.int64]]:
    """Boxes of each class in each split, after ``moves``."""
    classes = samples[0].class_count if samples else 0
    counts = {split: np.zeros(classes, dtype=np.int64) for split in SPLITS}
    for sample in samples:
        split = moves.get((sample.split, sample.name), sample.split)
        counts[split] += np.bincount(sample.class_id, minlength=classes)
    return counts
