"""One run of find_faces.py: from what is wanted to the outputs, and the account of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort.classes import parse_class
from facesort.errors import LabelError
from facesort.media import outputs
from facesort.media.advice import Advice, require_classes
from facesort.media.frame_results import HEAD_SCALE
from facesort.media.job import Count, Job, Progress
from facesort.media.live_view import Window
from facesort.media.outputs import Output
from facesort.media.process_sources import process_sources
from facesort.media.sources import Sources
from facesort.models.detect import YoloDetector, load_detector, with_second_looks
from facesort.selfie.limits import Limits

STOPPED = 130


@dataclass(frozen=True)
class Options:
    """The options of a run. ``interval_s``: None where not given."""

    out: Path
    csv: bool = False
    jsonl: bool = False
    annotate: bool = False
    crops: bool = False
    masks: bool = False
    advise: Limits | None = None
    language: str = "en"
    segmenter: Path | None = None
    head_scale: float = HEAD_SCALE
    show: bool = False
    interval_s: float | None = None
    stride: int = 1
    track: bool = True
    workers: int = 1

    @property
    def makes_images(self) -> bool:
        return self.annotate or self.crops or self.masks or self.show


@dataclass(frozen=True)
class Model:
    weights: Path
    conf: float | None = None
    imgsz: int | None = None


@dataclass(frozen=True)
class Result:
    lines: tuple[str, ...]
    exit_code: int


def run(sources: Sources, wanted: Options, model: Model, progress: Progress) -> Result:
    """Find faces in ``sources``; what failed is in the account, with its reason."""
    detector = with_second_looks(load_detector(model.weights, model.conf, model.imgsz))
    made = _outputs(wanted, detector)
    job = Job(
        detector=detector,
        class_names=class_names(detector),
        outputs=made,
        progress=progress,
        workers=wanted.workers,
        whole=wanted.makes_images,
        stride=wanted.stride,
        every_s=wanted.interval_s or 0.0,
        track=wanted.track,
    )
    count, stopped, began_s = Count(), False, time.perf_counter()
    try:
        process_sources(sources.found, job, count)
    except KeyboardInterrupt:  # the way to end a camera without a window: what is done is kept
        stopped = True
    lines = _account(sources, count, made, wanted.out, time.perf_counter() - began_s)
    if stopped:
        return Result((*lines, "stopped by Ctrl-C; what was found until then is written"), STOPPED)
    return Result(lines, 1 if count.problems or sources.missing else 0)


def class_names(detector: YoloDetector) -> tuple[str, ...]:
    """The model's classes, ours by our names; a model of one or of other classes is fine here."""
    names = []
    for name in detector.names:
        try:
            names.append(parse_class(name).name)
        except LabelError:
            names.append(name)
    return tuple(names)


def _outputs(wanted: Options, detector: YoloDetector) -> list[Output]:
    window = Window(round(1000 * (wanted.interval_s or 0.0))) if wanted.show else None
    segment = None
    if wanted.masks:
        from facesort.models.segment import load_segmenter

        segment = load_segmenter(wanted.segmenter)
    if wanted.advise is not None:
        require_classes(class_names(detector))
    folder = outputs.new_folder(wanted.out)  # after all that may fail
    made = [outputs.inference_results(folder)]
    if wanted.csv:
        made.append(outputs.csv_file(folder))
    if wanted.jsonl:
        made.append(outputs.json_lines(folder))
    if wanted.advise is not None:
        made.append(Advice(folder, detector, wanted.advise, wanted.language))
    if not wanted.makes_images:
        return made
    from facesort.media import image_outputs as images

    if wanted.crops:
        made.append(images.Crops(folder, wanted.head_scale))
    if segment is not None:
        made.append(images.Masks(folder, segment, wanted.head_scale))
    if wanted.annotate:
        made.append(images.Annotated(folder))
    if window is not None:
        made.append(images.Shown(window))
    return made


def _account(
    sources: Sources, count: Count, made: Sequence[Output], out: Path, wall_s: float
) -> tuple[str, ...]:
    """What came in, what came out, what failed and why, and where the time went."""
    problems = [*sources.missing, *count.problems]
    given = len(sources.found) + len(sources.missing)
    failed = len(problems)
    left = given - count.opened - failed
    unseen = f" + {left:,} not finished" if left else ""
    lines = [f"left out: {line}" for line in sources.left_out] + [
        f"problem: {line}" for line in problems
    ]
    lines.append(f"sources: {given:,} = {count.opened:,} looked at + {failed:,} failed{unseen}")
    if count.videos:
        lines.append(f"images: {count.photos:,} photos, {count.frames:,} frames of videos")
    total = sum(count.faces.values())
    classes = ", ".join(f"{name} {number:,}" for name, number in sorted(count.faces.items()))
    lines.append(f"faces: {total:,}" + (f" ({classes})" if classes else ""))
    if count.tracks:
        lines.append(f"different faces in videos: {count.tracks:,}")
    lines += _times(count, wall_s)
    files = ", ".join(text for text in (output.summary for output in made) if text)
    return (*lines, f"in {out}: {files}")


def _times(count: Count, wall_s: float) -> list[str]:
    """Work per image, whichever thread did it, and the time that passed."""
    if not count.images:
        return []
    timer = count.timer

    def each_ms(seconds: float) -> str:
        return f"{1000 * seconds / count.images:.1f}"

    post_s = max(timer.seconds("detect") - timer.seconds("forward"), 0.0) + timer.seconds("track")
    parts = (
        f"decode {each_ms(timer.seconds('decode'))}, forward {each_ms(timer.seconds('forward'))}, "
        f"fit and post {each_ms(post_s)}, write {each_ms(timer.seconds('write'))}"
    )
    rate = f"{count.images / wall_s:.1f} images a second"
    against = f", {count.video_s / wall_s:.2f} x real time" if count.video_s else ""
    return [f"work in ms an image: {parts}; {rate}{against}"]
