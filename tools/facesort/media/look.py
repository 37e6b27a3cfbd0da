"""Looks at sources one after the other: opens them, finds faces, numbers and votes in videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.media.ahead import in_thread
from facesort.media.clock import Clock
from facesort.media.looks import Look, as_faces
from facesort.media.outputs import Output, Stems
from facesort.media.sources import Source
from facesort.media.tracking import LOWEST_CONF, Tracker, Votes
from facesort.media.video import Frame, Video
from facesort.media.window import Quit
from facesort.models.detect import YoloDetector
from facesort.parallel import ordered_map
from facesort.photos import open_photo

FRAMES_AHEAD = 8  # decoded frames that wait: 22 MB at 1280 x 720
Progress = Callable[..., Any]  # console.progress(items, total, unit)


@dataclass(frozen=True)
class Job:
    """How to look. ``whole``: pictures are made, so photos are decoded at their full size;
    ``every_s``: no two frames of a video within so many seconds."""

    detector: YoloDetector
    class_names: Sequence[str]
    outputs: Sequence[Output]
    progress: Progress
    workers: int = 1
    whole: bool = True
    stride: int = 1
    every_s: float = 0.0
    track: bool = True


@dataclass
class Count:
    """What came of it. ``problems`` has one line for each source that failed, or ended early."""

    photos: int = 0
    frames: int = 0
    videos: int = 0
    opened: int = 0  # photos and videos
    video_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    faces: dict[str, int] = field(default_factory=dict)
    tracks: int = 0
    quit: bool = False
    clock: Clock = field(default_factory=Clock)

    @property
    def pictures(self) -> int:
        return self.photos + self.frames

    def add(self, look: Look) -> None:
        if look.frame is None:
            self.photos += 1
        else:
            self.frames += 1
        for face in look.faces:
            self.faces[face.class_name] = self.faces.get(face.class_name, 0) + 1


def look_at(sources: Sequence[Source], job: Job, count: Count) -> None:
    """Look at every source and hand it to the outputs; ``count`` is true at every moment, also
    when this is stopped by an exception. Outputs are always closed."""
    timed = replace(job, detector=_timed(job.detector, count.clock))
    stems = Stems()
    photos = [source for source in sources if not source.moves]
    try:
        _photos(photos, timed, stems, count)
        for source in sources:
            if source.moves:
                _video(source, timed, stems.of(source), count)
    except Quit:
        count.quit = True
    finally:
        for output in job.outputs:
            output.close()


def _timed(detector: YoloDetector, clock: Clock) -> YoloDetector:
    """The same detector; the network's own share of the time is measured."""
    forward = detector.forward

    def measured(pixels: Any) -> Any:
        with clock.measure("forward"):
            return forward(pixels)

    return replace(detector, forward=measured)


def _photos(photos: Sequence[Source], job: Job, stems: Stems, count: Count) -> None:
    named = [(source, stems.of(source)) for source in photos]
    least_px = None if job.whole else 2 * job.detector.imgsz

    def look(one: tuple[Source, str]) -> Look | str:
        source, stem = one
        try:
            with count.clock.measure("decode"):
                photo = open_photo(Path(source.where), least_px)
        except PhotoError as error:
            return str(error)
        with count.clock.measure("detect"):
            found = job.detector.detect([photo.rgb])[0]
        faces = as_faces(found, job.class_names, photo.scale)
        return Look(source, stem, photo.rgb, photo.size_wh, faces, photo.scale)

    looks = ordered_map(look, named, job.workers)
    for seen in job.progress(looks, len(named), "photo") if named else ():
        if isinstance(seen, Look):
            count.opened += 1
            _hand_on(seen, job, count)
        else:
            count.problems.append(seen)


def _hand_on(look: Look, job: Job, count: Count) -> None:
    count.add(look)
    with count.clock.measure("write"):
        for output in job.outputs:
            output.take(look)


def _video(source: Source, job: Job, stem: str, count: Count) -> None:
    try:
        video = Video(source)
    except PhotoError as error:
        count.problems.append(f"{source.name}: {error}")
        return
    votes = Votes()
    count.videos += 1
    fps = video.fps / job.stride if not job.every_s else min(video.fps, 1 / job.every_s)
    with video:
        for output in job.outputs:
            output.begin(source, fps)
        problems: list[str] = []
        try:
            for look in _looks(video, job, stem, votes, count):
                _hand_on(look, job, count)
        except PhotoError as error:  # of an output: the next video may fare better
            problems.append(str(error))
        finally:
            count.tracks += len(votes)
            problems += _end(job.outputs, votes)
    problems += [f"{source.name}: {video.problem}"] if video.problem else []
    count.opened += not problems
    count.problems += problems[:1]


def _end(outputs: Sequence[Output], votes: Votes) -> list[str]:
    """End a video for every output, whatever one of them says."""
    problems = []
    for output in outputs:
        try:
            output.end(votes)
        except PhotoError as error:
            problems.append(str(error))
    return problems


def _looks(video: Video, job: Job, stem: str, votes: Votes, count: Count) -> Iterator[Look]:
    """Frames are decoded in a thread of their own and looked at in several; only what knows of the
    frame before, numbers and votes, goes one after the other."""
    live = video.source.is_live
    tracker = Tracker() if job.track else None
    conf = job.detector.conf
    weak = replace(job.detector, conf=min(conf, LOWEST_CONF) if tracker else conf)

    def detect(frame: Frame) -> tuple[Frame, Detections]:
        with count.clock.measure("detect"):
            return frame, weak.detect([frame.rgb])[0]

    frames = in_thread(
        _measured(video.frames(job.stride, job.every_s), count.clock),
        room=1 if live else FRAMES_AHEAD,
        newest_only=live,
    )
    total = None if video.frames_announced is None else -(-video.frames_announced // job.stride)
    seen = ordered_map(detect, frames, 1 if live else job.workers)
    for frame, found in job.progress(seen, total, "frame"):
        with count.clock.measure("track"):
            look = _as_look(frame, found, job, video.source, stem, tracker)
            votes.add(look)
        count.video_s = max(count.video_s, frame.time_s)
        yield votes.decide(look)


def _measured(frames: Iterator[Frame], clock: Clock) -> Iterator[Frame]:
    while True:
        with clock.measure("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _as_look(
    frame: Frame,
    found: Detections,
    job: Job,
    source: Source,
    stem: str,
    tracker: Tracker | None,
) -> Look:
    """The faces that are certain enough; the others only help to go on with a track."""
    size_wh = frame.rgb.shape[1], frame.rgb.shape[0]
    tracks = tracker.update(found, size_wh) if tracker else [None] * len(found)
    sure = np.flatnonzero(found.confidence >= job.detector.conf)
    kept = Detections(found.xyxy_px[sure], found.class_id[sure], found.confidence[sure])
    faces = as_faces(kept, job.class_names, tracks=[tracks[i] for i in sure])
    name = f"{stem}_{frame.index:06d}"
    return Look(source, name, frame.rgb, size_wh, faces, 1.0, frame.index, frame.time_s)
