"""labelImg's YOLO: txt beside the images and a classes.txt; and a split of a data.yaml."""

from pathlib import Path

import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels, LabelSet
from facesort.labels.resolve import Reading

LINE = "1 0.5 0.5 0.25 0.5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b c.jpg"):
        draw(tmp_path / name, (64, 48))
    (tmp_path / "classes.txt").write_text("face\nmasked\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text(LINE, encoding="utf-8")
    return tmp_path


def test_only_labelled_images_are_taken(folder: Path) -> None:
    labels = yolo.read_folder(folder, ("face", "masked"), Reading(folder))
    (image,) = labels.images
    assert image.path.name == "a.jpg" and image.xyxy_px.tolist() == [[24, 12, 40, 36]]


def test_in_a_split_a_image_without_label_has_no_face(folder: Path) -> None:
    images = sorted(folder.glob("*.jpg"))
    labels = yolo.read_images(images, ("face", "masked"), Reading(folder))
    assert [len(image.class_id) for image in labels.images] == [1, 0]


def test_labels_and_images_in_parallel_folders(tmp_path: Path) -> None:
    for split, size in (("train", (64, 48)), ("val", (30, 20))):
        draw(tmp_path / "images" / split / "a.jpg", size)
        (tmp_path / "labels" / split).mkdir(parents=True)
        (tmp_path / "labels" / split / "a.txt").write_text(LINE)
    labels = yolo.read_folder(tmp_path, ("face", "masked"), Reading(tmp_path / "images"))
    assert [image.size_wh for image in labels.images] == [(64, 48), (30, 20)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"classes.txt": "face\r\nmasked\r\n\r\n"}, ("face", "masked")),
        ({"classes.txt": "\ufeffa\n\nmüde"}, ("a", "class_1", "müde")),
        ({"labels/classes.txt": "a"}, ("a",)),
        ({"data.yaml": "names: {1: b, 0: a}"}, ("a", "b")),
        ({"dataset.yml": "names: [a, 1]"}, ("a", "1")),
        ({"odd.yaml": "- names", "worse.yaml": "{{"}, None),
    ],
)
def test_find_names(tmp_path: Path, files: dict, expected: tuple | None) -> None:
    (tmp_path / "labels").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert yolo.find_names(tmp_path) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "is empty"), (b"a\nb\na", "names a twice"), (b"\xff\xfe\x00", "no text in UTF-8")],
)
def test_a_bad_class_list(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "classes.txt").write_bytes(data)
    with pytest.raises(LabelError, match=why):
        yolo.find_names(tmp_path)


@pytest.mark.parametrize(
    "line", ["1 .5 .5 .1", "2 .5 .5 .1 .1", "nan .5 .5 .1 .1", "inf .5 .5 .1 .1", "1 9 9 3 3", "?"]
)
def test_a_bad_line_is_named(folder: Path, line: str) -> None:
    (folder / "a.txt").write_text(LINE + "\n" + line)
    with pytest.raises(LabelError, match=r"a\.txt: line 3: is no YOLO label: "):
        yolo.read_folder(folder, ("face", "masked"), Reading(folder))
    labels = yolo.read_folder(folder, ("face", "masked"), Reading(folder, drop_bad=True))
    assert labels.counts() == {"masked": 1} and labels.left_out == {"box is no YOLO label": 1}


def test_a_binary_label_is_told(folder: Path) -> None:
    (folder / "b c.txt").write_bytes(b"\xff\xfe")
    labels = yolo.read_folder(folder, ("face", "masked"), Reading(folder))
    assert labels.counts() == {"masked": 1}
    assert any("b c.txt: not a text file" in note for note in labels.notes)


def test_two_images_with_one_label_file_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    images = tuple(
        ImageLabels.of(tmp_path / name, (20, 20), [[1, 1, 9, 9]], [0])
        for name in ("a.jpg", "a.png")
    )
    with pytest.raises(LabelError, match=r"a\.png: a\.jpg has the same label file"):
        yolo.write_folder(LabelSet(("face",), images, tmp_path), tmp_path / "out")
    assert not (tmp_path / "out").exists()
