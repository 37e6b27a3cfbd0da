"""Picks the images of a labelling session to label next; lists those that are labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facesort.dataset.next_images import Candidate, choose, looks_of
from facesort.dataset.writer import write_listed
from facesort.dataset.yolo_dataset import DataConfig
from facesort.errors import LabelError, PhotoError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.labels.labelimg.session import Session
from facesort.models.detect import YoloDetector
from facesort.models.occlusion_scores import detect_with_scores
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

LOWEST_CONF = 0.05  # what the model hardly suspects is worth a look as well
_LONG_SIDE_PX = 1280


@dataclass(frozen=True)
class Picked:
    """``session`` shows the picked images only, ``seen`` are the model's boxes in them;
    ``unlabelled`` is how many there were to pick from, ``left_out`` why others could not be."""

    session: Session
    seen: list[ImageLabels]
    unlabelled: int
    left_out: list[str]


def pick(
    session: Session, detector: YoloDetector, count: int, conf: float, step: Step = no_step
) -> Picked:
    """``detector`` is asked down to `LOWEST_CONF`, and its boxes are kept from ``conf``. Raises
    `LabelError` where it knows a class that the session does not, or nothing is left to label."""
    class_of, todo = session.class_numbers(detector.names), session.unlabelled
    candidates, seen, left_out = [], [], []
    for image in step(todo, len(todo), "image"):
        try:
            rgb = open_photo(image, _LONG_SIDE_PX).rgb
        except PhotoError as error:
            left_out.append(str(error))
            continue
        found, own = detect_with_scores(detector, rgb)
        scores = np.zeros((len(found), len(session.names)))
        scores[:, class_of] = own
        candidates.append(Candidate(image, scores, looks_of(rgb, found.xyxy_px)))
        sure = found.confidence >= conf
        size_wh, classes = (rgb.shape[1], rgb.shape[0]), class_of[found.class_id[sure]]
        seen.append(ImageLabels.of(image, size_wh, found.xyxy_px[sure], classes))
    if not candidates:
        why = (
            f"none of {len(todo)} can be opened; {left_out[0]}"
            if left_out
            else "every image has a label"
        )
        raise LabelError(f"{session.label_root}: no image to pick: {why}")
    chosen = choose(candidates, _counts(session), count)
    picked = replace(session, images=tuple(candidates[i].image for i in chosen))
    return Picked(picked, [seen[i] for i in chosen], len(todo), left_out)


def _counts(session: Session) -> list[int]:
    """Boxes of each class that are labelled already."""
    counts = [0] * len(session.names)
    for image in session.images:
        label = yolo.label_path_of(image)
        lines = label.read_text(encoding="utf-8").split("\n") if label.exists() else []
        for number in (int(float(line.split()[0])) for line in lines if line.strip()):
            if number < len(counts):
                counts[number] += 1
    return counts


def write_labelled(config: DataConfig, split: str, file: Path) -> tuple[int, int]:
    """Write a data set YAML whose ``split`` has only the images that have a label file; how many do
    and do not. Training takes an image without one for an image without a face."""
    splits = {name: config.images(name) for name in config.splits}
    labelled = [image for image in splits[split] if yolo.label_path_of(image).exists()]
    without = len(splits[split]) - len(labelled)
    write_listed(file, splits | {split: labelled}, config.names)
    return len(labelled), without
