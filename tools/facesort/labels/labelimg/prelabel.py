"""Labels by a detector for images that have none, with a list of what no person has seen yet.

``prelabelled.csv`` lies beside the labels; a row stays ``reviewed=no`` until its label is saved by
hand. A label that exists, even an empty one, is never touched: a person said "no face".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.csv_files import DictWriter
from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.labels import named_crops, yolo
from facesort.labels.image_labels import ImageLabels
from facesort.labels.labelimg.session import Session
from facesort.photos import content_hash, open_photo
from facesort.reporter import Step, no_step

LIST_NAME = "prelabelled.csv"
_LONG_SIDE_PX = 1280  # twice what the network looks at: decoding more costs only time


class Finder(Protocol):
    """What is needed of a detector."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def fingerprint(self) -> str: ...
    def detect(self, images_rgb: Sequence[NDArray[np.uint8]]) -> list[Detections]: ...


@dataclass(frozen=True)
class Row:
    """One label written by a model; ``label`` is relative to the folder of the list, with ``/``."""

    label: str
    boxes: str
    least_confidence: str
    model: str
    content: str  # hash of the label as the model wrote it
    reviewed: str = "no"


_COLUMNS = [column.name for column in fields(Row)]


@dataclass(frozen=True)
class Prelabelled:
    """Labels written, images without a find, and why the others could not be opened."""

    written: int
    nothing_found: int
    unreadable: tuple[str, ...]


def prelabel(session: Session, finder: Finder, step: Step = no_step) -> Prelabelled:
    """Write a label for each image of the session that has none and shows a face. Raises
    `LabelError` where the model knows a class that the session does not."""
    class_of, todo = session.class_numbers(finder.names), session.unlabelled
    unreadable, nothing = [], 0
    for image in step(todo, len(todo), "photo"):
        try:
            rgb = open_photo(image, _LONG_SIDE_PX).rgb
        except PhotoError as error:
            unreadable.append(str(error))
            continue
        found = finder.detect([rgb])[0]
        if not len(found):
            nothing += 1  # no empty label: that would say that a person saw no face
            continue
        size_wh = (rgb.shape[1], rgb.shape[0])
        labels = ImageLabels.of(image, size_wh, found.xyxy_px, class_of[found.class_id])
        _write(session, [_row(session, labels, found, finder.fingerprint)], "a")
        yolo.write(labels)  # last: wherever it is stopped, the list names every machine label
    return Prelabelled(len(todo) - nothing - len(unreadable), nothing, tuple(unreadable))


def _row(session: Session, labels: ImageLabels, found: Detections, model: str) -> Row:
    return Row(
        label=yolo.label_path_of(labels.path).relative_to(session.label_root).as_posix(),
        boxes=str(len(found)),
        least_confidence=f"{found.confidence.min():.3f}",
        model=model,
        content=content_hash(yolo.render(labels).encode()),
    )


def read_list(session: Session) -> list[Row]:
    file = session.label_root / LIST_NAME
    if not file.exists():
        return []
    rows = [Row(**{c: row[c] for c in _COLUMNS}) for row in named_crops.read(file, *_COLUMNS)]
    return list({row.label: row for row in rows}.values())


def _write(session: Session, rows: Iterable[Row], mode: str) -> None:
    session.label_root.mkdir(parents=True, exist_ok=True)
    with (session.label_root / LIST_NAME).open(mode, newline="", encoding="utf-8") as file:
        writer = DictWriter(file, _COLUMNS)
        if file.tell() == 0:
            writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def mark_reviewed(session: Session, saved: Collection[Path]) -> tuple[int, int]:
    """Note which machine labels a person has saved, edited or removed since. Returns how many of
    the list are not reviewed, and how many it has."""
    rows = [_looked_at(session, row, saved) for row in read_list(session)]
    if rows:
        _write(session, rows, "w")
    return sum(row.reviewed == "no" for row in rows), len(rows)


def _looked_at(session: Session, row: Row, saved: Collection[Path]) -> Row:
    label = session.label_root / row.label
    untouched = (
        label.is_file() and label not in saved and content_hash(label.read_bytes()) == row.content
    )
    return row if untouched else replace(row, reviewed="yes")
