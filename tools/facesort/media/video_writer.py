"""Writes a video of annotated frames: by ffmpeg with the sound of the original where ffmpeg is
installed (H.264, plays everywhere), else by OpenCV, which knows no sound."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from facesort.errors import PhotoError

if TYPE_CHECKING:
    import cv2

CRF = "23"  # x264's own default: small, no visible loss


class Encoder(Protocol):
    def write(self, rgb: NDArray[np.uint8]) -> None: ...
    def close(self) -> None: ...


class VideoWriter:
    """A video file of constant rate in which every frame stands at its own time: where frames come
    late, the last one is repeated, and so the image stays with the sound."""

    def __init__(
        self, path: Path, size_wh: tuple[int, int], fps: float, sound: Path | None
    ) -> None:
        self._fps = fps
        self._written = 0
        ffmpeg = shutil.which("ffmpeg")
        self._encoder: Encoder = (
            _Ffmpeg(ffmpeg, path, size_wh, fps, sound) if ffmpeg else _OpenCV(path, size_wh, fps)
        )
        self.remark = "" if ffmpeg else " (without sound: ffmpeg is not installed)"

    def write(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        while self._written <= round(time_s * self._fps):
            self._encoder.write(rgb)
            self._written += 1

    def close(self) -> None:
        self._encoder.close()


class _Ffmpeg:
    """Raw frames through a pipe. Sound is padded with silence, and cut where the video ends."""

    def __init__(
        self, ffmpeg: str, path: Path, size_wh: tuple[int, int], fps: float, sound: Path | None
    ) -> None:
        self._path = path
        self._is_closed = False
        width, height = size_wh
        raw = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {fps:.6f} -i -".split()
        even = "pad=ceil(iw/2)*2:ceil(ih/2)*2"  # H.264 halves the colours
        video = ["-c:v", "libx264", "-crf", CRF, "-preset", "veryfast", "-pix_fmt", "yuv420p"]
        with_sound = ["-map", "0:v:0", "-map", "1:a:0?", "-c:a", "aac", "-af", "apad", "-shortest"]
        command = [ffmpeg, "-y", "-loglevel", "error", *raw]
        if sound is not None and _has_sound(sound):
            command += ["-i", str(sound.absolute()), *with_sound]
        command += ["-vf", even, *video, "-movflags", "+faststart", str(path.absolute())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us, who end the video as it should be
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
        )

    def write(self, rgb: NDArray[np.uint8]) -> None:
        assert self._process.stdin is not None  # we asked for a pipe
        try:
            self._process.stdin.write(np.ascontiguousarray(rgb).data)
        except BrokenPipeError:
            self.close()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        _, said = self._process.communicate()
        if self._process.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
            raise PhotoError(f"{self._path}: ffmpeg cannot write it: {lines[-1]}")


class _OpenCV:
    def __init__(self, path: Path, size_wh: tuple[int, int], fps: float) -> None:
        import cv2

        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer: cv2.VideoWriter = cv2.VideoWriter(str(path), fourcc, fps, size_wh)
        if not self._writer.isOpened():
            raise PhotoError(f"{path}: OpenCV cannot write a video there; install ffmpeg")

    def write(self, rgb: NDArray[np.uint8]) -> None:
        self._writer.write(np.ascontiguousarray(rgb[..., ::-1]))

    def close(self) -> None:
        self._writer.release()


def _has_sound(path: Path) -> bool:
    """ffmpeg would refuse the filter for a sound that is not there. Its probe comes with it."""
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        return False
    wanted = "-v error -select_streams a -show_entries stream=index -of csv=p=0".split()
    done = subprocess.run(
        [ffprobe, *wanted, str(path.absolute())], capture_output=True, text=True, check=False
    )
    return bool(done.stdout.strip())
