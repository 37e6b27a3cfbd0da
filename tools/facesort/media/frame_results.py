"""The records that travel through the media room: an image that was looked at, and its faces.

With the regions in whole pixels around a face, and the masks of face and head, aligned to the
image.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import Boxes, as_boxes, clip_xyxy, grow_xyxy, in_tenths
from facesort.classes import FaceClass
from facesort.detections import Detections
from facesort.media.sources import Source
from facesort.models.segment import Segment

HEAD_SCALE = 4.0
Region = tuple[int, int, int, int]  # left, top, right, bottom: edges, so width = right - left


def whole_px(xyxy_px: ArrayLike, size_wh: tuple[int, int]) -> Region:
    """The nearest region of whole pixels inside the image, at least one pixel large."""
    box = np.round(clip_xyxy(xyxy_px, size_wh)[0]).astype(int)
    left, top = np.minimum(box[:2], np.array(size_wh) - 1)
    right, bottom = np.maximum(box[2:], [left + 1, top + 1])
    return int(left), int(top), int(right), int(bottom)


def head_of(xyxy_px: ArrayLike, size_wh: tuple[int, int], head_scale: float = HEAD_SCALE) -> Region:
    """The head around a face's box, cut at the border of the image; it contains the face."""
    return whole_px(grow_xyxy(xyxy_px, head_scale), size_wh)


def within(region: Region, outer: Region) -> Region:
    """``region`` in the pixels of ``outer``."""
    dx, dy = outer[:2]
    return region[0] - dx, region[1] - dy, region[2] - dx, region[3] - dy


def cut(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """That part of an image (h, w) or (h, w, 3), without a copy."""
    left, top, right, bottom = region
    return image[top:bottom, left:right]


WHITE = 255


@dataclass(frozen=True, eq=False)
class HeadAndFace:
    """``face_px`` and ``head_px`` in the image; the masks (h, w), 0 or 255, are as large."""

    face_px: Region
    head_px: Region
    face_mask: NDArray[np.uint8]
    head_mask: NDArray[np.uint8]

    @property
    def face_in_head_px(self) -> Region:
        return within(self.face_px, self.head_px)


def masks_of(
    rgb: NDArray[np.uint8],
    xyxy_px: ArrayLike,
    segment: Segment,
    head_scale: float = HEAD_SCALE,
) -> HeadAndFace:
    """Masks of one face of an image (h, w, 3).

    The face's mask is what the head's has inside the oval that fills the face's box: hair, ears
    and shoulders in the corners of the box are no face.
    """
    size_wh = rgb.shape[1], rgb.shape[0]
    face_px = whole_px(xyxy_px, size_wh)
    head_px = head_of(xyxy_px, size_wh, head_scale)
    inside = within(face_px, head_px)
    head_mask = np.where(segment(cut(rgb, head_px), inside), WHITE, 0).astype(np.uint8)
    face_mask = np.where(oval(xyxy_px, face_px), cut(head_mask, inside), 0).astype(np.uint8)
    return HeadAndFace(face_px, head_px, face_mask, head_mask)


def oval(xyxy_px: ArrayLike, region: Region) -> NDArray[np.bool_]:
    """True inside the oval that fills a box, as an array over ``region``. A face that the border
    cuts in half has half an oval only if its box goes on beyond; boxes usually end there."""
    x1, y1, x2, y2 = np.asarray(xyxy_px, dtype=np.float64)
    left, top, right, bottom = region
    x = (np.arange(left, right) + 0.5 - (x1 + x2) / 2) / max((x2 - x1) / 2, 0.5)
    y = (np.arange(top, bottom) + 0.5 - (y1 + y2) / 2) / max((y2 - y1) / 2, 0.5)
    inside: NDArray[np.bool_] = x[None, :] ** 2 + y[:, None] ** 2 <= 1
    return inside


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
        Face(in_tenths(box / scale), names[class_id], round(float(confidence), 6), track)
        for box, class_id, confidence, track in zip(
            found.xyxy_px, found.class_id, found.confidence, numbers, strict=True
        )
    )
