"""Cross-validation: one training a fold, then mean and standard deviation over the folds.

A fold's figures are those of its best epoch, which the fold itself has chosen: fit to compare
settings, a little flattering as a forecast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import UsageError
from facesort.models.training.run_card import FINISHED, read_card
from facesort.models.training.start import is_resumable
from facesort.models.training.train import Extras, train

SETTINGS, RESULTS = "kfold_settings.json", "kfold.json"
COLUMNS = {  # of the table: Ultralytics' names
    "mAP50": "metrics/mAP50(B)",
    "mAP50-95": "metrics/mAP50-95(B)",
    "precision": "metrics/precision(B)",
    "recall": "metrics/recall(B)",
}


def begin(out: Path, command: str, folds: str) -> None:
    """Claim the folder ``out`` for ``command`` on ``folds`` (a number for who is in which fold).

    Raises `UsageError` where other settings, or anything else, are in it already: half of the
    folds of two cross-validations are none.
    """
    asked = {"command": command, "folds": folds}
    file = out / SETTINGS
    there = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    if there is None and out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: is not empty, and no cross-validation; choose another name=")
    if there not in (None, asked):
        other = "images" if there["command"] == command else f"settings ({there['command']})"
        raise UsageError(f"{out}: was begun with other {other}; choose another name=")
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")


def train_folds(
    model: str, datas: Sequence[Path], out: Path, extras: Extras, **overrides: Any
) -> list[dict[str, float]]:
    """Train ``model`` once for each YAML in ``datas``, in ``out/fold1`` ..., each from the start.

    Returns each fold's figures on its val and writes them to ``out/kfold.json``. Folds that have
    finished there are not trained again, those that were stopped are resumed.
    """
    figures = []
    for number, data in enumerate(datas, 1):
        folder = out / f"fold{number}"
        figures.append(_train_fold(model, data, folder, extras, overrides))
        extras.say(f"fold {number} of {len(datas)}: {folder}")
    content = {"folds": figures, **summary(figures)}
    (out / RESULTS).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return figures


def _train_fold(
    model: str, data: Path, folder: Path, extras: Extras, overrides: Mapping[str, Any]
) -> dict[str, float]:
    card = read_card(folder)
    last = folder / "weights" / "last.pt"
    if card.get("status") == FINISHED:
        metrics = card["results"]["metrics"]
    elif last.is_file() and is_resumable(last):
        metrics = train(str(last), data, extras, resume=True).metrics
    else:
        place = {"project": str(folder.parent), "name": folder.name, "exist_ok": True}
        metrics = train(model, data, extras, **{**overrides, **place}).metrics
    return {name: metrics[key] for name, key in COLUMNS.items()}


def summary(figures: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation (of the sample, n - 1) of each figure."""
    columns = {name: np.array([fold[name] for fold in figures]) for name in COLUMNS}
    spread = {n: float(v.std(ddof=1)) if len(v) > 1 else 0.0 for n, v in columns.items()}
    return {"mean": {n: float(v.mean()) for n, v in columns.items()}, "sd": spread}


def table(figures: Sequence[Mapping[str, float]]) -> str:
    """One line a fold, then mean and standard deviation."""
    lines = [" " * 8 + "".join(f"{name:>18}" for name in COLUMNS)]
    for number, fold in enumerate(figures, 1):
        lines.append(f"fold {number:<3}" + "".join(f"{fold[name]:>18.4f}" for name in COLUMNS))
    of = summary(figures)
    both = [f"{of['mean'][name]:.4f} ± {of['sd'][name]:.4f}" for name in COLUMNS]
    lines.append(f"{'mean±sd':8}" + "".join(f"{text:>18}" for text in both))
    return "\n".join(lines)
