"""Photos that two splits share: byte for byte, or near-duplicates by perceptual hash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from facesort.dataset.check.issues import Issue, find
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.dataset.duplicates import MAX_BITS, group_by_hash
from facesort.dataset.split import SPLITS

# A group larger than this is a chain of look-alikes (blank or black images): its pairs are not
# listed one by one beyond it.
MAX_GROUP = 200


@dataclass(frozen=True)
class Pair:
    """Two images that are one; ``bits`` of their hashes differ, None: the same file.

    ``a`` lies in the split that gives way: train before val before test.
    """

    a: Sample
    b: Sample
    bits: int | None


def find_pairs(faces: Sequence[tuple[Sample, ImageStats]]) -> list[Pair]:
    """Pairs across splits, exact ones and then the most alike first, and exact ones within."""
    return [*_exact(faces), *sorted(_near(faces), key=lambda pair: pair.bits or 0)]


def check_pairs(pairs: Sequence[Pair]) -> list[Issue]:
    """One finding a pair, told at the image that gives way."""
    return [_finding(pair) for pair in pairs]


def _finding(pair: Pair) -> Issue:
    a, b = pair.a, pair.b
    if pair.bits is not None:
        check, what = "near-leak", f"{pair.bits} of 64 bits from"
    else:
        check, what = ("leak" if a.split != b.split else "twin"), "same file as"
    return find(check, a.split, a.path, f"{a.name} ({a.split}): {what} {b.name} ({b.split})")


def _exact(faces: Sequence[tuple[Sample, ImageStats]]) -> Iterator[Pair]:
    """Each copy against the one that stays: the first in the split that matters most."""
    by_content: dict[str, list[Sample]] = defaultdict(list)
    for sample, look in faces:
        by_content[look.content].append(sample)
    for samples in by_content.values():
        *copies, kept = sorted(samples, key=_rank)
        yield from (Pair(copy, kept, None) for copy in copies)


def _near(faces: Sequence[tuple[Sample, ImageStats]]) -> Iterator[Pair]:
    groups: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(group_by_hash([look.phash for _, look in faces]).tolist()):
        groups[group].append(i)
    for members in groups.values():
        if len({faces[i][0].split for i in members}) < 2:
            continue
        for i, j in combinations(members[:MAX_GROUP], 2):
            (a, look_a), (b, look_b) = sorted((faces[i], faces[j]), key=lambda f: _rank(f[0]))
            bits = (look_a.phash ^ look_b.phash).bit_count()
            is_same_file = look_a.content == look_b.content
            if a.split != b.split and bits <= MAX_BITS and not is_same_file:
                yield Pair(a, b, bits)


def _rank(sample: Sample) -> int:
    """Train gives way to val, and val to test."""
    return SPLITS.index(sample.split)
