"""Opens videos, cameras and streams through OpenCV, and gives the frames that are wanted.

OpenCV turns what a phone filmed upright, and skips a frame at half the cost of decoding it to RGB.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.errors import PhotoError

if TYPE_CHECKING:
    import cv2

VIDEO, STREAM, CAMERA = "video", "stream", "camera"

PATIENCE_MS = 10_000  # for a stream to answer
USUAL_FPS = 25.0  # where a camera does not say
MOST_FPS = 240.0
LONGEST_LEAP_S = 60.0
WHOLE = 0.95  # of the frames a file announces; some announce a few too many


@dataclass(frozen=True, eq=False)
class Frame:
    """``rgb`` (h, w, 3), upright; ``index`` counts all frames from 0, ``time_s`` from the start."""

    rgb: NDArray[np.uint8]
    index: int
    time_s: float


class Video:
    """An open video. ``problem`` says after the last frame what was wrong with it, or is empty."""

    def __init__(self, where: str | Path, kind: str = VIDEO) -> None:
        """Open it: the path of a `VIDEO`, the number of a `CAMERA`, or the address of a `STREAM`.

        Raises `PhotoError` where that fails."""
        self.kind = kind
        self.problem = ""
        self._last_s = 0.0
        self._capture = _open(str(where), kind)
        self.fps = self._property("CAP_PROP_FPS")
        if not 0 < self.fps <= MOST_FPS:
            self.fps = USUAL_FPS
        announced = 0 if self.is_live else int(self._property("CAP_PROP_FRAME_COUNT"))
        self.frames_announced: int | None = announced if announced > 0 else None

    @property
    def is_live(self) -> bool:
        """It has no end, and what is not looked at in time is over."""
        return self.kind != VIDEO

    def frames(self, stride: int = 1, every_s: float = 0.0) -> Iterator[Frame]:
        """Every ``stride``-th frame, and no two within ``every_s`` seconds."""
        index, due_s, began_s = -1, 0.0, time.monotonic()
        while self._capture.grab():
            index += 1
            if index % stride:
                continue
            time_s = time.monotonic() - began_s if self.is_live else self._time_s(index)
            if time_s + 1e-6 < due_s:
                continue
            due_s = time_s + every_s
            yield from self._grabbed(index, time_s)
        self._say_how_it_ended(index + 1)

    def frames_at(self, indices: Container[int], last: int) -> Iterator[Frame]:
        """Those of ``indices``, up to ``last``; by counting, for no leap to a frame is exact."""
        for index in range(last + 1):
            if not self._capture.grab():
                return
            time_s = self._time_s(index)
            if index in indices:
                yield from self._grabbed(index, time_s)

    def close(self) -> None:
        self._capture.release()

    def __enter__(self) -> Video:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _grabbed(self, index: int, time_s: float) -> Iterator[Frame]:
        """The frame just grabbed, unless it cannot be decoded."""
        import cv2

        was_read, bgr = self._capture.retrieve()
        if was_read:
            yield Frame(
                np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8), index, time_s
            )

    def _time_s(self, index: int) -> float:
        """Of a file: its own time, as phones film with a rate that varies; but damaged files say
        anything, and so time neither runs backwards nor leaps."""
        usual_s = index / self.fps
        said_s = self._property("CAP_PROP_POS_MSEC") / 1000
        is_likely = self._last_s <= said_s <= 2 * usual_s + LONGEST_LEAP_S
        self._last_s = said_s if is_likely else max(self._last_s, usual_s)
        return self._last_s

    def _property(self, name: str) -> float:
        import cv2

        return float(self._capture.get(getattr(cv2, name)))

    def _say_how_it_ended(self, frames: int) -> None:
        if self.kind == CAMERA:
            self.problem = f"gave no more images after {frames:,} frames; is it still connected?"
        elif frames == 0:
            self.problem = "not one frame can be decoded; expected a whole video; copy it again"
        elif self.frames_announced and frames < WHOLE * self.frames_announced:
            self.problem = (
                f"ends after {frames:,} of {self.frames_announced:,} frames; "
                "expected a whole video; copy it again"
            )


def _open(where: str, kind: str) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # we say ourselves what is wrong
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if kind == CAMERA:
        capture = cv2.VideoCapture(int(where))
    elif kind == STREAM:
        patience = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        settings = [value for key in patience for value in (key, PATIENCE_MS)]
        capture = cv2.VideoCapture(where, cv2.CAP_FFMPEG, settings)
    else:
        _require_readable(Path(where))
        with _in_unicode(where) as name:
            capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise PhotoError(_why_not_opened(kind))
    return capture


@contextmanager
def _in_unicode(where: str) -> Iterator[str]:
    """A name that OpenCV can take: one with bytes that are no text would end the whole process."""
    if where.encode("utf-8", "ignore").decode() == where:
        yield where
        return
    with TemporaryDirectory() as folder:
        link = Path(folder) / "video"
        link.symlink_to(Path(where).absolute())
        yield str(link)


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise PhotoError("is empty (0 bytes); expected a video; copy it again")
    except OSError as error:
        raise PhotoError(f"cannot be read ({error.strerror or error}); expected a video") from error


def _why_not_opened(kind: str) -> str:
    if kind == CAMERA:
        return (
            "cannot be opened; expected a camera that no other program uses; "
            "try another number, from 0, and check that this user may use it"
        )
    if kind == STREAM:
        return (
            f"no video from there within {PATIENCE_MS // 1000} s; expected a running stream; "
            "check the address, the password and the network"
        )
    return "is no video that can be decoded; expected MP4, MOV, MKV, AVI ...; copy it again"
