"""Run a detector over a split and say how well it does, per class and with counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facesort.detections import Detections
from facesort.evaluate.average_precision import AveragePrecision, average_precision
from facesort.evaluate.match import Counts, confusion
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import YoloDetector
from facesort.photos import open_photo

AP_CONF = 0.001  # average precision wants every guess, however weak


@dataclass(frozen=True)
class Report:
    """``confusion`` is [true, predicted] with "none" last, at confidence ``conf``."""

    names: tuple[str, ...]
    pictures: int
    conf: float
    min_side_px: float
    precision_recall: AveragePrecision
    confusion: Counts

    @property
    def precision(self) -> list[float]:
        return [self._share(self.confusion[:, c], c) for c in range(len(self.names))]

    @property
    def recall(self) -> list[float]:
        return [self._share(self.confusion[c], c) for c in range(len(self.names))]

    @staticmethod
    def _share(counts: Counts, c: int) -> float:
        return float(counts[c] / counts.sum()) if counts.sum() else float("nan")


def predict(
    detector: YoloDetector, truth: Iterable[ImageLabels], conf: float = AP_CONF
) -> list[Detections]:
    """Detections of every labelled picture, in order, down to ``conf``."""
    eager = replace(detector, conf=conf)
    return [eager.detect([open_photo(item.path).rgb])[0] for item in truth]


def at_least(found: Detections, conf: float) -> Detections:
    """The detections of confidence ``conf`` or more."""
    keep = found.confidence >= conf
    return Detections(found.xyxy_px[keep], found.class_id[keep], found.confidence[keep])


def evaluate(
    truth: Sequence[ImageLabels],
    found: Sequence[Detections],
    names: tuple[str, ...],
    conf: float,
    min_side_px: float,
) -> Report:
    """Figures over faces whose shorter side is at least ``min_side_px`` pixels of the picture."""
    counts = np.zeros((len(names) + 1, len(names) + 1), dtype=np.int64)
    for item, detections in zip(truth, found, strict=True):
        counts += confusion(item, at_least(detections, conf), len(names), min_side_px)
    ap = average_precision(truth, found, len(names), min_side_px)
    return Report(names, len(truth), conf, min_side_px, ap, counts)


def as_text(report: Report) -> str:
    """The report as a table per class and the confusion matrix."""
    ap = report.precision_recall
    lines = [
        f"{report.pictures} pictures, {ap.faces.sum()} faces of {report.min_side_px:g} px or more",
        f"{'class':19}{'faces':>7}{'AP50':>8}{'AP50-95':>9}{'precision':>11}{'recall':>8}",
    ]
    columns = (report.names, ap.faces, ap.ap50, ap.ap50_95, report.precision, report.recall)
    rows = zip(*columns, strict=True)
    for name, faces, ap50, ap50_95, precision, recall in rows:
        lines.append(
            f"{name:19}{faces:>7}{ap50:>8.3f}{ap50_95:>9.3f}{precision:>11.3f}{recall:>8.3f}"
        )
    macro_precision, macro_recall = np.nanmean(report.precision), np.nanmean(report.recall)
    lines.append(
        f"{'mean':19}{ap.faces.sum():>7}{ap.map50:>8.3f}{ap.map50_95:>9.3f}"
        f"{macro_precision:>11.3f}{macro_recall:>8.3f}"
    )
    labels = [*report.names, "none"]
    lines += ["", f"confusion at confidence {report.conf:g}; rows true, columns predicted"]
    lines.append(" " * 19 + "".join(f"{label:>19}" for label in labels))
    for label, row in zip(labels, report.confusion, strict=True):
        lines.append(f"{label:19}" + "".join(f"{count:>19}" for count in row))
    return "\n".join(lines)
