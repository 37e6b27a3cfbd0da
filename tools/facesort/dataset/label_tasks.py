"""Hands images over to be labelled elsewhere, as a task of Label Studio or CVAT, and takes it back.

The suffix of the file says for whom: .json is Label Studio's tasks (the boxes of a model as
predictions, so that nothing counts as annotated yet), .xml is CVAT for images 1.1.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort.dataset.convert.label_reader import AUTO, read_source
from facesort.errors import LabelError, UsageError
from facesort.labels import cvat, label_studio, yolo
from facesort.labels.class_table import map_classes
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.labelimg import session as sessions
from facesort.labels.labelimg.session import Session
from facesort.labels.resolve import Reading

LABEL_STUDIO, CVAT = ".json", ".xml"


def check_task(file: Path) -> None:
    """Raise `UsageError` for a file that cannot be a task: ask before long work."""
    if file.suffix.lower() not in (LABEL_STUDIO, CVAT):
        raise UsageError(f"--task {file}: expected .json (Label Studio) or .xml (CVAT)")
    if file.exists():
        raise LabelError(f"{file}: is there already; pass another name, or take it back first")


def write_task(session: Session, images: Sequence[ImageLabels], file: Path, root: Path) -> None:
    """The task of ``images``, with the boxes they come with; names are relative to ``root``."""
    labels = LabelSet(session.names, tuple(images), root)
    if file.suffix.lower() == CVAT:
        text = cvat.render(labels)
    else:
        tasks = json.loads(label_studio.render(labels))
        for task in tasks:
            task["predictions"] = [
                {"result": one["result"], "model_version": "facesort"}
                for one in task.pop("annotations", [])
            ]
        text = json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class TakenBack:
    """Images that got a label, boxes per class, boxes that were left out by reason, and lines for
    the person; ``backup`` holds the labels that were there before."""

    images: int
    boxes: Counter[str]
    left_out: Counter[str]
    notes: tuple[str, ...]
    backup: Path | None


def take_back(session: Session, file: Path, root: Path) -> TakenBack:
    """Write the labels that ``file`` (any format that is read here) holds for images of the
    session; every image that it names gets a label, also one without a box. Raises `LabelError`
    for classes that the session does not have, and where no image is one of ours."""
    if not file.exists():
        raise LabelError(f"{file}: is not there; export the task, and name that file")
    read = map_classes(
        read_source(file, AUTO, Reading(images=root, drop_bad=True)), {}, session.names
    )
    ours = {image.resolve(): image for image in session.images}
    taken = [image for image in read.images if image.path.resolve() in ours]
    if not taken:
        raise LabelError(f"{file}: names no image of {root}; was it made from another folder?")
    left_out = Counter(read.left_out)
    left_out["in images that are not here"] += sum(
        len(image.class_id) for image in read.images if image.path.resolve() not in ours
    )
    backup = sessions.back_up(session, sessions.snapshot(session), "before_taking_back")
    boxes: Counter[str] = Counter()
    for image in taken:
        left_out["of unknown class"] += int((image.class_id == IGNORE).sum())
        boxes.update(session.names[c] for c in image.class_id.tolist() if c != IGNORE)
        here = ours[image.path.resolve()]
        yolo.write(ImageLabels.of(here, image.size_wh, image.xyxy_px, image.class_id))
    return TakenBack(len(taken), boxes, +left_out, read.notes, backup)
