"""Looks at photos and videos: reads each, finds its faces, and says what was seen.

Every worker thread takes one photo the whole way, so decoding and the network overlap, no more
photos are in memory than there are threads, and a photo's result does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.album.human import HumanLabels
from facesort.album.looking.crops import cut_crops
from facesort.album.looking.look_cache import LookCache, Seen
from facesort.album.looking.video import look_at_video
from facesort.album.person.describe import Describer, with_identity
from facesort.album.person.vote import Voter
from facesort.album.records import BoxPx, Face, Scan
from facesort.boxes import as_boxes, clip_xyxy
from facesort.errors import PhotoError
from facesort.memory import keep_freed_memory
from facesort.parallel import ordered_map
from facesort.photos import (
    Found,
    Photo,
    content_hash,
    content_of,
    is_video,
    open_photo,
    read_photo_bytes,
)

if TYPE_CHECKING:
    from facesort.detections import Detections
    from facesort.models.detect import Detector

DECODE_PX_PER_IMGSZ = 2  # twice what the network sees: enough for its letterbox and for crops


@dataclass(frozen=True)
class Looked:
    """A scan and, where asked for, one JPEG for each of its faces."""

    scan: Scan
    crops: list[bytes] = field(default_factory=list)


Scanner = Callable[..., Iterator[Looked]]  # `scan_photos`, or what does the same elsewhere


def scan_photos(
    photos: Iterable[tuple[Found, Scan | None]],
    detector: Detector,
    class_names: Sequence[str],
    labels: HumanLabels,
    workers: int,
    with_crops: bool,
    describer: Describer | None = None,
    voter: Voter | None = None,
    cache: LookCache | None = None,
) -> Iterator[Looked]:
    """Look at each photo, in order. The scan that comes with one is what an earlier run saw: it
    stands, with the new time, if the bytes are still the same. A face that a person knows of is
    there whether the detector finds it or not. ``describer`` and ``voter`` are for persons;
    ``cache`` knows what this detector saw in earlier runs, whatever they sorted by."""
    known = cache or LookCache("nobody")

    def find(rgb: NDArray[np.uint8]) -> tuple[Face, ...]:
        size_wh = rgb.shape[1], rgb.shape[0]
        return as_faces(detector.detect([rgb])[0], Photo(rgb, size_wh, 1.0), class_names)

    def look(photo: tuple[Found, Scan | None]) -> Looked:
        found, earlier = photo
        scan = Scan(found.relative, found.size_bytes, found.mtime_ns)
        try:
            video = found.path if is_video(found.path) else None
            data = b"" if video else read_photo_bytes(found.place, found.size_bytes)
            scan = replace(scan, content=content_of(video) if video else content_hash(data))
            if earlier is not None and earlier.content == scan.content:
                return Looked(replace(earlier, mtime_ns=found.mtime_ns))
            if not video:
                return look_at_photo(data, scan)
            scan, crops = look_at_video(video, scan, find, labels, describer, voter, detector.sure)
            return Looked(scan, crops if with_crops else [])
        except PhotoError as error:
            return Looked(replace(scan, problem=str(error)))

    def look_at_photo(data: bytes, scan: Scan) -> Looked:
        seen, picture, found = known.get(scan.content), None, None
        if seen is None:
            picture = open_photo(data, decode_px(detector))
            found = detector.detect([picture.rgb])[0]
            seen = Seen(picture.scale, as_faces(found, picture, class_names))
            known.put(scan.content, seen)
        scan = replace(scan, scale=seen.scale, faces=seen.faces)
        scan = replace(scan, faces=(*seen.faces, *labels.unseen(scan)))
        if not scan.faces or not (with_crops or describer or voter):
            return Looked(scan)
        if picture is None:
            picture = open_photo(data, decode_px(detector))
        if describer is not None:
            scan = replace(scan, faces=with_identity(scan.faces, picture, describer))
        if voter is not None:
            own = found if voter.detector is detector else None
            scan = replace(scan, faces=voter.on(scan.faces, picture, own))
        return Looked(scan, cut_crops(picture, scan) if with_crops else [])

    keep_freed_memory()
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
