"""From a detector's boxes in a reduced image to faces in pixels of the full photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from facesort.album.records import Face
from facesort.boxes import as_boxes, clip_xyxy, in_tenths
from facesort.photos import Photo

if TYPE_CHECKING:
    from facesort.detections import Detections
    from facesort.models.detect import Detector

DECODE_PX_PER_IMGSZ = 2  # twice what the network sees: enough for its letterbox and for crops


def decode_px(detector: Detector) -> int:
    return DECODE_PX_PER_IMGSZ * detector.imgsz


def as_faces(found: Detections, photo: Photo, class_names: Sequence[str]) -> tuple[Face, ...]:
    """Detections in the image at hand as faces in pixels of the full photo."""
    boxes = clip_xyxy(as_boxes(found.xyxy_px) / photo.scale, photo.size_wh)
    return tuple(
        Face(in_tenths(box), class_names[class_id], round(float(confidence), 4))
        for box, class_id, confidence in zip(boxes, found.class_id, found.confidence, strict=True)
    )
