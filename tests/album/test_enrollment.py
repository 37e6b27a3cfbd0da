"""Examples: the face that is meant, or a reason; never a guess."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.album.person.enrollment import ExampleFaces, list_examples, read_examples, worth
from facesort.album.person.quality import Quality
from facesort.errors import AlbumError, PhotoError
from facesort.models.people import similarity_norm

GOOD, SMALL, TINY = Quality(100, 300, 0.1), Quality(24, 300, 0.1), Quality(15, 300, 0.1)
ANA, BEN, EVA = np.eye(3, 16, dtype=np.float32)


def near(vector: np.ndarray, seed: int) -> np.ndarray:
    moved = vector + 0.1 * np.random.default_rng(seed).normal(size=vector.shape)
    return (moved / np.linalg.norm(moved)).astype(np.float32)


def photo_of(*vectors: np.ndarray, quality: Quality = GOOD) -> ExampleFaces:
    return ExampleFaces(
        np.array(vectors, np.float32).reshape(-1, 16),
        np.zeros(len(vectors), int),
        (quality,) * len(vectors),
    )


def read(photos: dict[str, dict[str, ExampleFaces]]):
    def see(path: Path) -> ExampleFaces:
        seen = photos[path.parent.name].get(path.name)
        if seen is None:
            raise PhotoError("is torn")
        return seen

    children = {name: [Path(name) / file for file in files] for name, files in photos.items()}
    return read_examples(children, see, similarity_norm.DEFAULT)


def test_children_without_photos_have_no_examples() -> None:
    found = read({"Ana": {}, "Ben": {}})
    assert found.names == ("Ana", "Ben") and not len(found.examples) and not found.refused


def test_single_faces_are_taken_and_the_rest_is_named() -> None:
    found = read(
        {
            "Ana": {"1.jpg": photo_of(ANA), "none.jpg": photo_of(), "torn.jpg": None},
            "Ben": {"1.jpg": photo_of(BEN), "far.jpg": photo_of(BEN, quality=TINY)},
        }
    )
    assert found.paths == (Path("Ana/1.jpg"), Path("Ben/1.jpg"))
    assert found.examples.person.tolist() == [0, 1]
    assert {path.name: reason for path, reason in found.refused.items()} == {
        "none.jpg": "no face to learn from",
        "torn.jpg": "is torn",
        "far.jpg": "small: 15 px, needs 20",
    }


def test_weak_examples_are_taken_for_less_and_named() -> None:
    found = read(
        {
            "Ana": {f"{i}.jpg": photo_of(near(ANA, i)) for i in range(3)},
            "Ben": {"1.jpg": photo_of(BEN), "far.jpg": photo_of(BEN, quality=SMALL)},
        }
    )
    assert found.examples.weight.tolist() == [1, 1, 1, 1, 0.5] and not found.refused
    assert list(worth(found)) == ["Ben: 1 good, 1 weak, few: add some"]
    masked = replace(found, examples=replace(found.examples, state=np.array([1, 0, 0, 0, 0])))
    assert list(worth(masked)) == ["Ben: 1 good, 1 weak, no masked one: add one, few: add some"]


def test_of_two_faces_the_one_that_is_clearly_likelier_is_taken() -> None:
    half = (ANA * 0.35 + EVA) / np.linalg.norm(ANA * 0.35 + EVA)
    group = photo_of(half.astype(np.float32), near(ANA, 2))
    found = read({"Ana": {"1.jpg": photo_of(ANA), "group.jpg": group}})
    assert np.array_equal(found.examples.vectors[-1], group.vectors[1])


def test_of_a_group_the_face_that_fits_the_others_is_taken() -> None:
    group = photo_of(near(BEN, 1), near(ANA, 2), near(EVA, 3))
    found = read(
        {"Ana": {"group.jpg": group, "1.jpg": photo_of(ANA), "2.jpg": photo_of(near(ANA, 4))}}
    )
    assert found.paths[-1] == Path("Ana/group.jpg")
    assert np.array_equal(found.examples.vectors[-1], group.vectors[1])


@pytest.mark.parametrize(
    "photos",
    [
        {"group.jpg": photo_of(ANA, BEN)},
        {"group.jpg": photo_of(BEN, EVA), "1.jpg": photo_of(ANA)},
        {"group.jpg": photo_of(near(ANA, 1), near(ANA, 2)), "1.jpg": photo_of(ANA)},
    ],
    ids=["nothing to compare with", "nobody fits", "two fit"],
)
def test_which_face_is_never_guessed(photos: dict[str, ExampleFaces]) -> None:
    found = read({"Ana": photos})
    assert [path.name for path in found.refused] == ["group.jpg"]
    assert "crop it" in found.refused[Path("Ana/group.jpg")]


def write_photos(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name)
    return root


def test_a_folder_a_child(tmp_path: Path) -> None:
    folder = write_photos(tmp_path, "Zoë/1.png", "Ana/b.png", "Ana/more/a.png", "loose.png")
    children = list_examples(folder)
    assert list(children) == ["Ana", "Zoë"]
    assert [path.name for path in children["Ana"]] == ["b.png", "a.png"]


@pytest.mark.parametrize("name", ["_unsure", "CON", "nul", "Ana.", "a:b", "Aux.1"])
def test_names_that_cannot_be_folders_everywhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(AlbumError, match="rename it"):
        list_examples(write_photos(tmp_path, f"{name}/1.png"))


def test_two_names_that_are_one_on_some_disks(tmp_path: Path) -> None:
    with pytest.raises(AlbumError, match="one name on some disks"):
        list_examples(write_photos(tmp_path, "Ana/1.png", "ANA/1.png"))


def test_no_children_at_all(tmp_path: Path) -> None:
    with pytest.raises(AlbumError, match="no examples"):
        list_examples(write_photos(tmp_path, "loose.png"))
