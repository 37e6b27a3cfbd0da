"""Draw an evaluation into PNG files: precision over recall, reliability, figures by face size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facesort.dataset.check.dataset_plots import COLOURS, canvas, save
from facesort.evaluate.reliability import BINS, Reliability
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
