"""Runs the detector over photos, videos, cameras and streams; results go to the outputs. A thread
works ahead: frames are decoded while the last ones are looked at.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.media.frame_results import FrameResult, as_faces
from facesort.media.job import Count, Job, Timer, hand_on
from facesort.media.live_view import Quit
from facesort.media.outputs import Output, Stems
from facesort.media.sources import Source
from facesort.media.tracking import LOWEST_CONF, Tracker, Votes
from facesort.models.detect import YoloDetector
from facesort.parallel import ordered_map
from facesort.photos import open_photo
from facesort.photos.video import Frame, Video

T = TypeVar("T")
POLL_S = 0.1


@dataclass(frozen=True)
class _End:
    error: BaseException | None


def in_thread(items: Iterable[T], room: int, newest_only: bool = False) -> Generator[T, None, None]:
    """``items``, drawn in a thread, at most ``room`` ahead.

    ``newest_only``: what waits while a newer one comes is dropped, so that a camera is never late.
    An exception of ``items`` surfaces here. The thread ends with this iterator, also if it is
    closed early.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(room)
    stopped = threading.Event()

    def put(item: T | _End, may_drop: bool) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0 if may_drop else POLL_S)
                return
            except queue.Full:
                if may_drop:
                    _drop_oldest(waiting)

    def draw() -> None:
        try:
            for item in items:
                put(item, newest_only)
                if stopped.is_set():
                    return
            put(_End(None), may_drop=False)
        except BaseException as error:  # to be raised where it can be handled
            put(_End(error), may_drop=False)

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def _drop_oldest(waiting: queue.Queue[T | _End]) -> None:
    try:
        waiting.get_nowait()
    except queue.Empty:  # it was picked up just now
        pass


FrameResults = Generator[FrameResult, None, None]
FRAMES_AHEAD = 8  # decoded frames that wait: 22 MB at 1280 x 720


def process_video(source: Source, job: Job, stem: str, count: Count) -> None:
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


def _looks(
    video: Video, source: Source, job: Job, stem: str, votes: Votes, count: Count
) -> FrameResults:
    """Frames are decoded in a thread of their own and looked at in several; only what knows of the
    frame before, numbers and votes, goes one after the other."""
    live = source.is_live
    tracker = Tracker() if job.track else None
    conf = job.detector.conf
    # one look a frame: the frames before and after are further looks
    weak = replace(job.detector, conf=min(conf, LOWEST_CONF) if tracker else conf, sizes=None)

    def detect(frame: Frame) -> tuple[Frame, Detections]:
        with count.timer.measure("detect"):
            return frame, weak.detect([frame.rgb])[0]

    frames = in_thread(
        _measured(video.frames(job.stride, job.every_s), count.timer),
        room=1 if live else FRAMES_AHEAD,
        newest_only=live,
    )
    total = None
    if video.frames_announced and not job.every_s:
        total = -(-video.frames_announced // job.stride)
    with closing(frames):  # its thread reads from the video: it ends before the video is closed
        seen = ordered_map(detect, frames, 1 if live else job.workers)
        for frame, found in job.progress(seen, total, "frame"):
            with count.timer.measure("track"):
                look = _as_look(frame, found, job, source, stem, tracker)
                votes.add(look)
            count.video_s = max(count.video_s, frame.time_s)
            yield votes.decide(look)


def _measured(frames: Iterator[Frame], timer: Timer) -> Iterator[Frame]:
    while True:
        with timer.measure("decode"):
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
) -> FrameResult:
    """The faces that are certain enough; the others only help to go on with a track."""
    size_wh = frame.rgb.shape[1], frame.rgb.shape[0]
    tracks = tracker.update(found, size_wh) if tracker else [None] * len(found)
    sure = np.flatnonzero(found.confidence >= job.detector.conf)
    kept = Detections(found.xyxy_px[sure], found.class_id[sure], found.confidence[sure])
    faces = as_faces(kept, job.class_names, tracks=[tracks[i] for i in sure])
    name = f"{stem}_{frame.index:06d}"
    return FrameResult(source, name, frame.rgb, size_wh, faces, 1.0, frame.index, frame.time_s)


def process_sources(sources: Sequence[Source], job: Job, count: Count) -> None:
    """Look at every source and hand it to the outputs; ``count`` is true at every moment, also
    when this is stopped by an exception. Outputs are always closed."""
    timed = replace(job, detector=_timed(job.detector, count.timer))
    stems = Stems()
    photos = [source for source in sources if not source.moves]
    try:
        _photos(photos, timed, stems, count)
        for source in sources:
            if source.moves:
                process_video(source, timed, stems.of(source), count)
    except Quit:
        pass
    finally:
        for output in job.outputs:
            output.close()


def _timed(detector: YoloDetector, timer: Timer) -> YoloDetector:
    """The same detector; the network's own share of the time is measured."""
    forward = detector.forward

    def measured(pixels: Any) -> Any:
        with timer.measure("forward"):
            return forward(pixels)

    return replace(detector, forward=measured)


def _photos(photos: Sequence[Source], job: Job, stems: Stems, count: Count) -> None:
    named = [(source, stems.of(source)) for source in photos]
    least_px = None if job.whole else 2 * job.detector.imgsz

    def look(one: tuple[Source, str]) -> FrameResult | tuple[Source, str]:
        source, stem = one
        try:
            with count.timer.measure("decode"):
                photo = open_photo(Path(source.where), least_px)
        except PhotoError as error:
            return source, str(error)
        with count.timer.measure("detect"):
            found = job.detector.detect([photo.rgb])[0]
        faces = as_faces(found, job.class_names, photo.scale)
        return FrameResult(source, stem, photo.rgb, photo.size_wh, faces, photo.scale)

    looks = ordered_map(look, named, job.workers)
    for seen in job.progress(looks, len(named), "photo") if named else ():
        if isinstance(seen, FrameResult):
            count.opened += 1
            hand_on(seen, job, count)
        else:
            source, problem = seen
            count.problems.append(problem)
            for output in job.outputs:
                output.failed(source)
