"""Write evaluations as one HTML page, as Markdown without images, and as JSON; with their figures:
curves as PNG files, and the worst errors with their boxes.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from facesort.console import one_line
from facesort.dataset.check.statistics import COLOURS, canvas, save
from facesort.dataset.check.thumbnails import LABEL_RGB, MODEL_RGB, Mark, file_uri, snapshot_of
from facesort.evaluate.crop_metrics import CropMetrics
from facesort.evaluate.error_analysis import KINDS, ErrorCase
from facesort.evaluate.evaluation import Evaluated, OnSplit, Request
from facesort.evaluate.predict import at_least
from facesort.evaluate.regression_gate import (
    Criterion,
    CriterionResult,
    check_criteria,
    in_one_line,
)
from facesort.evaluate.reliability import BINS, Reliability
from facesort.evaluate.report import sections
from facesort.evaluate.report.plain import as_json
from facesort.evaluate.report.sections import Section
from facesort.evaluate.split_metrics import SplitMetrics


def draw_curves(judged: SplitMetrics, file: Path) -> None:
    """Precision over recall of each class at IoU 0.5; a dot where the threshold lies."""
    figure, (axes,) = canvas(4.4)
    for c, (name, ranked) in enumerate(zip(judged.names, judged.ranked, strict=True)):
        if not judged.faces[c]:
            continue
        recall, precision = ranked.curve()
        colour = COLOURS[c % len(COLOURS)]
        axes.plot(recall, precision, color=colour, label=f"{name} ({judged.faces[c]:,})")
        at = (ranked.confidence[ranked.counted[0]] >= judged.conf).sum() - 1
        if at >= 0:
            axes.plot(recall[at], precision[at], "o", color=colour)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    if judged.faces.any():
        axes.legend(frameon=False, loc="lower left")
    save(figure, file)


def draw_reliability(reliability: Reliability, file: Path) -> None:
    """Share of right detections over confidence, and how many detections each bin holds."""
    figure, (axes,) = canvas(4.4)
    centres = (np.arange(BINS) + 0.5) / BINS
    axes.plot([0, 1], [0, 1], "--", color="#888888", linewidth=1, label="calibrated")
    axes.bar(centres, np.nan_to_num(reliability.right), 0.9 / BINS, color=COLOURS[0], alpha=0.35)
    axes.plot(reliability.confidence, reliability.right, "o", color=COLOURS[0], label="measured")
    for x, right, count in zip(centres, reliability.right, reliability.detections, strict=True):
        if count:
            axes.text(x, right + 0.015, f"{count:,}", ha="center", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.06)
    axes.set_xlabel("confidence (the numbers count detections)")
    axes.set_ylabel("share that is right")
    axes.legend(frameon=False, loc="upper left")
    save(figure, file)


def draw_bands(bands: Mapping[str, SplitMetrics], file: Path) -> None:
    """Mean AP50 and F1 by face size, with their 95 % intervals."""
    figure, (axes,) = canvas(3.2)
    at = np.arange(len(bands))
    for k, name in enumerate(("AP50", "F1")):
        values = [judged.whole(name) for judged in bands.values()]
        middle = np.array([v.value for v in values])
        reach = np.array([[v.value - v.low, v.high - v.value] for v in values]).T
        axes.errorbar(
            at + (k - 0.5) * 0.12,
            middle,
            np.maximum(reach, 0),  # a percentile interval may lie beside its value
            fmt="o",
            capsize=4,
            color=COLOURS[k],
            label=name,
        )
    axes.set_xticks(at, [f"{name}\n{judged.faces.sum():,} faces" for name, judged in bands.items()])
    axes.set_ylim(0, 1.05)
    axes.set_xlim(-0.5, len(bands) - 0.5)
    axes.legend(frameon=False, loc="lower right")
    save(figure, file)


_LEGEND = "Green is the truth, orange what the model says."


def error_sections(on: OnSplit, images: int) -> list[Section]:
    """A section a kind of error with at most ``images`` images, the worst kind first."""
    sections = []
    for kind in KINDS:
        found = [error_case for error_case in on.errors_found if error_case.kind == kind]
        shots = [_shot(error_case, on) for error_case in found[: max(images, 0)]]
        if found:
            text = f"{len(found):,} at confidence {on.judged.conf:.3f}. {_shown(shots)}"
            sections.append(Section(f"Errors: {kind}", text, shots=shots))
    return sections


def _shot(error_case: ErrorCase, on: OnSplit) -> tuple[str, str, str]:
    truth = on.seen.truth[error_case.image]
    found = at_least(on.seen.found[error_case.image], on.judged.conf)
    names, marks, words = on.judged.names, [], ["none", "none"]
    if error_case.face is not None:
        marks.append(Mark(tuple(truth.xyxy_px[error_case.face].tolist()), LABEL_RGB))
        words[0] = names[truth.class_id[error_case.face]]
    if error_case.detection is not None:
        marks.append(Mark(tuple(found.xyxy_px[error_case.detection].tolist()), MODEL_RGB))
        sure = found.confidence[error_case.detection]
        words[1] = f"{names[found.class_id[error_case.detection]]} {sure:.2f}"
    uri = snapshot_of(truth.path, marks)
    return uri, " → ".join(words), one_line(truth.path.name)


def crop_errors(judged: CropMetrics, images: int) -> list[Section]:
    """The worst crops: covered called clean first, then other mix-ups, then no prediction."""
    errors = judged.errors
    shots = []
    for error in errors[: max(images, 0)]:
        named = "none" if error.named_id is None else judged.names[error.named_id]
        words = f"{judged.names[error.true_id]} → {named} {error.confidence:.2f}"
        uri = snapshot_of(error.path, [], whole=True)
        shots.append((uri, words, one_line(error.path.name)))
    text = f"{len(errors):,} of {len(judged.outcomes):,} crops. {_shown(shots)}"
    return [Section("Errors: crops", text, shots=shots)] if errors else []


def _shown(shots: Sequence[object]) -> str:
    return f"The worst {len(shots)}. {_LEGEND}" if shots else "No images were asked for."


@dataclass(frozen=True)
class Chapter:
    """One model: its verdict in a line, the figures to see first, and the sections."""

    title: str
    verdict: str
    passes: bool
    cards: list[tuple[str, str]]
    sections: list[Section]


def write_report(
    models: Mapping[str, Evaluated],
    asked: Request,
    bars: Sequence[Criterion],
    out: Path,
    command: str,
    images: int,
) -> Path:
    """Write ``report.html``, ``report.md``, ``report.json`` and ``plots/`` into ``out``; the page.

    ``images`` worst errors of a kind are shown in the page; the Markdown holds none.
    """
    out.mkdir(parents=True, exist_ok=True)
    judged = {name: check_criteria(bars, evaluated.figures()) for name, evaluated in models.items()}
    chapters = []
    for k, (name, evaluated) in enumerate(models.items()):
        prefix = f"{k + 1}_" if len(models) > 1 else ""
        _draw(evaluated, out / "plots", prefix)
        chapters.append(_chapter(name, evaluated, judged[name], prefix, images))
    overall = {name: evaluated.overall for name, evaluated in models.items()}
    several = []
    if len(models) > 1:
        several = [sections.comparison(overall), sections.speed_section(models)]
    context = {
        "chapters": chapters,
        "comparison": several,
        "asked": asked,
        "command": command,
        "when": f"{datetime.now():%Y-%m-%d %H:%M}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "images": {file.stem: file_uri(file) for file in sorted((out / "plots").glob("*.png"))},
    }
    for kind in ("md", "html"):
        text = _render(f"evaluation.{kind}.j2", context, escape=kind == "html")
        # file names may be no Unicode
        (out / f"report.{kind}").write_text(text, encoding="utf-8", errors="backslashreplace")
    content = as_json(models, judged, asked, command)
    (out / "report.json").write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
    return out / "report.html"


def _draw(evaluated: Evaluated, folder: Path, prefix: str) -> None:
    if evaluated.split:
        draw_curves(evaluated.split.judged, folder / f"{prefix}curves.png")
        draw_bands(evaluated.split.bands, folder / f"{prefix}bands.png")
        draw_reliability(evaluated.split.reliability, folder / f"{prefix}reliability.png")


def _chapter(
    name: str, evaluated: Evaluated, judged: Sequence[CriterionResult], prefix: str, images: int
) -> Chapter:
    parts = [sections.verdict_section(judged)]
    if evaluated.split:
        parts += sections.split_sections(evaluated, evaluated.split, prefix)
    if evaluated.crops:
        parts += sections.crop_sections(evaluated.crops)
    parts.append(sections.speed_section({name: evaluated}))
    if evaluated.split:
        parts += error_sections(evaluated.split, images)
    if evaluated.crops:
        parts += crop_errors(evaluated.crops, images)
    passes = all(verdict.met for verdict in judged)
    return Chapter(name, in_one_line(judged), passes, _cards(evaluated), parts)


def _cards(evaluated: Evaluated) -> list[tuple[str, str]]:
    cards = []
    if evaluated.split:
        overall = evaluated.split.judged.overall
        cards += [(f"{overall[name][0]:.3f}", f"mean {name}") for name in ("AP50", "F1")]
        cards += [(f"{overall['accuracy'][0]:.3f}", "accuracy, faces")]
        cards += [(f"{evaluated.split.reliability.ece:.3f}", "calibration error")]
    if evaluated.crops:
        overall = evaluated.crops.overall
        cards += [(f"{overall['accuracy'][0]:.3f}", "accuracy, crops")]
        cards += [(f"{overall['macro recall'][0]:.3f}", "mean recall, crops")]
    cards += [(f"{evaluated.latency.median_ms:.1f}", "ms an image (median)")]
    return [*cards, (f"{evaluated.megabytes:.1f}", "MB")]


def _render(template: str, context: dict[str, Any], escape: bool) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=escape,  # file and class names are foreign text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(context)
