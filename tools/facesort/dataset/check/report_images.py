"""The images of a check's report: findings, pairs, doubts, and a contact sheet per class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from facesort.boxes import xywhn_to_xyxy
from facesort.dataset.check.checker import Checked, Pair
from facesort.dataset.check.issues import Issue
from facesort.dataset.check.label_errors import MISSING_BOX, SuspectLabel
from facesort.dataset.check.sample import ImageStats, Sample
from facesort.dataset.check.thumbnails import (
    LABEL_RGB,
    MODEL_RGB,
    Mark,
    contact_sheet,
    data_uri,
    snapshot,
)
from facesort.parallel import ordered_map

ISSUES_SHOWN = 14  # of a check
PAIRS_SHOWN = 24
FACES_SHOWN = 48  # of a class, in its contact sheet
CLASSES_SHOWN = 24  # contact sheets
_AS_PAIRS = ("leak", "near-leak", "burst-leak", "twin")


def of_issues(checked: Checked, workers: int) -> dict[str, list[tuple[Issue, str]]]:
    """For each check, images of its first findings."""
    samples = {(s.split, s.path): (s, look) for s, look in checked.faces}

    def image(issue: Issue) -> str:
        if issue.image is None or (issue.split, issue.image) not in samples:
            return ""
        sample, look = samples[issue.split, issue.image]
        if issue.box is not None and sample.lines[issue.box].fault:
            return ""  # its box is not known; the text says it all
        return snapshot(sample, _marks(sample, look, issue), whole=issue.box is None)

    galleries = {}
    for name, found in checked.by_check.items():
        if name not in _AS_PAIRS:
            first = _spread(found, ISSUES_SHOWN)
            shown = zip(first, ordered_map(image, first, workers), strict=True)
            galleries[name] = [(issue, uri) for issue, uri in shown if uri]
    return galleries


def _spread(issues: Sequence[Issue], count: int) -> list[Issue]:
    """The first of each image, then the others, up to ``count``."""
    seen: set[Path | None] = set()
    first: list[Issue] = []
    rest: list[Issue] = []
    for issue in issues:
        (rest if issue.image in seen else first).append(issue)
        seen.add(issue.image)
    return [*first, *rest][:count]


def _marks(sample: Sample, look: ImageStats, issue: Issue) -> list[Mark]:
    """The box that is meant, or every box where the whole image is."""
    if issue.box is None:
        boxes, colour = sample.labels(look.size_wh).xyxy_px, LABEL_RGB
    else:
        line = sample.lines[issue.box]
        boxes, colour = xywhn_to_xyxy(line.xywhn, look.size_wh), MODEL_RGB
    return [Mark((x1, y1, x2, y2), colour) for x1, y1, x2, y2 in boxes.tolist()]


def of_pairs(pairs: Sequence[Pair], workers: int) -> list[tuple[Pair, str, str]]:
    """Both images of each pair."""
    shown = pairs[:PAIRS_SHOWN]
    images = ordered_map(lambda s: snapshot(s, [], whole=True), _both(shown), workers)
    return [(pair, next(images), next(images)) for pair in shown]


def _both(pairs: Iterable[Pair]) -> Iterable[Sample]:
    for pair in pairs:
        yield from (pair.a, pair.b)


def of_label_errors(
    checked: Checked, top: int, workers: int
) -> dict[str, list[tuple[SuspectLabel, str]]]:
    """The ``top`` doubts of each kind: the label in green, what only the model sees in orange."""

    def image(suspect: SuspectLabel) -> str:
        colour = MODEL_RGB if suspect.kind == MISSING_BOX else LABEL_RGB
        better = [Mark(suspect.better_px, MODEL_RGB)] if suspect.better_px else []
        return snapshot(suspect.sample, [Mark(suspect.xyxy_px, colour), *better])

    shown = {
        kind: label_errors[:top]
        for kind, label_errors in checked.label_errors.items()
        if label_errors
    }
    return {
        kind: list(zip(label_errors, ordered_map(image, label_errors, workers), strict=True))
        for kind, label_errors in shown.items()
    }


def of_classes(checked: Checked, workers: int) -> list[tuple[str, int, str]]:
    """(class, its boxes, contact sheet) of the training split, so that test stays unseen."""
    split = "train" if "train" in checked.layout.splits else checked.layout.splits[0]
    faces = [(sample, look) for sample, look in checked.faces if sample.split == split]
    counts = next(c for c in checked.counts if c.split == split)
    classes = range(min(len(checked.layout.names), CLASSES_SHOWN))
    sheets = ordered_map(lambda c: contact_sheet(faces, c, FACES_SHOWN), classes, workers)
    return [
        (checked.layout.names[c], counts.boxes[c], data_uri(sheet))
        for c, sheet in zip(classes, sheets, strict=True)
        if sheet is not None
    ]
