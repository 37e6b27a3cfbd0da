"""Small videos for the tests of the media room."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

FPS = 10.0
FRAMES = 12
VIDEO_WH = (320, 240)


def moved(rgb: NDArray[np.uint8], right_px: int) -> NDArray[np.uint8]:
    small = cv2.resize(rgb, VIDEO_WH, interpolation=cv2.INTER_AREA)
    return np.roll(np.asarray(small, np.uint8), right_px, axis=1)


def write_clip(path: Path, frames: list[NDArray[np.uint8]], fps: float = FPS) -> None:
    size_wh = frames[0].shape[1], frames[0].shape[0]
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size_wh)
    for rgb in frames:
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()
