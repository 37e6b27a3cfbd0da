"""One number a face throughout a video, by ByteTrack, and one class, by a vote over its track.

Y. Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022,
as Ultralytics keeps it, with its own settings but for one: likeness of place is not weighed by the
confidence, which is low for covered faces. On a video of eight scenes that leaves 95 of 1,462
sights without a number instead of 257, and 28 of 34 faces keep one throughout, instead of 27 of 30
(tests/benchmarks/video.py). A face seen in one frame only gets none, but in the first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import numpy as np

from facesort import packages
from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.media.frame_results import Face, FrameResult

LOWEST_CONF = 0.1  # ByteTrack goes on with a track on weaker detections than it begins one with
_NUMBER, _INDEX = 4, 7  # columns of the tracker's answer


class Tracker:
    """Of one video; a new video needs a new one."""

    def __init__(self) -> None:
        boxes, tracker, settings = _ultralytics()
        self._boxes = boxes
        self._tracker = tracker(settings)

    def update(self, found: Detections, size_wh: tuple[int, int]) -> list[int | None]:
        """The numbers of the faces of the next frame, from 1; None for a face without one yet."""
        numbers: list[int | None] = [None] * len(found)
        rows = np.column_stack([found.xyxy_px, found.confidence, found.class_id]).astype(np.float32)
        boxes = self._boxes(rows.reshape(-1, 6), size_wh[::-1])
        for row in self._tracker.update(boxes):
            numbers[int(row[_INDEX])] = int(row[_NUMBER])
        return numbers


def _ultralytics() -> tuple[Any, Any, Any]:
    """Its boxes, its tracker, and the tracker's settings, read from its own file."""
    try:
        from facesort.models.ultralytics_loader import import_ultralytics

        root: Any = import_ultralytics()
        from ultralytics.engine import results
        from ultralytics.trackers import byte_tracker
    except ImportError as error:
        raise ModelError(
            f"tracking needs ultralytics and lap ({error}); pass --no-track, or run: "
            + packages.install_line(["ultralytics", "lap"])
        ) from error
    file = root.utils.ROOT / "cfg" / "trackers" / "bytetrack.yaml"
    settings = root.utils.IterableSimpleNamespace(
        **(root.utils.YAML.load(file) | {"fuse_score": False})
    )
    return results.Boxes, byte_tracker.BYTETracker, settings


class Votes:
    """Each sight of a face votes for its class with its confidence."""

    def __init__(self) -> None:
        self._by_track: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def add(self, look: FrameResult) -> None:
        for face in look.faces:
            if face.track is not None:
                self._by_track[face.track][face.class_name] += face.confidence  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._by_track)

    def decide(self, look: FrameResult) -> FrameResult:
        """``look`` with each tracked face in the class that has most votes so far."""
        return replace(look, faces=tuple(self._decided(face) for face in look.faces))

    def _decided(self, face: Face) -> Face:
        if face.track is None or face.track not in self._by_track:
            return face
        return replace(face, class_name=self._by_track[face.track].most_common(1)[0][0])
