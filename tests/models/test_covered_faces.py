"""Faces for training: one a photo, the one in the middle, and a reason for each photo left out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.detections import FoundFaces
from facesort.models.people.align import TEMPLATE_PX
from facesort.models.people.covered_faces import cover_faces, list_people, middle_face

NOTHING = FoundFaces(np.empty((0, 4)), np.empty(0), np.empty((0, 5, 2)))


def found_at(*middles_px: tuple[float, float]) -> FoundFaces:
    boxes = np.array([[x - 40, y - 40, x + 40, y + 40] for x, y in middles_px])
    points = np.stack([TEMPLATE_PX - 56 + middle for middle in middles_px])
    return FoundFaces(boxes, np.ones(len(boxes)), points)


def in_the_middle(rgb: np.ndarray, imgsz: int) -> FoundFaces:
    height, width = rgb.shape[:2]
    return found_at((width / 2, height / 2)) if rgb.any() else NOTHING


def paint(rgb: np.ndarray, points: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    return np.full_like(rgb, {"mask": 50, "sunglasses": 20}[kind])


@pytest.fixture
def people_folder(tmp_path: Path) -> Path:
    for name, grey in (("Ben/1.png", 200), ("Ana/1.png", 100), ("Ana/2.png", 0), ("loose.png", 9)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (160, 120), (grey,) * 3).save(tmp_path / name)
    (tmp_path / "Ben" / "torn.jpg").write_bytes(b"no image")
    return tmp_path


def test_a_row_a_photo_and_a_reason_for_the_rest(people_folder: Path) -> None:
    people = list_people(people_folder)
    assert {name: len(photos) for name, photos in people.items()} == {"Ana": 2, "Ben": 2}
    found = cover_faces(people, in_the_middle, paint, ["mask", "sunglasses"], seed=0)
    assert found.names == ("Ana", "Ben")
    assert found.person.tolist() == [0, 1]
    assert found.faces.shape == (2, 3, 112, 112, 3)
    assert found.faces[:, :, 56, 56, 0].tolist() == [[100, 50, 20], [200, 50, 20]]
    assert sorted(path.name for path in found.refused) == ["2.png", "torn.jpg"]


def test_nobody_gives_no_faces() -> None:
    found = cover_faces({}, in_the_middle, paint, ["mask"], seed=0)
    assert found.faces.shape == (0, 2, 112, 112, 3) and not len(found.person)


def test_of_several_faces_the_middle_one_counts() -> None:
    rgb = np.ones((200, 300, 3), np.uint8)
    face = middle_face(rgb, lambda *_: found_at((60, 60), (160, 90), (260, 150)))
    assert face is not None and np.allclose(face.points_px, TEMPLATE_PX - 56 + (160, 90))
    assert face.xyxy_px.tolist() == [120, 50, 200, 130]
    assert middle_face(rgb, lambda *_: found_at((20, 20))) is None
    assert middle_face(rgb, lambda *_: NOTHING) is None
