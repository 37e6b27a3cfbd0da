"""Small SVG files of what the benchmarks measure."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

if TYPE_CHECKING:
    from throughput import Run


def draw_programs(runs: Mapping[str, Run], file: Path) -> None:
    """Photos a second and peak memory, a bar for each program, the fastest on top."""
    from facesort.dataset.check.statistics import COLOURS, canvas

    figure, (speed, memory) = canvas(0.36 * len(runs) + 1.0, columns=2, grid_axis="x")
    names = sorted(runs, key=lambda name: runs[name].seconds, reverse=True)
    for axes, label, form, values in (
        (speed, "photos of 12 megapixels a second", "%.3g", [1 / runs[n].seconds for n in names]),
        (memory, "peak memory, MB", "%.0f", [runs[n].peak_mb for n in names]),
    ):
        bars = axes.barh(names, values, 0.7, color=COLOURS[0])
        axes.bar_label(bars, fmt=form, padding=3, fontsize=8)
        axes.set_xlabel(label)
        axes.margins(x=0.15)
    memory.tick_params(labelleft=False)
    save_svg(figure, file)


def draw_growth(photos: Sequence[int], runs: Sequence[Run], file: Path) -> None:
    """Seconds and peak memory over the number of photos; both from 0, so that a line is a line."""
    from facesort.dataset.check.statistics import COLOURS, canvas

    figure, (time, memory) = canvas(2.8, columns=2)
    for axes, label, values in (
        (time, "seconds", [run.seconds for run in runs]),
        (memory, "peak memory, MB", [run.peak_mb for run in runs]),
    ):
        axes.plot(photos, values, "o-", color=COLOURS[0])
        axes.set_xlim(0, max(photos) * 1.05)
        axes.set_ylim(0, max(values) * 1.15)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("photos")
        axes.set_ylabel(label)
    save_svg(figure, file)


def save_svg(figure: Any, file: Path) -> None:
    """Text as text, which is small, and the same bytes for the same figures."""
    import matplotlib

    file.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "facesort"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
