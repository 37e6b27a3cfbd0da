"""Write evaluations as one HTML page, as Markdown without pictures, and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from facesort.dataset.check.snapshots import file_uri
from facesort.evaluate import gallery, plots, sections
from facesort.evaluate.bars import Bar, Verdict, in_one_line, verdicts
from facesort.evaluate.compare import differences
from facesort.evaluate.crops import JudgedCrops
from facesort.evaluate.hazards import KINDS
from facesort.evaluate.intervals import Floats, interval
from facesort.evaluate.judged import Judged
from facesort.evaluate.run import Evaluated, OnSplit, Request
from facesort.evaluate.sections import Section


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
    bars: Sequence[Bar],
    out: Path,
    command: str,
    pictures: int,
) -> Path:
    """Write ``report.html``, ``report.md``, ``report.json`` and ``plots/`` into ``out``; the page.

    ``pictures`` worst errors of a kind are shown in the page; the Markdown holds none.
    """
    out.mkdir(parents=True, exist_ok=True)
    judged = {name: verdicts(bars, evaluated.figures()) for name, evaluated in models.items()}
    chapters = []
    for k, (name, evaluated) in enumerate(models.items()):
        prefix = f"{k + 1}_" if len(models) > 1 else ""
        _draw(evaluated, out / "plots", prefix)
        chapters.append(_chapter(name, evaluated, judged[name], prefix, pictures))
    overall = {name: evaluated.overall for name, evaluated in models.items()}
    context = {
        "chapters": chapters,
        "comparison": sections.comparison(overall) if len(models) > 1 else None,
        "asked": asked,
        "command": command,
        "when": f"{datetime.now():%Y-%m-%d %H:%M}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "images": {file.stem: file_uri(file) for file in sorted((out / "plots").glob("*.png"))},
    }
    for kind in ("md", "html"):
        text = _render(f"report.{kind}.j2", context, escape=kind == "html")
        # file names may be no Unicode
        (out / f"report.{kind}").write_text(text, encoding="utf-8", errors="backslashreplace")
    content = as_json(models, judged, asked, command)
    (out / "report.json").write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
    return out / "report.html"


def _draw(evaluated: Evaluated, folder: Path, prefix: str) -> None:
    if evaluated.split:
        plots.draw_curves(evaluated.split.judged, folder / f"{prefix}curves.png")
        plots.draw_bands(evaluated.split.bands, folder / f"{prefix}bands.png")
        plots.draw_reliability(evaluated.split.reliability, folder / f"{prefix}reliability.png")


def _chapter(
    name: str, evaluated: Evaluated, judged: Sequence[Verdict], prefix: str, pictures: int
) -> Chapter:
    parts = [sections.verdict_section(judged)]
    if evaluated.split:
        parts += sections.split_sections(evaluated, evaluated.split, prefix)
    if evaluated.crops:
        parts += sections.crop_sections(evaluated.crops)
    parts.append(sections.speed_section(evaluated))
    if evaluated.split:
        parts += gallery.hazard_sections(evaluated.split, pictures)
    if evaluated.crops:
        parts += gallery.crop_errors(evaluated.crops, pictures)
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
    cards += [(f"{evaluated.latency.median_ms:.1f}", "ms a picture (median)")]
    return [*cards, (f"{evaluated.megabytes:.1f}", "MB")]


def as_json(
    models: Mapping[str, Evaluated],
    judged: Mapping[str, Sequence[Verdict]],
    asked: Request,
    command: str,
) -> dict[str, Any]:
    """Every figure as [value, low, high], null where nothing was to be measured."""
    request = {key: v.name if isinstance(v, Path) else v for key, v in asdict(asked).items()}
    content = {
        "command": command,
        "asked": request,
        "models": {name: _model(model, judged[name]) for name, model in models.items()},
        "differences": [
            {"figure": d.figure, "model": d.model, "minus": d.baseline, "value": list(d.difference)}
            for d in differences({name: model.overall for name, model in models.items()})
        ],
    }
    return dict(_plain(content))


def _model(evaluated: Evaluated, judged: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "file": evaluated.weights.name,
        "names": evaluated.names,
        "imgsz": evaluated.imgsz,
        "conf": evaluated.conf,
        "conf_from": evaluated.conf_from,
        "megabytes": evaluated.megabytes,
        "latency": asdict(evaluated.latency),
        "verdict": [{"bar": str(v.bar), "value": v.value, "met": v.met} for v in judged],
        "split": _split(evaluated.split) if evaluated.split else None,
        "crops": _crops(evaluated.crops) if evaluated.crops else None,
    }


def _split(on: OnSplit) -> dict[str, Any]:
    reliability = on.reliability
    return {
        **_judged(on.judged),
        "left_out": dict(on.seen.left_out),
        "confusion": on.judged.confusion,
        "by_size": {name: _judged(band) for name, band in on.bands.items()},
        "ece": reliability.ece,
        "ece_on_faces": reliability.ece_on_faces,
        "errors": {kind: sum(h.kind == kind for h in on.hazards) for kind in KINDS},
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "pictures": judged.pictures,
        "faces": dict(zip(judged.names, judged.faces.tolist(), strict=True)),
        **_figures(judged.overall, judged.per_class, judged.names),
    }


def _crops(judged: JudgedCrops) -> dict[str, Any]:
    return {
        "came_in": judged.came_in,
        "judged": len(judged.outcomes),
        "left_out": dict(judged.left_out),
        "confusion": judged.confusion,
        **_figures(judged.overall, judged.per_class, judged.names),
    }


def _figures(
    overall: Mapping[str, Floats], per_class: Mapping[str, Floats], names: Sequence[str]
) -> dict[str, Any]:
    return {
        "overall": {name: list(interval(draws)) for name, draws in overall.items()},
        "per_class": {
            name: {figure: list(interval(d[:, c])) for figure, d in per_class.items()}
            for c, name in enumerate(names)
        },
    }


def _plain(value: Any) -> Any:
    """``value`` in types that JSON knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and isnan(value) else value


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
