"""Names from elsewhere stay below the folder they are for, on Windows too."""

from __future__ import annotations

import ntpath
import posixpath
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.file_names import UNFIT, why_no_name, why_outside

ODD_PART = st.text(st.sampled_from("ab.: \\/~$*?\0\nÄ¹") | st.characters(), max_size=8)
LIKELY = st.sampled_from([*("..", ".", "", "C:", "con", "AUX.txt", "NUL ", "COM¹", "a.", "a")])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is no name"),
        (".", "is no name"),
        ("..", "is no name"),
        ("a.jpg", ""),
        ("Zoë 🎂.jpg", ""),
        (".hidden", ""),
        ("../a", "'/'"),
        ("..\\a", r"'\\'"),
        ("C:a", "':'"),
        ("a\nb", r"'\n'"),
        ("a\0", r"'\x00'"),
        ("con", "is a device"),
        ("AUX.jpg", "is a device"),
        ("com¹.txt", "is a device"),
        ("CONIN$", "is a device"),
        ("console", ""),
        ("a.", "a blank or a dot at the end"),
        ("a ", "a blank or a dot at the end"),
        ("ü" * 127 + ".", "a blank or a dot"),
        ("ü" * 128, "more than 255 bytes"),
    ],
)
def test_names(name: str, why: str) -> None:
    found = why_no_name(name)
    assert why in found if why else found == ""


@pytest.mark.parametrize(
    ("relative", "posix", "windows"),
    [
        ("a.jpg", "", ""),
        ("2024/a b.jpg", "", ""),
        ("../a.jpg", "empty part", "empty part"),
        ("a/../../b.jpg", "empty part", "empty part"),
        ("a//b.jpg", "empty part", "empty part"),
        ("/etc/passwd", "empty part", "empty part"),
        ("a\0b.jpg", "zero byte", "zero byte"),
        ("a\\..\\..\\b.jpg", "", "backslash"),
        ("C:b.jpg", "", "backslash or a colon"),
        ("a.jpg:stream", "", "backslash or a colon"),
        ("NUL.jpg", "", "another name"),
        ("x /b.jpg", "", "another name"),
        ("x./b.jpg", "", "another name"),
    ],
)
def test_paths(relative: str, posix: str, windows: str) -> None:
    for why, found in (
        (posix, why_outside(relative, False)),
        (windows, why_outside(relative, True)),
    ):
        assert why in found if why else found == ""


@given(st.lists(ODD_PART | LIKELY, min_size=1, max_size=4).map("/".join))
def test_what_passes_stays_inside(relative: str) -> None:
    """Judged by Python's own two sets of rules."""
    for flavour, windows, root in ((posixpath, False, "/album"), (ntpath, True, "D:\\album")):
        if not why_outside(relative, windows):
            joined = flavour.normpath(flavour.join(root, relative))
            assert joined.startswith(root + flavour.sep)
            assert not ntpath.splitdrive(relative)[0] or not windows


@given(ODD_PART | LIKELY)
def test_a_name_is_one_part_everywhere(name: str) -> None:
    if not why_no_name(name):
        assert ntpath.split(ntpath.join("D:\\x", name)) == ("D:\\x", name)
        assert posixpath.split(posixpath.join("/x", name)) == ("/x", name)
        assert not set(name) & UNFIT and not re.search(r"[. ]$", name)


def test_class_names_are_checked_before_they_are_folders(tmp_path: Path) -> None:
    from PIL import Image

    from facesort.dataset.crops.class_folders import write_class_folders
    from facesort.errors import DatasetError
    from facesort.labels.image_labels import ImageLabels, LabelSet

    image = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(image)
    image = ImageLabels.of(image, (8, 8), [[0, 0, 8, 8]], [0])
    labels = LabelSet(("../../escaped",), (image,), tmp_path)
    with pytest.raises(DatasetError, match="cannot be a folder"):
        write_class_folders({"train": labels, "val": labels}, [1], tmp_path / "out", lambda p: p)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg"]
