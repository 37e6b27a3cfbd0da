"""Looks at one video, camera or stream: frames in threads, then numbers and votes in order."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.media.ahead import in_thread
from facesort.media.clock import Clock
from facesort.media.job import Count, Job, hand_on
from facesort.media.looks import Look, as_faces
from facesort.media.outputs import Output
from facesort.media.sources import Source
from facesort.media.tracking import LOWEST_CONF, Tracker, Votes
from facesort.parallel import ordered_map
from facesort.photos.video import Frame, Video

Looks = Generator[Look, None, None]
FRAMES_AHEAD = 8  # decoded frames that wait: 22 MB at 1280 x 720


def look_at_video(source: Source, job: Job, stem: str, count: Count) -> None:
    """Look at one video to its end; what goes wrong with it is in ``count``."""
    try:
        video = Video(source.where, source.kind)
    except PhotoError as error:
        count.problems.append(f"{source.name}: {error}")
        for output in job.outputs:
            output.failed(source)
        return
    votes = Votes()
    count.videos += 1
    fps = video.fps / job.stride if not job.every_s else min(video.fps, 1 / job.every_s)
    with video:
        for output in job.outputs:
            output.begin(source, fps)
        problems: list[str] = []
        try:
            with closing(_looks(video, source, job, stem, votes, count)) as looks:
                for look in looks:
                    hand_on(look, job, count)
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


def _looks(video: Video, source: Source, job: Job, stem: str, votes: Votes, count: Count) -> Looks:
    """Frames are decoded in a thread of their own and looked at in several; only what knows of the
    frame before, numbers and votes, goes one after the other."""
    live = source.is_live
    tracker = Tracker() if job.track else None
    conf = job.detector.conf
    # one look a frame: the frames before and after are further looks
    weak = replace(job.detector, conf=min(conf, LOWEST_CONF) if tracker else conf, sizes=None)

    def detect(frame: Frame) -> tuple[Frame, Detections]:
        with count.clock.measure("detect"):
            return frame, weak.detect([frame.rgb])[0]

    frames = in_thread(
        _measured(video.frames(job.stride, job.every_s), count.clock),
        room=1 if live else FRAMES_AHEAD,
        newest_only=live,
    )
    total = None
    if video.frames_announced and not job.every_s:
        total = -(-video.frames_announced // job.stride)
    with closing(frames):  # its thread reads from the video: it ends before the video is closed
        seen = ordered_map(detect, frames, 1 if live else job.workers)
        for frame, found in job.progress(seen, total, "frame"):
            with count.clock.measure("track"):
                look = _as_look(frame, found, job, source, stem, tracker)
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
