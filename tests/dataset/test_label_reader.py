"""Which format a source is, told by its content, and where its images lie."""

import pickle
from pathlib import Path

import pytest
from PIL import Image

from facesort.dataset.convert.label_reader import images_of, read, read_splits, tell_format
from facesort.errors import DatasetError, LabelError
from facesort.labels.resolve import Reading


def draw(path: Path, size_wh: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size_wh).save(path)


def fill(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.xml", "<annotation/>", "voc"),
        ("a", '\ufeff <?xml version="1.0"?>', "voc"),
        ("a.json", " [ {}", "createml"),
        ("a.txt", '{"images": []}', "coco"),
        ("a.pkl", "}.", "rof"),
        ("a.bin", pickle.dumps({}), "rof"),
        ("list.txt", "0--Parade/a.jpg\n1\n", "widerface"),
        ("label.txt", "# 0--Parade/a.jpg\n", "retinaface"),
        ("a.mat", "MATLAB 5.0 MAT-file", "widerface"),
    ],
)
def test_a_file(tmp_path: Path, name: str, content: str | bytes, form: str) -> None:
    assert tell_format(fill(tmp_path, {name: content}) / name) == form


@pytest.mark.parametrize(
    ("files", "form"),
    [
        ({"x/a.xml": "", "x/a.jpg": ""}, "voc"),
        ({"a.xml": "", "ImageSets/Main/train.txt": "a"}, "voc"),  # the devkit's own lists
        ({"labels/a.txt": "", "classes.txt": "face"}, "yolo"),
        ({"train/labels/a.txt": "", "data.yaml": "names: [face]"}, "yolo"),
        ({"a.json": "[]", "b.json": "[]"}, "createml"),
        ({"instances.json": '{"images": []}'}, "coco"),
        ({"masked/a.pkl": ""}, "rof"),
    ],
)
def test_a_folder(tmp_path: Path, files: dict, form: str) -> None:
    assert tell_format(fill(tmp_path, files)) == form


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is no label format known here; pass --format coco|createml"),
        ({"a.jpg": "", "notes.txt": "hello"}, "is no label format known here"),
        ({"a.xml": "", "a.txt": "0 .5 .5 .1 .1", "classes.txt": "face"}, "could be voc or yolo"),
    ],
)
def test_a_folder_of_none_or_several(tmp_path: Path, files: dict, message: str) -> None:
    with pytest.raises(LabelError, match=message.replace("|", r"\|")):
        tell_format(fill(tmp_path, files))


@pytest.mark.parametrize("content", ["", "hello", b"\xff\xfe\x00"])
def test_a_file_of_something_else(tmp_path: Path, content: str | bytes) -> None:
    fill(tmp_path, {"a.txt": content})
    with pytest.raises(LabelError, match="is no label format known here"):
        tell_format(tmp_path / "a.txt")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="no such file or folder"):
        tell_format(tmp_path / "none")


@pytest.mark.parametrize(
    ("files", "source", "images"),
    [
        ({"annotations/a.xml": "", "images/a.jpg": ""}, "annotations", "images"),
        ({"Annotations/a.xml": "", "JPEGImages/a.jpg": ""}, "", "JPEGImages"),
        ({"instances.json": "", "images/a.jpg": ""}, "instances.json", "images"),
        ({"set/a.txt": "", "set/a.jpg": ""}, "set", "set"),
        ({"set/a.json": "", "set/a.jpg": ""}, "set/a.json", "set"),
    ],
)
def test_where_images_lie(tmp_path: Path, files: dict, source: str, images: str) -> None:
    assert images_of(fill(tmp_path, files) / source) == tmp_path / images


@pytest.mark.parametrize(
    ("train", "folder"),
    [("train/images", "train/images"), ("../train/images", "train/images"), ("images", "images")],
)
def test_the_splits_of_a_folder_stay_apart(tmp_path: Path, train: str, folder: str) -> None:
    """Also where the data.yaml is Roboflow's, whose paths lead one folder too far up."""
    root = tmp_path / "set"
    fill(root, {"data.yaml": f"{{train: {train}, val: gone, names: [face]}}"})
    draw(root / folder / "a.jpg", (64, 48))
    fill(root, {f"{folder.replace('images', 'labels')}/a.txt": "0 .5 .5 .1 .1"})
    ((split, labels),) = read(root, "auto", None, Reading(root))
    assert split == "train" and labels.root == root / folder and len(labels.images) == 1


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    fill(tmp_path, {"data.yaml": "{train: images, val: gone, names: [face]}", "images/a.txt": ""})
    with pytest.raises(DatasetError, match="no images of 'val'; it has train"):
        list(read_splits(tmp_path / "data.yaml", "val", Reading(tmp_path)))
