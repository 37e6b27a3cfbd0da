"""Read the folders of trainings, ours and Ultralytics', into rows to compare.

A folder with an ``args.yaml`` is a run. Figures are those of the best checkpoint: from the run card
where the run has finished, else the best epoch of ``results.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from facesort.models.training.run_card import FAILED, FINISHED, read_card

UNFINISHED = "unfinished"  # it runs, or it was killed: a folder does not know
_MAP50, _MAP = "metrics/mAP50(B)", "metrics/mAP50-95(B)"


@dataclass(frozen=True)
class Run:
    """One line of the table; a figure is None where the run has not got so far."""

    folder: str
    status: str
    model: str
    data: str
    data_hash: str
    epochs: str
    imgsz: str
    seed: str
    extras: str
    minutes: float | None
    map50: float | None
    map50_95: float | None


TITLES = {"data_hash": "val data", "map50": "mAP50", "map50_95": "mAP50-95", "minutes": "min"}


def read_runs(root: Path) -> tuple[list[Run], list[str]]:
    """The runs below ``root``, best mAP50-95 first, and a line for each that cannot be read."""
    runs, unreadable = [], []
    for arguments in sorted(root.rglob("args.yaml")):
        try:
            runs.append(_read_run(arguments.parent, root))
        except (OSError, ValueError, KeyError, AttributeError) as error:
            unreadable.append(f"{arguments.parent}: {type(error).__name__}: {error}")
    runs.sort(key=lambda run: (-(run.map50_95 if run.map50_95 is not None else -1), run.folder))
    return runs, unreadable


def table(runs: Sequence[Run]) -> str:
    """``runs`` as text, columns as wide as they need to be."""
    names = [field.name for field in fields(Run)]
    rows = [[TITLES.get(name, name) for name in names]]
    rows += [[_text(name, getattr(run, name)) for name in names] for run in runs]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in rows]
    return "\n".join(line.rstrip() for line in lines)


def _read_run(folder: Path, root: Path) -> Run:
    import yaml

    try:
        arguments = yaml.safe_load((folder / "args.yaml").read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError("args.yaml is no YAML") from error
    if not isinstance(arguments, dict):
        raise ValueError("args.yaml holds no arguments")
    card, epochs = read_card(folder), _epochs(folder / "results.csv")
    best = max(epochs, key=_fitness, default={})
    metrics = card.get("results", {}).get("metrics") or best
    seconds = card.get("seconds", epochs[-1].get("time") if epochs else None)
    asked = int(arguments.get("epochs", 0))
    finished = card.get("status") == FINISHED if card else len(epochs) >= asked
    return Run(
        folder=folder.relative_to(root).as_posix(),
        status=FINISHED if finished else FAILED if card.get("status") == FAILED else UNFINISHED,
        model=Path(str(card.get("start", {}).get("model") or arguments.get("model"))).name,
        data=Path(str(arguments.get("data"))).name,
        data_hash=card.get("data", {}).get("sha256", {}).get("val", "")[:8],
        epochs=f"{len(epochs)}/{asked}",
        imgsz=str(arguments.get("imgsz")),
        seed=str(arguments.get("seed")),
        extras=_extras(card.get("extras", {})),
        minutes=None if seconds is None else seconds / 60,
        map50=metrics.get(_MAP50),
        map50_95=metrics.get(_MAP),
    )


def _epochs(results: Path) -> list[dict[str, float]]:
    """The rows of ``results.csv``; none where it is missing.

    An epoch that a kill cut short is in it twice: its second row counts.
    """
    if not results.is_file():
        return []
    with results.open(newline="", encoding="utf-8") as opened:
        rows: Iterable[Mapping[str, Any]] = list(csv.DictReader(opened))
    read = [{k.strip(): float(v) for k, v in row.items() if k and v} for row in rows]
    return list({row["epoch"]: row for row in read}.values())


def _fitness(epoch: Mapping[str, float]) -> float:
    """How Ultralytics 8.4 picks the best epoch of a detector: by mAP50-95."""
    return epoch.get(_MAP, 0.0)


def _extras(extras: Mapping[str, Any]) -> str:
    weights = extras.get("class_weights") or {}
    words = ["bf16"] if extras.get("bf16_cpu") else []
    words += [f"focal {extras['focal']:g}"] if extras.get("focal") else []
    words += ["weights " + "/".join(f"{w:.2g}" for w in weights.values())] if weights else []
    return ", ".join(words)


def _text(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if name == "minutes" else f"{value:.4f}"
    return "-" if value in (None, "") else str(value)
