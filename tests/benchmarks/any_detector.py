"""Any detector behind one call: ours (.onnx), an Ultralytics checkpoint (.pt), or a CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.classes import parse_class
from facesort.detections import Detections
from facesort.errors import UsageError
from facesort.labels import named_crops

COLUMNS = ("image", "x1", "y1", "x2", "y2", "class", "confidence")
Detect = Callable[[str, NDArray[np.uint8]], Detections]


def load_any(
    weights: Path, conf: float | None = None, imgsz: int | None = None, plain: bool = False
) -> Detect:
    """``detect(key, rgb)``; ``plain`` looks once, at one size, as other programs do.

    Classes are named as `parse_class` reads them. A CSV has `COLUMNS`, boxes in pixels of the
    upright image, ``image`` as `key_of` gives it; ``conf`` leaves out weaker rows.
    """
    if weights.suffix.lower() == ".csv":
        return _from_csv(weights, 0.0 if conf is None else conf)
    from facesort.models.detect import load_detector, with_second_looks

    detector = load_detector(weights, conf, imgsz)
    if not plain:
        detector = with_second_looks(detector)
    to_ours = np.array([int(parse_class(name)) for name in detector.names])

    def detect(_key: str, rgb: NDArray[np.uint8]) -> Detections:
        found = detector.detect([rgb])[0]
        return replace(found, class_id=to_ours[found.class_id])

    return detect


def key_of(path: Path) -> str:
    """How an image is named in a CSV: ``folder/file.jpg``."""
    return f"{path.parent.name}/{path.name}"


def _from_csv(file: Path, conf: float) -> Detect:
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for number, row in enumerate(named_crops.read(file, *COLUMNS), 2):
        try:
            values = [float(row[column]) for column in ("x1", "y1", "x2", "y2", "confidence")]
        except (TypeError, ValueError):
            raise UsageError(f"{file}: line {number}: expected numbers for a box") from None
        if values[-1] >= conf:
            rows[row["image"]].append((*values, float(parse_class(row["class"]))))

    def detect(key: str, _rgb: NDArray[np.uint8]) -> Detections:
        some = np.array(sorted(rows[key], key=lambda r: -r[4])).reshape(-1, 6)
        return Detections(some[:, :4], some[:, 5].astype(np.int64), some[:, 4])

    return detect
