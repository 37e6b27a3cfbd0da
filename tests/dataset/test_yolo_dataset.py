"""Any YOLO data YAML is understood, and what it names in vain is noted."""

from pathlib import Path

import pytest
from small_sets import image, jpeg, write_set

from facesort.dataset.yolo_dataset import read_layout
from facesort.errors import DatasetError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ("train/a.jpg", "train/deep/b.jpg", "val/c.jpg", "train/.hidden.jpg")
    write_set(tmp_path, dict.fromkeys(names, jpeg(image(0))), {"train/orphan.txt": ""})
    return tmp_path


def inside(folder: Path, yaml: str) -> list[str]:
    file = folder / "x.yaml"
    file.write_text(yaml, encoding="utf-8")
    return [f"{p.split}/{p.inside.as_posix()}" for p in read_layout(file).images]


@pytest.mark.parametrize(
    "yaml",
    [
        "train: images/train\nval: images/val\nnames: [x]",
        "train: [images/train]\nvalid: images/val\nnames: {0: x}",
        "path: .\ntrain: ./images/train\nvalidation: images/val\nnc: 1",
        "train: ../images/train\nval: ../images/val\nnames: [x]",  # as Roboflow writes it
    ],
)
def test_ways_to_name_a_split(folder: Path, yaml: str) -> None:
    assert inside(folder, yaml) == ["train/a.jpg", "train/deep/b.jpg", "val/c.jpg"]


def test_a_list_of_images(folder: Path) -> None:
    (folder / "list.txt").write_text("./images/val/c.jpg\nimages/train/a.jpg\n")
    assert inside(folder, "train: list.txt\nnames: [x]") == ["train/c.jpg", "train/a.jpg"]


def test_missing_folders_are_noted_and_the_rest_is_read(folder: Path) -> None:
    file = folder / "x.yaml"
    file.write_text("train: images/train\nval: images/none\nnames: [x]")
    layout = read_layout(file)
    assert layout.missing == (("val", "images/none"),)
    assert len(layout.images) == 2
    assert [label.name for _, label in layout.orphans()] == ["orphan.txt"]


def test_keypoints_are_counted(folder: Path) -> None:
    file = folder / "x.yaml"
    file.write_text("train: images/train\nkpt_shape: [5, 3]\nnames: [x]")
    assert read_layout(file).keypoint_fields == 15


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("", "not a data set YAML"),
        ("- a\n- b", "not a data set YAML"),
        ("train: [", "not a data set YAML"),
        ("train: images/train", "names are None"),
        ("train: images/train\nnames: {0: a, 2: b}", "names are"),
        ("names: [x]", "no split 'train'"),
        ("train: nowhere\nnames: [x]", "no image in nowhere"),
    ],
)
def test_what_cannot_be_used_is_one_line(folder: Path, yaml: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        inside(folder, yaml)


def test_a_yaml_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"x\.yaml: cannot be read"):
        read_layout(tmp_path / "x.yaml")
