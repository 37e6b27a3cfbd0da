"""Looks at photos and videos one after the other, and hands what it sees to the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from facesort.errors import PhotoError
from facesort.media.frame_results import FrameResult, as_faces
from facesort.media.job import Count, Job, hand_on
from facesort.media.outputs import Stems
from facesort.media.process_video import process_video
from facesort.media.sources import Source
from facesort.media.timer import Timer
from facesort.media.window import Quit
from facesort.models.detect import YoloDetector
from facesort.parallel import ordered_map
from facesort.photos import open_photo


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
