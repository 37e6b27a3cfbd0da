"""Write evaluations as one HTML page, as Markdown without images, and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from facesort.dataset.check.thumbnails import file_uri
from facesort.evaluate.acceptance import Criterion, CriterionResult, check_criteria, in_one_line
from facesort.evaluate.evaluation import Evaluated, Request
from facesort.evaluate.report import figures, sections
from facesort.evaluate.report.as_json import as_json
from facesort.evaluate.report.sections import Section


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
        figures.draw_curves(evaluated.split.judged, folder / f"{prefix}curves.png")
        figures.draw_bands(evaluated.split.bands, folder / f"{prefix}bands.png")
        figures.draw_reliability(evaluated.split.reliability, folder / f"{prefix}reliability.png")


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
        parts += figures.error_sections(evaluated.split, images)
    if evaluated.crops:
        parts += figures.crop_errors(evaluated.crops, images)
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
