"""Evaluations without pictures: one screen of plain text for people, and JSON for programs.

In JSON every figure is [value, low, high], null where nothing was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from facesort.classes import CLASS_NAMES
from facesort.evaluate.average_precision import Counts
from facesort.evaluate.crop_metrics import CropMetrics, per_face, samples_averages
from facesort.evaluate.error_analysis import KINDS
from facesort.evaluate.evaluation import Evaluated, OnSplit, Request
from facesort.evaluate.intervals import Floats, Ints, differences, interval
from facesort.evaluate.regression_gate import CriterionResult
from facesort.evaluate.split_metrics import ACCURACY, OCCLUDED_AS_FACE, SplitMetrics


def of_model(name: str, model: Evaluated, asked: Request) -> str:
    """One model on a screen: what it was judged on, the tables, its speed."""
    parts = []
    at = f"{name} at {model.imgsz} px"
    if model.split and asked.data:
        left_out = model.split.seen.left_out
        images = len(model.split.seen.truth)
        parts.append(f"{at} on {asked.data.name}, {asked.split}\n{of_split(model.split.judged)}")
        if left_out:
            parts.append(sum_of(images + left_out.total(), images, left_out))
        ece = model.split.reliability.ece
        parts.append(f"{_intervals(model.overall)}\n{'calibration error':26}{ece:.3f}")
    if model.crops and asked.crops:
        parts.append(f"{at} on crops of {asked.crops.name}\n{of_crops(model.crops)}")
    parts.append(speed(model))
    return "\n\n".join(parts)


def speed(model: Evaluated) -> str:
    """The threshold, the size and the time of a model."""
    timed = model.latency
    threads = f"{timed.threads} thread{'' if timed.threads == 1 else 's'}"
    return (
        f"confidence {model.conf:.3g}, {model.conf_from}\n"
        f"{model.megabytes:.2f} MB; median {timed.median_ms:.1f}, p95 {timed.p95_ms:.1f} ms a "
        f"image ({threads}, {timed.runs} images)"
    )


def _intervals(overall: Mapping[str, Floats]) -> str:
    titles = {
        "AP50": "mean AP50",
        "F1": "mean F1",
        ACCURACY: ACCURACY,
        OCCLUDED_AS_FACE: OCCLUDED_AS_FACE,
    }
    return "\n".join(
        f"{words:26}{interval(overall[name])}" for name, words in titles.items() if name in overall
    )


def of_split(judged: SplitMetrics) -> str:
    """A table per class, the intervals of the means, and the confusion matrix."""
    total = judged.faces.sum()
    lines = [
        f"{judged.images} images, {total} faces of {judged.min_side_px:g} px or more",
        f"{'class':19}{'faces':>7}{'AP50':>8}{'AP50-95':>9}{'precision':>11}{'recall':>8}{'F1':>8}",
    ]
    figures = [draws[0] for draws in judged.per_class.values()]
    means = [judged.overall[figure][0] for figure in judged.per_class]
    rows = [*zip(judged.names, judged.faces, *figures, strict=True), ("mean", total, *means)]
    for name, faces, ap50, ap50_95, precision, recall, f1 in rows:
        lines.append(
            f"{name:19}{faces:>7}{ap50:>8.3f}{ap50_95:>9.3f}{precision:>11.3f}{recall:>8.3f}{f1:>8.3f}"
        )
    lines += ["", f"confusion at confidence {judged.conf:.3g}; rows true, columns predicted"]
    return "\n".join([*lines, confusion(judged.confusion, judged.names)])


def confusion(counts: Counts, names: tuple[str, ...]) -> str:
    labels = [*names, "none"]
    lines = [" " * 19 + "".join(f"{label:>19}" for label in labels)]
    for label, row in zip(labels, counts, strict=True):
        lines.append(f"{label:19}" + "".join(f"{count:>19}" for count in row))
    return "\n".join(lines)


def of_crops(judged: CropMetrics) -> str:
    """A table per class, the figures over all, and the sum of what came in."""
    header = "".join(f"{figure:>11}" for figure in judged.per_class)
    lines = [f"{'crops':19}{'crops':>7}{header}"]
    for c, name in enumerate(judged.names):
        row = "".join(f"{draws[0, c]:>11.3f}" for draws in judged.per_class.values())
        lines.append(f"{name:19}{judged.confusion[c].sum():>7}{row}")
    none, total = int(judged.confusion[:, -1].sum()), int(judged.confusion.sum())
    lines.append(f"no prediction (an error): {none:,} of {total:,}")
    lines += [f"{figure:26}{interval(draws)}" for figure, draws in judged.overall.items()]
    return "\n".join([*lines, sum_of(judged.came_in, total, judged.left_out)])


def sum_of(came_in: int, done: int, left_out: Counter[str], word: str = "judged") -> str:
    """What came in = what was judged + what was left out, with reasons."""
    lines = [f"{came_in:,} came in = {done:,} {word} + {left_out.total():,} left out"]
    return "\n".join(
        lines + [f"{count:>7,}   {reason}" for reason, count in left_out.most_common()]
    )


def of_models(models: Mapping[str, Mapping[str, Floats]]) -> str:
    """Models side by side, then the differences to the first, 95 % intervals in brackets."""
    first = next(iter(models.values()))
    wide = max(24, *(len(name) + 2 for name in models))
    lines = [" " * 26 + "".join(f"{name:>{wide}}" for name in models)]
    for figure in first:
        row = "".join(f"{interval(own.get(figure, [np.nan]))!s:>{wide}}" for own in models.values())
        lines.append(f"{figure:26}{row}")
    lines.append("")
    for item in differences(models):
        name = f"{item.model} - {item.baseline}"
        lines.append(f"{item.figure:26}{name}: {item.difference}: {item.in_words}")
    return "\n".join(lines)


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
