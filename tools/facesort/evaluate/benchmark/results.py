"""A benchmark's figures: one row a model, backend, size and number of threads, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from facesort.csv_files import Writer

MAX_MB, MIN_SHARE, MAX_MS = 15.0, 0.9, 6.0  # what a phone is asked to do


@dataclass(frozen=True)
class Row:
    """``network_*`` is the network alone, ``image_ms`` with fitting the image and reading the
    answer. ``map50`` to ``macro_recall`` are None where no accuracy was asked for, ``accuracy``
    where the images are not crops of one face."""

    model: str
    backend: str
    mode: str  # photo or crop
    imgsz: int
    threads: int
    network_ms: float
    network_p95_ms: float
    image_ms: float
    images_a_second: float
    mb: float
    peak_mb: float
    start_s: float
    map50: float | None = None
    map50_95: float | None = None
    macro_recall: float | None = None
    accuracy: float | None = None

    @property
    def share(self) -> float | None:
        """The figure that "> 90 %" speaks of."""
        return self.accuracy if self.accuracy is not None else self.map50

    @property
    def fits(self) -> bool:
        """Whether it is < 15 MB, > 90 % and < 6 ms an image."""
        good = self.share is not None and self.share > MIN_SHARE
        return good and self.mb < MAX_MB and self.image_ms < MAX_MS


def pareto(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other row beats in both time and accuracy, the fastest first."""
    front: list[Row] = []
    judged = [row for row in rows if row.share is not None]
    for row in sorted(judged, key=lambda r: (r.image_ms, -(r.share or 0))):
        if not front or (row.share or 0) > (front[-1].share or 0):
            front.append(row)
    return front


def as_markdown(rows: Sequence[Row]) -> str:
    """A table; the last column marks the rows that fit."""
    names = [field.name.replace("_", " ") for field in fields(Row)]
    heads = [*names, "< 15 MB, > 90 %, < 6 ms"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [*map(_cell, astuple(row)), "yes" if row.fits else ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write_csv(rows: Sequence[Row], out: Path) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = Writer(file)
        writer.writerow([*(field.name for field in fields(Row)), "fits"])
        writer.writerows([*astuple(row), row.fits] for row in rows)


def plot(rows: Sequence[Row], out: Path) -> None:
    """Accuracy over milliseconds an image, on one thread where there is one, the front joined."""
    from matplotlib.figure import Figure

    threads = min((row.threads for row in rows), default=1)
    shown = [row for row in rows if row.threads == threads and row.share is not None]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for backend in dict.fromkeys(row.backend for row in shown):
        own = [row for row in shown if row.backend == backend]
        axes.scatter([r.image_ms for r in own], [r.share or 0 for r in own], label=backend)
    for row in shown:
        label = f"{row.model} {row.imgsz}{' crops' if row.mode == 'crop' else ''}"
        axes.annotate(
            label,
            (row.image_ms, row.share or 0),
            fontsize=7,
            xytext=(3, 3),
            textcoords="offset points",
        )
    front = pareto(shown)
    axes.plot([r.image_ms for r in front], [r.share or 0 for r in front], color="grey", zorder=0)
    axes.axvline(MAX_MS, linestyle=":", color="grey")
    axes.set(
        xscale="log",
        xlabel=f"ms an image, {threads} thread(s)",
        ylabel="mAP50 (photos), accuracy (crops)",
    )
    if shown:
        axes.legend()
    figure.savefig(out, dpi=150)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if value < 1 else f"{value:.1f}"
    return str(value)
