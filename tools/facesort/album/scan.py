"""Looks at photos: reads each once, finds its faces, and says what was seen.

Every worker thread takes one photo the whole way, so decoding and the network overlap, no more
photos are in memory than there are threads, and a photo's result does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from facesort.album.crops import cut_crops
from facesort.album.describe import Describer, with_identity
from facesort.album.human import HumanLabels
from facesort.album.records import BoxPx, Face, Scan
from facesort.album.vote import Voter
from facesort.boxes import as_boxes, clip_xyxy
from facesort.errors import PhotoError
from facesort.parallel import ordered_map
from facesort.photos import Found, Photo, content_hash, open_photo, read_photo_bytes

if TYPE_CHECKING:
    from facesort.detections import Detections
    from facesort.models.detect import Detector

DECODE_PX_PER_IMGSZ = 2  # twice what the network sees: enough for its letterbox and for crops


@dataclass(frozen=True)
class Looked:
    """A scan and, where asked for, one JPEG for each of its faces."""

    scan: Scan
    crops: list[bytes] = field(default_factory=list)


def scan_photos(
    photos: Iterable[tuple[Found, Scan | None]],
    detector: Detector,
    class_names: Sequence[str],
    labels: HumanLabels,
    workers: int,
    with_crops: bool,
    describer: Describer | None = None,
    voter: Voter | None = None,
) -> Iterator[Looked]:
    """Look at each photo, in order. The scan that comes with one is what an earlier run saw: it
    stands, with the new time, if the bytes are still the same. A face that a person knows of is
    there whether the detector finds it or not. ``describer`` and ``voter`` are for persons."""

    def look(photo: tuple[Found, Scan | None]) -> Looked:
        found, earlier = photo
        scan = Scan(found.relative, found.size_bytes, found.mtime_ns)
        try:
            data = read_photo_bytes(found.path)
            scan = replace(scan, content=content_hash(data))
            if earlier is not None and earlier.content == scan.content:
                return Looked(replace(earlier, mtime_ns=found.mtime_ns))
            picture = open_photo(data, decode_px(detector))
        except PhotoError as error:
            return Looked(replace(scan, problem=str(error)))
        found_faces = detector.detect([picture.rgb])[0]
        faces = as_faces(found_faces, picture, class_names)
        scan = replace(scan, scale=picture.scale, faces=faces)
        faces = (*faces, *labels.unseen(scan))
        if describer is not None:
            faces = with_identity(faces, picture, describer)
        if voter is not None:
            known = found_faces if voter.detector is detector else None
            faces = voter.on(faces, picture, known)
        scan = replace(scan, faces=faces)
        return Looked(scan, cut_crops(picture, scan) if with_crops else [])

    return ordered_map(look, photos, workers)


def decode_px(detector: Detector) -> int:
    return DECODE_PX_PER_IMGSZ * detector.imgsz


def as_faces(found: Detections, photo: Photo, class_names: Sequence[str]) -> tuple[Face, ...]:
    """Detections in the picture at hand as faces in pixels of the full photo."""
    boxes = clip_xyxy(as_boxes(found.xyxy_px) / photo.scale, photo.size_wh)
    return tuple(
        Face(_rounded(box), class_names[class_id], round(float(confidence), 4))
        for box, class_id, confidence in zip(boxes, found.class_id, found.confidence, strict=True)
    )


def _rounded(box: Iterable[float]) -> BoxPx:
    x1, y1, x2, y2 = (round(float(value), 1) for value in box)
    return x1, y1, x2, y2
