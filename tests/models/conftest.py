"""The shipped model, the sample album's images, a data set: for every test of the model room."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.sample_data import make_sample_album
from facesort.dataset.writer import Tree
from facesort.photos import list_photos, open_photo

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkpoint() -> Path:
    return ROOT / "weights" / "occlusion.pt"


@pytest.fixture(scope="session")
def onnx_file() -> Path:
    return ROOT / "weights" / "occlusion.onnx"


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[NDArray[np.uint8]]:
    """The sample album's photos as RGB arrays: all four classes, and photos without a face."""
    album = tmp_path_factory.mktemp("images") / "sample_album"
    make_sample_album(album)
    return [open_photo(found.path, 1280).rgb for found in list_photos(album).photos]


@pytest.fixture
def tiny_set(tmp_path: Path) -> Path:
    """The YAML of four images to train on and two to judge, a class each, all unlike."""
    tree = Tree(tmp_path / "tiny")
    tree.start()
    box_xyxy_px = np.array([[10.0, 8, 50, 44]])
    for i, split in enumerate(("train",) * 4 + ("val",) * 2):
        blocks = np.random.default_rng(i).integers(40, 255, (6, 8, 3), dtype=np.uint8)
        rgb = blocks.repeat(8, axis=0).repeat(8, axis=1)
        tree.add(split, f"{split}{i}", rgb, box_xyxy_px, np.array([i % 4]))
    config = tmp_path / "tiny.yaml"
    names = "[face, masked, sunglasses, masked_sunglasses]"
    config.write_text(f"train: tiny/images/train\nval: tiny/images/val\nnames: {names}\n")
    return config
