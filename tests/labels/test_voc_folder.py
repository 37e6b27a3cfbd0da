"""A folder of Pascal VOC: what tools really write, and what must not stop the rest."""

from pathlib import Path

import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import voc
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import Reading

SIZE = "<size><width>64</width><height>48</height><depth>3</depth></size>"
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9.5</xmax><ymax>9</ymax></bndbox>"
FACE = f"<object><name> face </name>{BOX}</object>"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    f"<annotation><filename>&b;</filename>{SIZE}{FACE}</annotation>"
)


def annotation(filename: str = "a.jpg", size: str = SIZE, objects: str = FACE) -> str:
    return f"<annotation><filename>{filename}</filename>{size}{objects}</annotation>"


def read(tmp_path: Path, *texts: str, drop_bad: bool = False) -> LabelSet:
    draw(tmp_path / "images" / "a.jpg", (64, 48))
    draw(tmp_path / "images" / "x0.jpg", (64, 48))
    folder = tmp_path / "annotations"
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"x{number}.xml").write_text(text, encoding="utf-8")
    return voc.read_folder(folder, Reading(tmp_path / "images", drop_bad))


def test_an_empty_folder(tmp_path: Path) -> None:
    assert read(tmp_path).images == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (annotation(), "a.jpg"),
        (annotation("C:\\x\\a.jpg"), "a.jpg"),
        (annotation("a"), "a.jpg"),  # old labelImg leaves the suffix out
        (annotation("export_jpg.rf.123.jpg"), "x0.jpg"),  # then the xml's own name counts
        (annotation(""), "x0.jpg"),
        (annotation(size=""), "a.jpg"),
        (annotation(size="<size><width>0</width><height>0</height></size>"), "a.jpg"),
    ],
)
def test_which_image(tmp_path: Path, text: str, name: str) -> None:
    (image,) = read(tmp_path, text).images
    assert image.path.name == name and image.size_wh == (64, 48)
    assert image.xyxy_px.tolist() == [[1, 2, 9.5, 9]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not an XML file"),
        ("{}", "not an XML file"),
        (annotation()[:60], "not an XML file"),
        ("<html/>", "holds <html>; expected <annotation>"),
        ('<?xml version="1.0" encoding="klingon"?><annotation/>', "not an XML file"),
        (BOMB, "has a DOCTYPE"),
    ],
)
def test_a_bad_file_is_told_and_the_rest_goes_on(tmp_path: Path, text: str, why: str) -> None:
    labels = read(tmp_path, text, annotation())
    assert labels.counts() == {"face": 1}
    assert any("x0.xml" in note and why in note for note in labels.notes)


def test_a_bomb_is_refused_one_by_one_too(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(BOMB)
    with pytest.raises(LabelError, match="DOCTYPE"):
        voc.read(tmp_path / "a.xml", tmp_path, lambda _index, _name: 0)


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        ("<object><name>face</name></object>", "object 1: has no four numbers xmin"),
        (FACE.replace("9.5", "nine"), "object 1: has no four numbers"),
        (FACE.replace("9.5", "nan"), "object 1: is not four numbers"),
        (
            FACE.replace("9.5", "1"),
            r"object 1: has no width or height \(min >= max\) \(1, 2, 1, 9\)",
        ),
        (FACE.replace("face", ""), "object 1: has no class name"),
    ],
)
def test_a_bad_box_is_named(tmp_path: Path, objects: str, why: str) -> None:
    with pytest.raises(LabelError, match=rf"x0\.xml: {why}"):
        read(tmp_path, annotation(objects=FACE + objects))


def test_bad_boxes_can_be_left_out(tmp_path: Path) -> None:
    labels = read(tmp_path, annotation(objects=FACE + FACE.replace("9.5", "1")), drop_bad=True)
    assert labels.counts() == {"face": 1}
    assert labels.left_out == {"box has no width or height (min >= max)": 1}
