"""The shipped model, and the pictures of the sample album, for every test of the model room."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.sample_album import make_sample_album
from facesort.photos import list_photos, open_photo

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkpoint() -> Path:
    return ROOT / "weights" / "occlusion.pt"


@pytest.fixture(scope="session")
def onnx_file() -> Path:
    return ROOT / "weights" / "occlusion.onnx"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[NDArray[np.uint8]]:
    """The sample album's photos as RGB arrays: all four classes, and photos without a face."""
    album = tmp_path_factory.mktemp("pictures") / "sample_album"
    make_sample_album(album)
    return [open_photo(found.path, 1280).rgb for found in list_photos(album).photos]
