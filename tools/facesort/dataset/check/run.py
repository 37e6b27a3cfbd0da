"""Check a whole data set: every picture looked at once, every check run, nothing printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from facesort.dataset.check import doubts as doubting
from facesort.dataset.check import lint, lint_names, lint_pictures
from facesort.dataset.check.explore import SplitCounts, count_splits, has_two_bits
from facesort.dataset.check.findings import CHECKS, ERROR, Finding
from facesort.dataset.check.leakage import Pair, check_pairs, find_pairs
from facesort.dataset.check.look import Detect, look
from facesort.dataset.check.sample import Look, Sample, read_samples
from facesort.dataset.layout import Layout
from facesort.parallel import ordered_map
from facesort.steps import no_step

Step = Callable[[Iterable[Look | str], int, str], Iterable[Look | str]]


@dataclass(frozen=True)
class Checked:
    """Everything a check found out; reports and repairs are made from it."""

    layout: Layout
    samples: list[Sample]
    looks: list[Look | str]
    findings: list[Finding]
    pairs: list[Pair]
    doubts: dict[str, list[doubting.Doubt]]
    counts: list[SplitCounts]

    @cached_property
    def faces(self) -> list[tuple[Sample, Look]]:
        """The readable pictures."""
        return readable(self.samples, self.looks)

    @property
    def by_check(self) -> dict[str, list[Finding]]:
        """Findings under their check, in the order of `CHECKS`; only what was found."""
        grouped = {name: [f for f in self.findings if f.check == name] for name in CHECKS}
        return {name: found for name, found in grouped.items() if found}

    @property
    def level_counts(self) -> Counter[str]:
        return Counter(finding.level for finding in self.findings)

    @property
    def has_errors(self) -> bool:
        return self.level_counts[ERROR] > 0


def readable(samples: Sequence[Sample], looks: Sequence[Look | str]) -> list[tuple[Sample, Look]]:
    pairs = zip(samples, looks, strict=True)
    return [(sample, seen) for sample, seen in pairs if isinstance(seen, Look)]


def check(
    layout: Layout,
    detect: Detect | None = None,
    judged: set[int] | None = None,
    workers: int = 2,
    step: Step = no_step,
) -> Checked:
    """Run every check. ``detect`` is a model whose word is held against the labels of the classes
    ``judged``; ``step`` wraps the long loop, for a progress bar."""
    samples = read_samples(layout)
    work = ordered_map(partial(look, detect=detect), samples, workers)
    looks = list(step(work, len(samples), "picture"))
    faces = readable(samples, looks)
    pairs = find_pairs(faces)
    findings = lint.check_set(layout, samples)
    for sample, seen in zip(samples, looks, strict=True):
        findings += _check_one(layout, sample, seen)
    findings += lint_pictures.check_exif(faces)
    findings += check_pairs(pairs)
    doubts = [d for sample, seen in faces for d in doubting.doubt(sample, seen, judged or set())]
    counts = count_splits(samples, layout.splits)
    return Checked(layout, samples, looks, findings, pairs, doubting.rank(doubts), counts)


def _check_one(layout: Layout, sample: Sample, seen: Look | str) -> list[Finding]:
    findings = lint.check_labels(sample)
    if has_two_bits(layout.names):
        findings += lint_names.check_name(sample)
    if isinstance(seen, str):
        return [*findings, lint_pictures.check_unreadable(sample, seen)]
    return findings + list(lint_pictures.check_faces(sample, seen))
