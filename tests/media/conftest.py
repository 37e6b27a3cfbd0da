"""One photo with a bare face, and a video made of it, for every test of the media room."""

from pathlib import Path

import numpy as np
import pytest
from clips import FRAMES, moved, write_clip
from numpy.typing import NDArray
from PIL import Image

from facesort.dataset.sample_images import ASTRONAUT


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    return np.asarray(Image.open(ASTRONAUT.path), dtype=np.uint8)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory, astronaut: NDArray[np.uint8]) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "por.trait 한.png"
    Image.fromarray(astronaut).save(path)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: NDArray[np.uint8]) -> Path:
    """Twelve frames of a face that wanders to the right."""
    path = tmp_path_factory.mktemp("clip") / "cl.ip 한.mp4"
    write_clip(path, [moved(astronaut, 4 * i) for i in range(FRAMES)])
    return path
