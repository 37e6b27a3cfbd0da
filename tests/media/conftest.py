"""A video made of the sample album, and the shipped model, for every test of the media room."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.sample_album import make_sample_album
from facesort.photos import list_photos, open_photo

ROOT = Path(__file__).resolve().parents[2]
ONNX = ROOT / "weights" / "occlusion.onnx"
FPS = 10.0
FRAMES = 12
VIDEO_WH = (320, 240)


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media") / "album"
    make_sample_album(folder)
    return folder


@pytest.fixture(scope="session")
def portrait(album: Path) -> Path:
    """The astronaut: one bare face, near the border of the picture."""
    return next(found.path for found in list_photos(album).photos if "astronaut" in found.relative)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, portrait: Path) -> Path:
    """Twelve frames of a face that wanders to the right."""
    path = tmp_path_factory.mktemp("clip") / "cl.ip 한.mp4"
    write_clip(path, [moved(open_photo(portrait).rgb, 4 * i) for i in range(FRAMES)])
    return path


def moved(rgb: NDArray[np.uint8], right_px: int) -> NDArray[np.uint8]:
    small = cv2.resize(rgb, VIDEO_WH, interpolation=cv2.INTER_AREA)
    return np.roll(np.asarray(small, np.uint8), right_px, axis=1)


def write_clip(path: Path, frames: list[NDArray[np.uint8]], fps: float = FPS) -> None:
    size_wh = frames[0].shape[1], frames[0].shape[0]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size_wh)
    for rgb in frames:
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()
