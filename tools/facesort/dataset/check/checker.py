"""Checks a whole data set, and the splits against each other; nothing is printed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

from facesort.dataset.check import label_errors as doubting
from facesort.dataset.check import lint
from facesort.dataset.check.groups import (
    BURST,
    Group,
    Link,
    SamePerson,
    find_groups,
    find_links,
    leak_free,
)
from facesort.dataset.check.issues import CHECKS, ERROR, Issue, find
from facesort.dataset.check.sample import Detect, ImageStats, Sample, measure_image, read_samples
from facesort.dataset.check.statistics import SplitCounts, count_splits, has_two_bits
from facesort.dataset.splits import MAX_BITS, SPLITS, group_by_hash
from facesort.dataset.yolo_dataset import Layout
from facesort.parallel import ordered_map
from facesort.reporter import Step, no_step

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
    is_burst: bool = False


def find_pairs(faces: Sequence[tuple[Sample, ImageStats]]) -> list[Pair]:
    """Pairs across splits, exact ones and then the most alike first, and exact ones within."""
    return [*_exact(faces), *sorted(_near(faces), key=lambda pair: pair.bits or 0)]


def burst_pairs(faces: Sequence[tuple[Sample, ImageStats]], links: Sequence[Link]) -> list[Pair]:
    """Bursts across splits, of links that were found with the help of faces."""
    pairs = []
    for link in links:
        a, b = sorted((faces[link.i][0], faces[link.j][0]), key=_rank)
        if link.kind == BURST and a.split != b.split:
            pairs.append(Pair(a, b, link.bits, is_burst=True))
    return sorted(pairs, key=lambda pair: pair.bits or 0)


def check_pairs(pairs: Sequence[Pair]) -> list[Issue]:
    """One finding per pair, reported at the image that gives way."""
    return [_finding(pair) for pair in pairs]


def _finding(pair: Pair) -> Issue:
    a, b = pair.a, pair.b
    if pair.is_burst:
        check, what = "burst-leak", "same person, similar picture:"
    elif pair.bits is not None:
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


@dataclass(frozen=True)
class Checked:
    """Everything a check found out; reports and repairs are made from it."""

    layout: Layout
    samples: list[Sample]
    looks: list[ImageStats | str]
    issues: list[Issue]
    pairs: list[Pair]
    label_errors: dict[str, list[doubting.SuspectLabel]]
    counts: list[SplitCounts]
    groups: list[Group]

    @cached_property
    def moves(self) -> dict[tuple[str, str], str]:
        """{(split, image name): its split instead}: the proposal of a leak-free split."""
        return leak_free(self.samples, self.groups)

    @cached_property
    def faces(self) -> list[tuple[Sample, ImageStats]]:
        """The readable images."""
        return readable(self.samples, self.looks)

    @property
    def by_check(self) -> dict[str, list[Issue]]:
        """Findings under their check, in the order of `CHECKS`; only what was found."""
        grouped = {name: [f for f in self.issues if f.check == name] for name in CHECKS}
        return {name: found for name, found in grouped.items() if found}

    @property
    def level_counts(self) -> Counter[str]:
        return Counter(issue.level for issue in self.issues)

    @property
    def has_errors(self) -> bool:
        return self.level_counts[ERROR] > 0


def readable(
    samples: Sequence[Sample], looks: Sequence[ImageStats | str]
) -> list[tuple[Sample, ImageStats]]:
    pairs = zip(samples, looks, strict=True)
    return [(sample, seen) for sample, seen in pairs if isinstance(seen, ImageStats)]


def check(
    layout: Layout,
    detect: Detect | None = None,
    judged: set[int] | None = None,
    workers: int = 2,
    step: Step = no_step,
    same_person: SamePerson | None = None,
) -> Checked:
    """Run every check. ``detect`` is a model whose word is held against the labels of the classes
    ``judged``; ``same_person`` finds bursts among similar images; ``step`` wraps the long loop,
    for a progress bar."""
    samples = read_samples(layout)
    work = ordered_map(partial(measure_image, detect=detect), samples, workers)
    looks = list(step(work, len(samples), "image"))
    faces = readable(samples, looks)
    links = find_links(faces, same_person)
    pairs = [*find_pairs(faces), *burst_pairs(faces, links)]
    issues = lint.check_set(layout, samples)
    for sample, seen in zip(samples, looks, strict=True):
        issues += _check_one(layout, sample, seen)
    issues += lint.check_exif(faces)
    issues += check_pairs(pairs)
    usual = doubting.usual_offset(faces)
    label_errors = [
        doubt
        for sample, seen in faces
        for doubt in doubting.suspect_labels(sample, seen, judged or set(), usual)
    ]
    counts = count_splits(samples, layout.splits)
    groups = find_groups(faces, links)
    return Checked(
        layout, samples, looks, issues, pairs, doubting.rank(label_errors), counts, groups
    )


def _check_one(layout: Layout, sample: Sample, seen: ImageStats | str) -> list[Issue]:
    issues = lint.check_labels(sample)
    if has_two_bits(layout.names):
        issues += lint.check_name(sample)
    if isinstance(seen, str):
        return [*issues, lint.check_unreadable(sample, seen)]
    return issues + list(lint.check_faces(sample, seen))
