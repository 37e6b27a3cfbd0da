"""Opens videos, cameras and streams through OpenCV, and gives the frames that are wanted.

OpenCV turns what a phone filmed upright, and skips a frame at half the cost of decoding it to RGB.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.errors import PhotoError
from facesort.media.sources import Source

if TYPE_CHECKING:
    import cv2

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

    def __init__(self, source: Source) -> None:
        """Open it; raises `PhotoError` where that fails."""
        self.source = source
        self.problem = ""
        self._last_s = 0.0
        self._capture = _open(source)
        self.fps = self._property("CAP_PROP_FPS")
        if not 0 < self.fps <= MOST_FPS:
            self.fps = USUAL_FPS
        announced = 0 if source.is_live else int(self._property("CAP_PROP_FRAME_COUNT"))
        self.frames_announced: int | None = announced if announced > 0 else None

    def frames(self, stride: int = 1, every_s: float = 0.0) -> Iterator[Frame]:
        """Every ``stride``-th frame, and no two within ``every_s`` seconds."""
        import cv2

        index, due_s, began_s = -1, 0.0, time.monotonic()
        while self._capture.grab():
            index += 1
            if index % stride:
                continue
            time_s = time.monotonic() - began_s if self.source.is_live else self._time_s(index)
            if time_s + 1e-6 < due_s:
                continue
            due_s = time_s + every_s
            was_read, bgr = self._capture.retrieve()
            if was_read:
                rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
                yield Frame(rgb, index, time_s)
        self._say_how_it_ended(index + 1)

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
        if self.source.kind == "camera":
            self.problem = f"gave no more pictures after {frames:,} frames; is it still connected?"
        elif frames == 0:
            self.problem = "not one frame can be decoded; expected a whole video; copy it again"
        elif self.frames_announced and frames < WHOLE * self.frames_announced:
            self.problem = (
                f"ends after {frames:,} of {self.frames_announced:,} frames; "
                "expected a whole video; copy it again"
            )


def _open(source: Source) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # we say ourselves what is wrong
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    import cv2

    if source.kind == "camera":
        capture = cv2.VideoCapture(int(source.where))
    elif source.kind == "stream":
        patience = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        settings = [value for key in patience for value in (key, PATIENCE_MS)]
        capture = cv2.VideoCapture(source.where, cv2.CAP_FFMPEG, settings)
    else:
        _require_readable(Path(source.where))
        capture = cv2.VideoCapture(source.where, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise PhotoError(_why_not_opened(source))
    return capture


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise PhotoError("is empty (0 bytes); expected a video; copy it again")
    except OSError as error:
        raise PhotoError(f"cannot be read ({error.strerror or error}); expected a video") from None


def _why_not_opened(source: Source) -> str:
    if source.kind == "camera":
        return (
            "cannot be opened; expected a camera that no other program uses; "
            "try another number, from 0, and check that this user may use it"
        )
    if source.kind == "stream":
        return (
            f"no video from there within {PATIENCE_MS // 1000} s; expected a running stream; "
            "check the address, the password and the network"
        )
    return "is no video that can be decoded; expected MP4, MOV, MKV, AVI ...; copy it again"
