"""Which image a label means."""

import unicodedata
from pathlib import Path

import pytest
from label_samples import draw_all

from facesort.errors import UsageError
from facesort.labels.image_finder import Images


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("a.jpg", "", "a.jpg"),
        ("A.JPG", "", "a.jpg"),
        ("./a.jpg", "", "a.jpg"),
        (r"C:\photos\c.d.jpg", "", "c.d.jpg"),
        ("/home/x/photos/c.d.jpg", "", "c.d.jpg"),
        ("kids/a.png", "", "kids/a.png"),
        ("a.png", "", "kids/a.png"),
        ("a", "kids", "kids/a.png"),  # beside the label
        ("a.webp", "kids", "kids/a.png"),  # it was converted since
        ("a.webp", "", "a.jpg"),
        ("kids/a.webp", "", "kids/a.png"),
        ("kids/a", "", "kids/a.png"),
        ("c.d", "", "c.d.jpg"),
        ("c.d", "train", "c.d.jpg"),
        (unicodedata.normalize("NFD", "ä 日本 b.jpg"), "", "kids/ä 日本 b.jpg"),
        ("../../kids/a.png", "", "kids/a.png"),  # no way out
        ("", "", "is not there"),
        ("e.jpg", "", "is not there"),
        ("../label_samples.py", "", "is not there"),
    ],
)
def test_find(tmp_path: Path, name: str, folder: str, expected: str) -> None:
    found = Images(draw_all(tmp_path)).find(name, folder)
    assert found == (tmp_path / expected if isinstance(found, Path) else expected)


def test_one_name_in_two_folders_is_not_guessed(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        draw_all(tmp_path / folder)
    images = Images(tmp_path)
    assert images.find("c.d.jpg") == "is there 2 times"
    assert images.find("c.d.jpg", "y") == tmp_path / "y" / "c.d.jpg"
    assert len(images) == 8


def test_no_folder_is_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Images(tmp_path / "none")
