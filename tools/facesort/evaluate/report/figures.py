"""The images of a report: curves as PNG files, and the worst errors with their boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from facesort.console import one_line
from facesort.dataset.check.statistics import COLOURS, canvas, save
from facesort.dataset.check.thumbnails import LABEL_RGB, MODEL_RGB, Mark, snapshot_of
from facesort.evaluate.crop_metrics import CropMetrics
from facesort.evaluate.error_analysis import KINDS, ErrorCase
from facesort.evaluate.evaluation import OnSplit
from facesort.evaluate.predict import at_least
from facesort.evaluate.reliability import BINS, Reliability
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
