"""The sample data set: right boxes, all classes, clearly a sample, and never over other data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from facesort.classes import CLASS_NAMES
from facesort.dataset.sample_data import IMAGES, SET_MARKER, SIZE_PX, make_sample_set
from facesort.dataset.sample_images import PORTRAITS
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import is_synthetic
from facesort.photos import open_photo


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sets") / "occlusion"
    make_sample_set(root)
    return root


@pytest.mark.parametrize("split", sorted(IMAGES))
def test_every_class_is_in_every_split(made: Path, split: str) -> None:
    found: Counter[str] = Counter()
    images = sorted((made / "images" / split).iterdir())
    for image in images:
        assert open_photo(image).size_wh == (SIZE_PX, SIZE_PX)
        labels = yolo.read(image, (SIZE_PX, SIZE_PX), len(CLASS_NAMES))
        found.update(CLASS_NAMES[c] for c in labels.class_id)
        found["without"] += not len(labels.class_id)
    assert len(images) == IMAGES[split]
    assert set(found) == {*CLASS_NAMES, "without"}


def test_boxes_hold_the_face(made: Path) -> None:
    """The shipped detector finds the faces where the labels say they are."""
    from facesort.boxes import as_boxes, iou_matrix
    from facesort.models.detect import load_detector

    detector = load_detector(Path(__file__).parents[2] / "weights" / "occlusion.onnx")
    overlaps = []
    for image in sorted((made / "images" / "val").iterdir()):
        labels = yolo.read(image, (SIZE_PX, SIZE_PX), len(CLASS_NAMES))
        if len(labels.class_id):
            (found,) = detector.detect([open_photo(image).rgb])
            iou = iou_matrix(as_boxes(labels.xyxy_px), as_boxes(found.xyxy_px))
            overlaps.append(iou.max(initial=0.0))
    assert np.median(overlaps) > 0.6


def test_it_is_clearly_a_sample(made: Path) -> None:
    assert "SAMPLE" in (made / SET_MARKER).read_text()
    assert all(is_synthetic(image) for image in made.rglob("*.jpg"))


def test_the_same_every_time(made: Path, tmp_path: Path) -> None:
    make_sample_set(tmp_path / "again")
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").rglob("*.jpg")} == {
        p.name: p.read_bytes() for p in made.rglob("*.jpg")
    }


def test_other_data_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.jpg").write_bytes(b"precious")
    with pytest.raises(DatasetError, match=r"holds files.*build_dataset"):
        make_sample_set(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.jpg"]


def test_the_stored_places_are_inside_the_images() -> None:
    for portrait in PORTRAITS:
        width, height = open_photo(portrait.path).size_wh
        x1, y1, x2, y2 = portrait.face_xyxy or (0, 0, 0, 0)
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        assert all(x1 < x < x2 and y1 < y < y2 for x, y in portrait.landmarks_xy or ())
