"""Evaluations for programs: every figure as [value, low, high], null where nothing was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from facesort.classes import CLASS_NAMES
from facesort.evaluate.acceptance import CriterionResult
from facesort.evaluate.crop_metrics import CropMetrics
from facesort.evaluate.error_analysis import KINDS
from facesort.evaluate.evaluation import Evaluated, OnSplit, Request
from facesort.evaluate.intervals import Floats, Ints, differences, interval
from facesort.evaluate.multilabel import per_face, samples_averages
from facesort.evaluate.split_metrics import SplitMetrics


def as_json(
    models: Mapping[str, Evaluated],
    judged: Mapping[str, Sequence[CriterionResult]],
    asked: Request,
    command: str,
) -> dict[str, Any]:
    """The content of ``report.json`` in plain types; files by their names."""
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


def _model(evaluated: Evaluated, judged: Sequence[CriterionResult]) -> dict[str, Any]:
    return {
        "file": evaluated.weights.name,
        "names": evaluated.names,
        "imgsz": evaluated.imgsz,
        "conf": evaluated.conf,
        "conf_from": evaluated.conf_from,
        "megabytes": evaluated.megabytes,
        "latency": asdict(evaluated.latency),
        "verdict": [{"bar": str(v.criterion), "value": v.value, "met": v.met} for v in judged],
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
        "two_bits": _two_bits(on.judged.names, *per_face(on.judged.by_image)),
        "ece": reliability.ece,
        "ece_on_faces": reliability.ece_on_faces,
        "errors": {kind: sum(h.kind == kind for h in on.errors_found) for kind in KINDS},
    }


def _judged(judged: SplitMetrics) -> dict[str, Any]:
    return {
        "images": judged.images,
        "faces": dict(zip(judged.names, judged.faces.tolist(), strict=True)),
        **_figures(judged.overall, judged.per_class, judged.names),
    }


def _crops(judged: CropMetrics) -> dict[str, Any]:
    return {
        "came_in": judged.came_in,
        "judged": len(judged.outcomes),
        "left_out": dict(judged.left_out),
        "confusion": judged.confusion,
        "two_bits": _two_bits(judged.names, *judged.ids),
        **_figures(judged.overall, judged.per_class, judged.names),
    }


def _two_bits(names: tuple[str, ...], true_id: Ints, named_id: Ints) -> list[dict[str, Any]]:
    if names != CLASS_NAMES:
        return []
    return [asdict(way) for way in samples_averages(true_id, named_id)]


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
