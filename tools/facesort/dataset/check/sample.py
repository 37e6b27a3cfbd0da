"""One picture of a data set as the checks see it: its label lines, and what a look at it tells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, SizeWH, xywhn_to_xyxy
from facesort.dataset.check.label_lines import Line, read_lines
from facesort.dataset.layout import Layout
from facesort.detections import Detections
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels

# How far (as a fraction of the picture) an edge may lie outside: labels are rounded.
OUTSIDE = 0.002
MISSING = "missing"


@dataclass(frozen=True)
class Sample:
    """A picture and its label file. A reader of another format only has to fill ``lines``.

    ``name`` is the path shown to people; ``label_fault`` says why there are no lines.
    """

    split: str
    path: Path
    inside: Path
    name: str
    label: Path
    lines: tuple[Line, ...]
    class_count: int
    label_fault: str = ""

    @cached_property
    def sound(self) -> tuple[int, ...]:
        """Indices of the lines that are a box of a known class, at least partly in the picture."""
        return tuple(i for i, line in enumerate(self.lines) if self.is_sound(line))

    def is_sound(self, line: Line) -> bool:
        x1, y1, x2, y2 = line.xyxyn
        is_inside = min(x2, 1) > max(x1, 0) and min(y2, 1) > max(y1, 0)
        return not line.fault and 0 <= line.class_id < self.class_count and is_inside

    @property
    def xywhn(self) -> Boxes:
        """The sound boxes, (n, 4)."""
        return np.array([self.lines[i].xywhn for i in self.sound], dtype=np.float64).reshape(-1, 4)

    @property
    def class_id(self) -> NDArray[np.int64]:
        return np.array([self.lines[i].class_id for i in self.sound], dtype=np.int64)

    def labels(self, size_wh: SizeWH) -> ImageLabels:
        """The sound boxes in pixels."""
        return ImageLabels.of(self.path, size_wh, xywhn_to_xyxy(self.xywhn, size_wh), self.class_id)


@dataclass(frozen=True, eq=False)
class Look:
    """What the pixels of one picture tell; the arrays are (n,) over its sound boxes.

    ``sharpness`` is NaN where a face is too small to say; ``found`` is what a model sees, in
    pixels of the whole picture, its classes numbered as in the data set.
    """

    size_wh: SizeWH
    orientation: int
    content: str
    phash: int
    sharpness: NDArray[np.float64]
    brightness: NDArray[np.float64]
    found: Detections | None = None


def read_samples(layout: Layout) -> list[Sample]:
    """Every picture of the data set with its label lines; only label files are opened."""
    samples = []
    for placed in layout.pictures:
        label = yolo.label_path_of(placed.path)
        lines, fault = _read_label(label, layout.keypoint_fields)
        name = layout.name_of(placed.path)
        samples.append(
            Sample(
                *(placed.split, placed.path, placed.inside, name, label, lines),
                class_count=len(layout.names),
                label_fault=fault,
            )
        )
    return samples


def _read_label(label: Path, keypoint_fields: int) -> tuple[tuple[Line, ...], str]:
    try:
        return read_lines(label.read_text(encoding="utf-8-sig"), keypoint_fields), ""
    except FileNotFoundError:
        return (), MISSING
    except UnicodeDecodeError:
        return (), "not a text file; expected lines of class cx cy w h"
    except OSError as error:
        return (), f"cannot be read ({error.strerror})"
