"""An evaluation as sections of tables, plots and images; both templates walk over these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan

from facesort.classes import CLASS_NAMES
from facesort.evaluate.average_precision import Counts
from facesort.evaluate.crop_metrics import ROOM, CropMetrics, bit_scores, per_face, samples_averages
from facesort.evaluate.evaluation import Evaluated, OnSplit
from facesort.evaluate.intervals import Floats, Ints, differences, interval
from facesort.evaluate.regression_gate import CriterionResult
from facesort.evaluate.split_metrics import SplitMetrics

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The first column names the rows, the others are numbers."""

    columns: Row
    rows: Sequence[Row]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """``plots`` are (title, file stem); ``shots`` (data URI, what, where)."""

    title: str
    text: str = ""
    tables: list[Table] = field(default_factory=list)
    plots: list[tuple[str, str]] = field(default_factory=list)
    shots: list[tuple[str, str, str]] = field(default_factory=list)


def verdict_section(judged: Sequence[CriterionResult]) -> Section:
    rows = [(str(v.criterion), v.measured, "yes" if v.met else "NO") for v in judged]
    return Section("Verdict", tables=[Table(("bar", "measured", "met"), rows)])


def split_sections(evaluated: Evaluated, on: OnSplit, prefix: str) -> list[Section]:
    """All but the images of what was judged on a split; plots have stems with ``prefix``."""
    judged = on.judged
    faces = f"{judged.faces.sum():,} faces of {judged.min_side_px:g} px or more"
    reliability = on.reliability
    sections = [
        Section(
            "Per class",
            f"{judged.images:,} images, {faces}; precision, recall and F1 at confidence "
            f"{judged.conf:.3f} ({evaluated.conf_from}). A missed face is an error in accuracy.",
            [_per_class(judged), _overall(judged.overall, tuple(judged.per_class))],
            [("Precision over recall, IoU 0.5", f"{prefix}curves")],
        ),
        Section(
            "By face size",
            "Shorter side in pixels; faces of every size are in this table.",
            [_bands(on.bands), _bands_by_class(on.bands)],
            [("Means over the classes", f"{prefix}bands")],
        ),
        _confusion(judged.confusion, judged.names),
        Section(
            "Reliability",
            "Is a detection of confidence 0.8 right in 80 of 100 cases? Expected calibration error "
            f"{reliability.ece:.3f} over all detections from {judged.conf:.3f} on, "
            f"{reliability.ece_on_faces:.3f} over those on a face (15 bins).",
            plots=[("Reliability", f"{prefix}reliability")],
        ),
    ]
    if judged.names == CLASS_NAMES:
        sections.insert(3, _two_bits(*per_face(judged.by_image)))
    return sections


def crop_sections(judged: CropMetrics) -> list[Section]:
    none, total = int(judged.confusion[:, -1].sum()), int(judged.confusion.sum())
    left_out = [(reason, f"{n:,}") for reason, n in judged.left_out.most_common()]
    columns = ("class", "crops", *judged.per_class)
    rows = [
        (
            name,
            f"{judged.confusion[c].sum():,}",
            *(str(interval(draws[:, c])) for draws in judged.per_class.values()),
        )
        for c, name in enumerate(judged.names)
    ]
    sections = [
        Section(
            "Crops",
            f"{judged.came_in:,} came in = {total:,} judged + {judged.left_out.total():,} left out."
            f" Grey on each side of a crop: {ROOM:.0%} of its longer side; its surest face counts."
            f" No prediction is an error: {none:,} of {total:,}.",
            [
                Table(columns, rows),
                _overall(judged.overall, ()),
                *([Table(("left out", "crops"), left_out)] if left_out else []),
            ],
        ),
        _confusion(judged.confusion, judged.names, "Crops: confusion"),
    ]
    if judged.names == CLASS_NAMES:
        sections.append(_two_bits(*judged.ids, title="Crops: two bits"))
    return sections


