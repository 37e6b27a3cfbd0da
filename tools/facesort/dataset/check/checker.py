"""Check a whole data set: every image looked at once, every check run, nothing printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from facesort.dataset.check import label_errors as doubting
from facesort.dataset.check import lint, lint_images, lint_names
from facesort.dataset.check.explore import SplitCounts, count_splits, has_two_bits
from facesort.dataset.check.image_stats import Detect, measure_image
from facesort.dataset.check.issues import CHECKS, ERROR, Issue
from facesort.dataset.check.leakage import Pair, check_pairs, find_pairs
from facesort.dataset.check.sample import ImageStats, Sample, read_samples
from facesort.dataset.yolo_dataset import Layout
from facesort.parallel import ordered_map
from facesort.progress import no_step

Step = Callable[[Iterable[ImageStats | str], int, str], Iterable[ImageStats | str]]


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
) -> Checked:
    """Run every check. ``detect`` is a model whose word is held against the labels of the classes
    ``judged``; ``step`` wraps the long loop, for a progress bar."""
    samples = read_samples(layout)
    work = ordered_map(partial(measure_image, detect=detect), samples, workers)
    looks = list(step(work, len(samples), "image"))
    faces = readable(samples, looks)
    pairs = find_pairs(faces)
    issues = lint.check_set(layout, samples)
    for sample, seen in zip(samples, looks, strict=True):
        issues += _check_one(layout, sample, seen)
    issues += lint_images.check_exif(faces)
    issues += check_pairs(pairs)
    label_errors = [
        d for sample, seen in faces for d in doubting.suspect_labels(sample, seen, judged or set())
    ]
    counts = count_splits(samples, layout.splits)
    return Checked(layout, samples, looks, issues, pairs, doubting.rank(label_errors), counts)


def _check_one(layout: Layout, sample: Sample, seen: ImageStats | str) -> list[Issue]:
    issues = lint.check_labels(sample)
    if has_two_bits(layout.names):
        issues += lint_names.check_name(sample)
    if isinstance(seen, str):
        return [*issues, lint_images.check_unreadable(sample, seen)]
    return issues + list(lint_images.check_faces(sample, seen))
