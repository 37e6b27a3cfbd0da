"""Run a detector over one split of a data set; what cannot be read is counted, the rest judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facesort.dataset.yolo_dataset import read_config
from facesort.detections import Detections
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import YoloDetector
from facesort.photos import open_photo

AP_CONF = 0.001  # average precision wants every guess, however weak

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


def silent(items: Iterable[Any], total: int, unit: str) -> Iterable[Any]:
    """No progress bar."""
    return items


@dataclass(frozen=True, eq=False)
class SplitPredictions:
    """Labels and detections of each image, in order; what came in = these + ``left_out``."""

    truth: list[ImageLabels]
    found: list[Detections]
    left_out: Counter[str]


def predict(
    detector: YoloDetector, data: Path, split: str, progress: Progress = silent
) -> SplitPredictions:
    """Detections down to `AP_CONF`; raises `DatasetError` where classes or split do not fit."""
    config = read_config(data)
    if config.names != detector.names:
        raise DatasetError(
            f"{data.name} has the classes {', '.join(config.names)}, the model "
            f"{', '.join(detector.names)}; pass the --data it was trained on"
        )
    eager = replace(detector, conf=AP_CONF)
    images = config.images(split)
    seen = SplitPredictions([], [], Counter())
    for path in progress(images, len(images), "photo"):
        try:
            photo = open_photo(path)
            labels = yolo.read(path, photo.size_wh, len(config.names))
        except PhotoError:
            seen.left_out["image cannot be opened"] += 1
            continue
        except LabelError:
            seen.left_out["label cannot be read"] += 1
            continue
        seen.truth.append(labels)
        seen.found.append(eager.detect([photo.rgb])[0])
    if not seen.truth:
        raise DatasetError(f"{data.name}: no image of '{split}' can be judged; check the folder")
    return seen


def at_least(found: Detections, conf: float) -> Detections:
    """The detections of confidence ``conf`` or more."""
    keep = found.confidence >= conf
    return Detections(found.xyxy_px[keep], found.class_id[keep], found.confidence[keep])
