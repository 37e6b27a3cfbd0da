"""Videos: frames, strides, bad files; tracks and votes; the thread that works ahead."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from clips import FPS, FRAMES, VIDEO_WH, write_clip

from facesort.detections import Detections
from facesort.errors import PhotoError
from facesort.media.frame_results import Face, FrameResult
from facesort.media.job import Count, Job
from facesort.media.outputs import Output, csv_file
from facesort.media.process_sources import in_thread, process_sources
from facesort.media.sources import Kind, Source, resolve
from facesort.media.tracking import Tracker, Votes
from facesort.models.detect import load_detector
from facesort.photos.video import Video

ONNX = Path(__file__).resolve().parents[2] / "weights" / "occlusion.onnx"


def source(path: Path | str) -> Source:
    return Source("video", str(path), Path(path).name)


@pytest.mark.parametrize(
    ("stride", "every_s", "indices"),
    [
        (1, 0.0, list(range(FRAMES))),
        (5, 0.0, [0, 5, 10]),
        (1, 0.4, [0, 4, 8]),
        (100, 0.0, [0]),
    ],
)
def test_frames(clip: Path, stride: int, every_s: float, indices: list[int]) -> None:
    with Video(clip) as video:
        frames = list(video.frames(stride, every_s))
    assert [frame.index for frame in frames] == indices
    assert [frame.time_s for frame in frames] == pytest.approx([i / FPS for i in indices])
    assert {frame.rgb.shape for frame in frames} == {(*VIDEO_WH[::-1], 3)}
    assert (video.fps, video.frames_announced, video.problem) == (FPS, FRAMES, "")


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_a_name_that_is_no_text(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(clip, path)
    with Video(path) as video:
        assert len(list(video.frames())) == FRAMES


def test_frames_by_their_numbers(clip: Path) -> None:
    with Video(clip) as video:
        every = {frame.index: frame.rgb for frame in video.frames()}
    with Video(clip) as video:
        some = list(video.frames_at({7, 2, 99}, last=99))
    assert [frame.index for frame in some] == [2, 7]
    assert all(np.array_equal(frame.rgb, every[frame.index]) for frame in some)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"no video at all", "is no video that can be decoded"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PhotoError, match=message):
        Video(path)


@pytest.mark.parametrize(
    ("kind", "where", "message"),
    [("camera", "97", "expected a camera"), ("stream", "http://127.0.0.1:9/x", "no video from")],
)
def test_cameras_and_streams_that_are_not_there(kind: str, where: str, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        Video(where, kind)


def test_a_video_that_ends_too_early_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "cut.avi"  # an AVI file announces its frames in front
    write_clip(path, [noise] * 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Video(path) as video:
        frames = list(video.frames())
    assert 0 < len(frames) < 38 and "of 40 frames" in video.problem


def test_a_thread_ahead_keeps_order_and_passes_errors_on() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise PhotoError("gone")

    seen = []
    with pytest.raises(PhotoError, match="gone"):
        for item in in_thread(items(), room=2):
            seen.append(item)
    assert seen == list(range(5))
    assert list(in_thread([], room=1)) == []


def test_a_thread_ahead_ends_with_its_reader() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    before = threading.active_count()
    reader = in_thread(endless(), room=1)
    assert next(reader) == 1
    reader.close()
    assert threading.active_count() == before


def test_a_camera_is_never_late() -> None:
    def camera() -> Iterator[int]:
        for i in range(30):
            time.sleep(0.01)
            yield i

    seen = []
    for item in in_thread(camera(), room=1, newest_only=True):
        time.sleep(0.05)
        seen.append(item)
    assert seen == sorted(set(seen)) and len(seen) < 15 and seen[-1] == 29


def found(*boxes: tuple[float, ...], confidence: float = 0.8) -> Detections:
    return Detections(
        np.array(boxes, dtype=np.float64).reshape(-1, 4),
        np.zeros(len(boxes), np.int64),
        np.full(len(boxes), confidence),
    )


def test_tracks_follow_faces_that_pass_each_other_by() -> None:
    tracker = Tracker()
    for i in range(20):
        right = (10.0 + 6 * i, 20, 50 + 6 * i, 60)
        left = (200.0 - 6 * i, 100, 240 - 6 * i, 140)
        boxes = [right, left] if i % 2 else [left, right]
        numbers = tracker.update(found(*boxes), (320, 240))
        assert numbers == ([2, 1] if i % 2 else [1, 2])
    assert tracker.update(found(), (320, 240)) == []
    assert Tracker().update(found((1, 1, 9, 9)), (32, 24)) == [1], "each video counts from 1"


def test_a_weak_sight_goes_on_with_a_track_but_begins_none() -> None:
    tracker = Tracker()
    box = (10.0, 20, 50, 60)
    assert tracker.update(found(box), (320, 240)) == [1]
    assert tracker.update(found(box, (200, 100, 240, 140), confidence=0.15), (320, 240)) == [
        1,
        None,
    ]


def test_a_class_is_voted_over_a_track() -> None:
    where = source("a.mp4")
    no_pixels = np.zeros((0, 0, 3), np.uint8)

    def seen(name: str, confidence: float, track: int | None) -> FrameResult:
        face = Face((0, 0, 9, 9), name, confidence, track)
        return FrameResult(where, "a", no_pixels, (32, 24), (face,), frame=0, time_s=0.0)

    votes = Votes()
    looks = [seen("face", 0.3, 1), seen("masked", 0.9, 1), seen("face", 0.4, 1)]
    for look in [*looks, seen("sunglasses", 0.9, None)]:
        votes.add(look)
    assert [votes.decide(look).faces[0].class_name for look in looks] == ["masked"] * 3
    assert votes.decide(seen("sunglasses", 0.9, None)).faces[0].class_name == "sunglasses"
    assert len(votes) == 1


class Stopped(Output):
    """Somebody who presses Ctrl-C at a look."""

    def __init__(self, at: int) -> None:
        self._left = at

    def take(self, look: FrameResult) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


# of a stream, what comes while the detector looks is dropped: a busy machine looks once
@pytest.mark.parametrize(("kind", "at"), [("video", 3), ("stream", 1)])
def test_ctrl_c_keeps_what_was_found(clip: Path, tmp_path: Path, kind: Kind, at: int) -> None:
    detector = load_detector(ONNX)
    written = [csv_file(tmp_path), Stopped(at)]
    job = Job(detector, detector.names, written, lambda items, total, unit: items, workers=2)
    count, before = Count(), threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        process_sources([replace(source(clip), kind=kind)], job, count)
    rows = (tmp_path / "faces.csv").read_text(encoding="utf-8").splitlines()
    assert count.frames == at and len(rows) >= at + 1
    assert threading.active_count() == before


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_stream_over_http(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    write_clip(tmp_path / "a.avi", [noise] * 5)
    serve = partial(Quiet, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (stream,) = resolve([f"http://127.0.0.1:{server.server_port}/a.avi"]).found
        with Video(stream.where, stream.kind) as video:
            indices = [frame.index for frame in video.frames()]
        server.shutdown()
    assert indices == [0, 1, 2, 3, 4] and video.problem == ""
