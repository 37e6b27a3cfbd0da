"""Pascal VOC: round trip, and each way to be wrong."""

from pathlib import Path

import numpy as np
import pytest

from facesort.classes import CLASS_NAMES
from facesort.errors import LabelError
from facesort.labels import voc
from facesort.labels.image_labels import ImageLabels


def read(tmp_path: Path, text: str) -> ImageLabels:
    file = tmp_path / "a.xml"
    file.write_text(text, encoding="utf-8")
    return voc.read(file, tmp_path, lambda _index, name: CLASS_NAMES.index(name))


@pytest.mark.parametrize(
    ("boxes", "classes"),
    [([], []), ([[1, 2, 30, 40]], [1]), ([[0, 0, 5, 5], [10.5, 2, 30, 40.25]], [3, 0])],
)
def test_round_trip(tmp_path: Path, boxes: list, classes: list) -> None:
    labels = ImageLabels.of(tmp_path / "ä b.jpg", (64, 48), boxes, classes)
    again = read(tmp_path, voc.render(labels, CLASS_NAMES))
    assert again.path == labels.path and again.size_wh == labels.size_wh
    np.testing.assert_array_equal(again.xyxy_px, labels.xyxy_px)
    np.testing.assert_array_equal(again.class_id, labels.class_id)


SIZE = "<size><width>9</width><height>9</height></size>"
BOX = "<bndbox><xmin>{}</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an XML file"),
        ("<annotation/>", "size needs width and height"),
        (f"<annotation>{SIZE}<object><name>face</name></object></annotation>", "object 0: bndbox"),
        (
            f"<annotation>{SIZE}<object><name>face</name>{BOX.format(7)}</object></annotation>",
            "object 0: xmin 7 >= xmax 4",
        ),
    ],
)
def test_what_is_not_voc_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        read(tmp_path, text)