def speed_section(models: Mapping[str, Evaluated]) -> Section:
    rows = [
        (
            name,
            f"{model.megabytes:.2f}",
            f"{model.conf:.3f}",
            f"{model.latency.imgsz}",
            f"{model.latency.threads}",
            f"{model.latency.runs}",
            f"{model.latency.median_ms:.1f}",
            f"{model.latency.p95_ms:.1f}",
        )
        for name, model in models.items()
    ]
    at = ("network px", "threads", "images", "median ms", "p95 ms")
    text = "From a decoded image to its faces: fitting and suppression are part of the time."
    return Section("Speed and size", text, [Table(("file", "MB", "confidence", *at), rows)])


def comparison(models: Mapping[str, Mapping[str, Floats]]) -> Section:
    """``models``: figures (1 + resamples,) by model; all against the first."""
    first = next(iter(models))
    figures = list(models[first])
    side = [(f, *(str(interval(own.get(f, [nan]))) for own in models.values())) for f in figures]
    against = [
        (item.figure, item.model, str(item.difference), item.in_words)
        for item in differences(models)
    ]
    return Section(
        "Side by side",
        f"Differences to {first} on the same resamples of the images (paired bootstrap); one "
        "whose interval holds 0 may be luck.",
        [
            Table(("figure", *models), side),
            Table(("figure", "model", f"minus {first}", ""), against, "Differences"),
        ],
    )


def _per_class(judged: SplitMetrics) -> Table:
    rows = [
        (name, f"{judged.faces[c]:,}", *(str(judged.of_class(f, c)) for f in judged.per_class))
        for c, name in enumerate(judged.names)
    ]
    means = (str(judged.whole(figure)) for figure in judged.per_class)
    rows.append(("mean", f"{judged.faces.sum():,}", *means))
    return Table(("class", "faces", *judged.per_class), rows)


def _overall(overall: Mapping[str, Floats], already_shown: Row) -> Table:
    rows = [(name, str(interval(d))) for name, d in overall.items() if name not in already_shown]
    return Table(("over all faces", "95 % interval"), rows)


def _bands(bands: Mapping[str, SplitMetrics]) -> Table:
    first = next(iter(bands.values()))
    rows = [
        (name, f"{band.faces.sum():,}", *(str(band.whole(f)) for f in first.per_class))
        for name, band in bands.items()
    ]
    return Table(("size", "faces", *first.per_class), rows, "Means over the classes")


def _bands_by_class(bands: Mapping[str, SplitMetrics]) -> Table:
    first = next(iter(bands.values()))
    rows = [
        (
            size,
            *(f"{band.of_class('AP50', c)} ({band.faces[c]:,})" for c in range(len(first.names))),
        )
        for size, band in bands.items()
    ]
    return Table(("size", *first.names), rows, "AP50 by class (faces)")


def _confusion(counts: Counts, names: Row, title: str = "Confusion") -> Section:
    labels = [*names, "none"]
    rows = [
        (label, *(f"{n:,}" for n in row))
        for label, row in zip(labels, counts.tolist(), strict=True)
    ]
    text = "Rows are true, columns predicted; none: missed, or a false alarm."
    return Section(title, text, [Table(("true", *labels), rows)])


def _two_bits(true_id: Ints, named_id: Ints, title: str = "Two bits") -> Section:
    ways = [
        (w.way, f"{w.faces:,}", *map(_three, (w.precision, w.recall, w.f1, w.subset_accuracy)))
        for w in samples_averages(true_id, named_id)
    ]
    bits = [
        (b.bit, f"{b.faces:,}", *map(_three, (b.precision, b.recall, b.f1)))
        for b in bit_scores(true_id, named_id)
    ]
    rates = ("precision", "recall", "F1")
    return Section(
        title,
        "Mouth covered and eyes covered as two labels. Samples averages: each face's own set, then "
        "the mean; a missed face scores 0, a plain face called plain 1. The mean of batches is how "
        "the system before this one counted; it depends on the order of the data.",
        [
            Table(("samples average", "faces", *rates, "subset accuracy"), ways),
            Table(("label", "covered", *rates), bits, "Each label by itself"),
        ],
    )


def _three(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"
