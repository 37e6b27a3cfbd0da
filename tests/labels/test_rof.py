"""ROF: which class, which box, which image, and what is wrong with an entry."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import rof
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import ReadError, Reading

URL = "http://example.org/a.jpg"
FACE = {"box": [2, 4, 10, 20], "left_eye": (3, 5)}


def write(root: Path, name: str, content: Any) -> Path:
    file = root / "ROF" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(content))
    return file


def read(root: Path, drop_bad: bool = False) -> LabelSet:
    return rof.read(root / "ROF", Reading(root / "images", drop_bad))


@pytest.mark.parametrize(
    ("file", "class_name"),
    [
        ("masked/ann_wearing_mask.pkl", "masked"),
        ("sunglasses/ann_wearing_sunglasses.pkl", "sunglasses"),
        ("neutral/ann.pkl", "face"),
        ("ann_wearing_mask.pkl", "masked"),
        ("ann_wearing_sunglasses.pkl", "sunglasses"),
    ],
)
@pytest.mark.parametrize("box", [[2, 4, 10, 20], (2, 4, 10, 20), np.array([2, 4, 10, 20])])
def test_class_and_box(tmp_path: Path, file: str, class_name: str, box: Any) -> None:
    """Third is the width, fourth the height, whatever ROF calls them."""
    pickled = write(tmp_path, file, {"17": {"url": URL, "faces": [{"box": box}]}})
    folder = tmp_path / "images" / pickled.parent.name / pickled.stem
    draw(folder / "17.png", (64, 48))
    labels = read(tmp_path)
    assert labels.names == (class_name,)
    assert labels.images[0].xyxy_px.tolist() == [[2, 4, 12, 24]]
    assert labels.images[0].path == folder / "17.png"


def test_boxes_speak_of_the_stored_pixels(tmp_path: Path) -> None:
    """Its download.py opens with PIL, which leaves EXIF orientation alone."""
    write(tmp_path, "neutral/ann.pkl", {3: {"url": URL, "faces": [FACE]}})
    draw(tmp_path / "images" / "neutral" / "ann" / "3.jpg", (64, 48), 6)
    (image,) = read(tmp_path).images
    assert image.size_wh == (48, 64)
    assert image.xyxy_px.tolist() == [[24, 2, 44, 12]]  # x = 48 - y


def test_one_id_of_two_people(tmp_path: Path) -> None:
    for person in ("ann", "bob"):
        write(tmp_path, f"neutral/{person}.pkl", {1: {"url": URL, "faces": [FACE]}})
        draw(tmp_path / "images" / "neutral" / person / "1.jpg", (64, 48))
    assert len(read(tmp_path).images) == 2


@pytest.mark.parametrize("entry", [None, [], {}, {"faces": None}, {"faces": "none"}])
def test_a_bad_entry_is_told_and_the_rest_goes_on(tmp_path: Path, entry: Any) -> None:
    draw(tmp_path / "images" / "neutral" / "ann" / "2.jpg", (64, 48))
    write(tmp_path, "neutral/ann.pkl", {1: entry, 2: {"faces": [FACE]}})
    (tmp_path / "ROF" / "neutral" / "bad.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    labels = read(tmp_path)
    assert labels.counts() == {"face": 1}
    assert any("neutral/ann: 1: has no list of faces" in note for note in labels.notes)
    assert any("bad.pkl: asks for os.system" in note for note in labels.notes)


@pytest.mark.parametrize("face", [None, {}, {"box": None}, {"box": [1, 2, 3]}, {"box": "1234"}])
def test_a_bad_box_is_named(tmp_path: Path, face: Any) -> None:
    draw(tmp_path / "images" / "neutral" / "ann" / "1.jpg", (64, 48))
    write(tmp_path, "neutral/ann.pkl", {1: {"faces": [FACE, face]}})
    with pytest.raises(LabelError, match="neutral/ann: 1: face 1: has no box of four numbers"):
        read(tmp_path)
    assert read(tmp_path, drop_bad=True).counts() == {"face": 1}


@pytest.mark.parametrize("content", [[], None, 3])
def test_a_file_of_something_else(tmp_path: Path, content: Any) -> None:
    file = write(tmp_path, "neutral/ann.pkl", content)
    draw(tmp_path / "images" / "a.jpg", (9, 9))
    with pytest.raises(LabelError, match="expected a ROF pickle"):
        rof.read(file, Reading(tmp_path / "images"))


@pytest.mark.parametrize(
    "key", ["../../../target/out", "/tmp/out", "..", "a\\..\\b", "C:b", "NUL", "a.", "", "a\0"]
)  # fmt: skip
def test_an_id_that_is_a_path_is_refused(tmp_path: Path, key: str) -> None:
    """It would be the name of a fetched file: the download wrote outside its folder."""
    draw(tmp_path / "images" / "neutral" / "ann" / "2.jpg", (64, 48))
    write(tmp_path, "neutral/ann.pkl", {key: {"url": URL, "faces": [FACE]}, 2: {"faces": [FACE]}})
    bad, good = rof.entries(tmp_path / "ROF")
    assert isinstance(bad, ReadError) and "expected one that can be a file's name" in bad.why
    assert isinstance(good, rof.Entry) and good.name == "neutral/ann/2"
    assert read(tmp_path).counts() == {"face": 1}
