"""The pictures of a check's report: findings, pairs, doubts, and a contact sheet per class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from facesort.boxes import xywhn_to_xyxy
from facesort.dataset.check.doubts import MISSING_BOX, Doubt
from facesort.dataset.check.findings import Finding
from facesort.dataset.check.leakage import Pair
from facesort.dataset.check.run import Checked
from facesort.dataset.check.sample import Look, Sample
from facesort.dataset.check.snapshots import (
    LABEL_RGB,
    MODEL_RGB,
    Mark,
    contact_sheet,
    data_uri,
    snapshot,
)
from facesort.parallel import ordered_map

FINDINGS_SHOWN = 14  # of a check
PAIRS_SHOWN = 24
FACES_SHOWN = 48  # of a class, in its contact sheet
CLASSES_SHOWN = 24  # contact sheets
_AS_PAIRS = ("leak", "near-leak", "twin")


def of_findings(checked: Checked, workers: int) -> dict[str, list[tuple[Finding, str]]]:
    """For each check, pictures of its first findings."""
    samples = {(s.split, s.path): (s, look) for s, look in checked.faces}

    def picture(finding: Finding) -> str:
        if finding.image is None or (finding.split, finding.image) not in samples:
            return ""
        sample, look = samples[finding.split, finding.image]
        if finding.box is not None and sample.lines[finding.box].fault:
            return ""  # its box is not known; the text says it all
        return snapshot(sample, _marks(sample, look, finding), whole=finding.box is None)

    galleries = {}
    for name, found in checked.by_check.items():
        if name not in _AS_PAIRS:
            first = _spread(found, FINDINGS_SHOWN)
            shown = zip(first, ordered_map(picture, first, workers), strict=True)
            galleries[name] = [(finding, uri) for finding, uri in shown if uri]
    return galleries


def _spread(findings: Sequence[Finding], count: int) -> list[Finding]:
    """The first of each picture, then the others, up to ``count``."""
    seen: set[Path | None] = set()
    first: list[Finding] = []
    rest: list[Finding] = []
    for finding in findings:
        (rest if finding.image in seen else first).append(finding)
        seen.add(finding.image)
    return [*first, *rest][:count]


def _marks(sample: Sample, look: Look, finding: Finding) -> list[Mark]:
    """The box that is meant, or every box where the whole picture is."""
    if finding.box is None:
        boxes, colour = sample.labels(look.size_wh).xyxy_px, LABEL_RGB
    else:
        line = sample.lines[finding.box]
        boxes, colour = xywhn_to_xyxy(line.xywhn, look.size_wh), MODEL_RGB
    return [Mark((x1, y1, x2, y2), colour) for x1, y1, x2, y2 in boxes.tolist()]


def of_pairs(pairs: Sequence[Pair], workers: int) -> list[tuple[Pair, str, str]]:
    """Both pictures of each pair."""
    shown = pairs[:PAIRS_SHOWN]
    pictures = ordered_map(lambda s: snapshot(s, [], whole=True), _both(shown), workers)
    return [(pair, next(pictures), next(pictures)) for pair in shown]


def _both(pairs: Iterable[Pair]) -> Iterable[Sample]:
    for pair in pairs:
        yield from (pair.a, pair.b)


def of_doubts(checked: Checked, top: int, workers: int) -> dict[str, list[tuple[Doubt, str]]]:
    """The ``top`` doubts of each kind: the label in green, what only the model sees in orange."""

    def picture(doubt: Doubt) -> str:
        colour = MODEL_RGB if doubt.kind == MISSING_BOX else LABEL_RGB
        return snapshot(doubt.sample, [Mark(doubt.xyxy_px, colour)])

    shown = {kind: doubts[:top] for kind, doubts in checked.doubts.items() if doubts}
    return {
        kind: list(zip(doubts, ordered_map(picture, doubts, workers), strict=True))
        for kind, doubts in shown.items()
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
