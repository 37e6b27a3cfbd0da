"""Looks at photos and videos: reads each, finds its faces, and says what was seen.

Every worker thread takes one photo the whole way, so decoding and the network overlap, no more
photos are in memory than there are threads, and a photo's result does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.album.detected_faces import as_faces, decode_px
from facesort.album.person.ensemble import EnsembleModel
from facesort.album.person.face_encoder import FaceEncoder, with_identity
from facesort.album.records import Face, Scan
from facesort.album.scanning.detection_cache import CachedScan, DetectionCache
from facesort.album.scanning.face_crops import cut_crops
from facesort.album.scanning.video_scan import scan_video
from facesort.album.user_labels import UserLabels
from facesort.errors import PhotoError
from facesort.parallel import keep_freed_memory, ordered_map
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
    from facesort.models.detect import Detector


@dataclass(frozen=True)
class ScanResult:
    """A scan and, where asked for, one JPEG for each of its faces."""

    scan: Scan
    crops: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Scanner:
    """Looks at photos: with which models, and what for.

    ``class_names`` are ours for the detector's classes. A face that a person knows of (``labels``)
    is there whether the detector finds it or not. ``encoder`` and ``voter`` are for persons;
    ``cache`` knows what this detector saw in earlier runs, whatever they sorted by.
    """

    detector: Detector
    class_names: tuple[str, ...]
    labels: UserLabels
    with_crops: bool
    encoder: FaceEncoder | None = None
    voter: EnsembleModel | None = None
    cache: DetectionCache = field(default_factory=lambda: DetectionCache("unknown"))

    def look(self, photo: tuple[Found, Scan | None]) -> ScanResult:
        """The scan that comes with a photo is what an earlier run saw: it stands, with the new
        time, if the bytes are still the same."""
        found, earlier = photo
        scan = Scan(found.relative, found.size_bytes, found.mtime_ns)
        try:
            video = found.path if is_video(found.path) else None
            data = b"" if video else read_photo_bytes(found.place, found.size_bytes)
            scan = replace(scan, content=content_of(video) if video else content_hash(data))
            if earlier is not None and earlier.content == scan.content:
                return ScanResult(replace(earlier, mtime_ns=found.mtime_ns))
            return self._at_video(video, scan) if video else self._at_photo(data, scan)
        except PhotoError as error:
            return ScanResult(replace(scan, problem=str(error)))

    def _at_video(self, video: Path, scan: Scan) -> ScanResult:
        def find(rgb: NDArray[np.uint8]) -> tuple[Face, ...]:
            size_wh = rgb.shape[1], rgb.shape[0]
            found = self.detector.detect([rgb])[0]
            return as_faces(found, Photo(rgb, size_wh, 1.0), self.class_names)

        sure = self.detector.sure
        scan, crops = scan_video(video, scan, find, self.labels, self.encoder, self.voter, sure)
        return ScanResult(scan, crops if self.with_crops else [])

    def _at_photo(self, data: bytes, scan: Scan) -> ScanResult:
        seen, image, found = self.cache.get(scan.content), None, None
        if seen is None:
            image = open_photo(data, decode_px(self.detector))
            found = self.detector.detect([image.rgb])[0]
            seen = CachedScan(image.scale, as_faces(found, image, self.class_names))
            self.cache.put(scan.content, seen)
        scan = replace(scan, scale=seen.scale, faces=seen.faces)
        scan = replace(scan, faces=(*seen.faces, *self.labels.unseen(scan)))
        if not scan.faces or not (self.with_crops or self.encoder or self.voter):
            return ScanResult(scan)
        if image is None:
            image = open_photo(data, decode_px(self.detector))
        if self.encoder is not None:
            scan = replace(scan, faces=with_identity(scan.faces, image, self.encoder))
        if self.voter is not None:
            own = found if self.voter.detector is self.detector else None
            scan = replace(scan, faces=self.voter.on(scan.faces, image, own))
        return ScanResult(scan, cut_crops(image, scan) if self.with_crops else [])


Photos = Iterable[tuple[Found, Scan | None]]  # each with what an earlier run saw
ScanFunction = Callable[
    [Photos, Scanner, int], Iterator[ScanResult]
]  # `scan_photos`, or one elsewhere


def scan_photos(photos: Photos, scanner: Scanner, workers: int) -> Iterator[ScanResult]:
    """Look at each photo, in order."""
    keep_freed_memory()
    return ordered_map(scanner.look, photos, workers)
