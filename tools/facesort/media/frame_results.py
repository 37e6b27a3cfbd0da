"""The records that travel through the media room: an image that was looked at, and its faces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, as_boxes
from facesort.classes import FaceClass
from facesort.detections import Detections
from facesort.media.sources import Source

BoxPx = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """One face; the box in pixels of the full upright image, ``track`` its number in a video."""

    xyxy_px: BoxPx
    class_name: str
    confidence: float
    track: int | None = None

    @property
    def bits(self) -> tuple[int, int] | None:
        """Is the mouth, are the eyes covered: 1 or 0; None if the model has classes of its own."""
        if self.class_name not in FaceClass.__members__:
            return None
        covers = FaceClass[self.class_name]
        return int(covers.mouth_covered), int(covers.eyes_covered)


@dataclass(frozen=True, eq=False)
class FrameResult:
    """A photo, or one frame of a video, and what was found in it.

    ``rgb`` (h, w, 3) may be smaller than the image: ``scale`` is its width over the full width.
    ``stem`` begins the names of files made from it and is unique in a run.
    """

    source: Source
    stem: str
    rgb: NDArray[np.uint8]
    size_wh: tuple[int, int]
    faces: tuple[Face, ...]
    scale: float = 1.0
    frame: int | None = None
    time_s: float | None = None

    @property
    def name(self) -> str:
        """What results call it: a frame is the video's name, ``#`` and its number, from 0."""
        return self.source_name if self.frame is None else f"{self.source_name}#{self.frame}"

    @property
    def source_name(self) -> str:
        """The photo or video, as `text_name` has it."""
        return text_name(self.source)

    @property
    def xyxy_px(self) -> Boxes:
        """(faces, 4) in pixels of the full upright image."""
        return as_boxes([face.xyxy_px for face in self.faces])

    @property
    def boxes_in_rgb(self) -> Boxes:
        """(faces, 4) in pixels of ``rgb``."""
        return self.xyxy_px * self.scale


def text_name(source: Source) -> str:
    """What results call a source, as UTF-8 can hold it: a byte that is none is ``\\xNN``, as in the
    sorter's manifest."""
    return os.fsencode(source.name).decode("utf-8", "backslashreplace")


def as_faces(
    found: Detections, names: Sequence[str], scale: float = 1.0, tracks: Sequence[int | None] = ()
) -> tuple[Face, ...]:
    """Detections in an image of ``scale`` as faces in pixels of the full one, to a tenth."""
    numbers = tracks or [None] * len(found)
    return tuple(
        Face(_tenths(box / scale), names[class_id], round(float(confidence), 6), track)
        for box, class_id, confidence, track in zip(
            found.xyxy_px, found.class_id, found.confidence, numbers, strict=True
        )
    )


def _tenths(box: NDArray[np.float64]) -> BoxPx:
    x1, y1, x2, y2 = (round(float(value), 1) for value in box)
    return x1, y1, x2, y2
