"""YOLO txt: what is written is read back, what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import LabelError
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, ImageLabels

centre = st.floats(0.3, 0.7)
extent = st.floats(0.01, 0.5)


@given(st.lists(st.tuples(st.integers(0, 3), centre, centre, extent, extent), max_size=6))
def test_what_is_written_is_read_back(rows: list[tuple[int, float, float, float, float]]) -> None:
    image, size_wh = Path("images/a.jpg"), (640, 480)
    text = "".join(f"{c} {x} {y} {w} {h}\n" for c, x, y, w, h in rows)
    labels = yolo.parse(text, image, size_wh, 4)
    again = yolo.parse(yolo.render(labels), image, size_wh, 4)
    np.testing.assert_array_equal(again.class_id, labels.class_id)
    np.testing.assert_allclose(again.xyxy_px, labels.xyxy_px, atol=1e-3)


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("a.jpg", "a.txt"),
        ("set/images/a.b.png", "set/labels/a.b.txt"),
        ("images/images/train/a.jpg", "images/labels/train/a.txt"),  # only the last one
        ("images.jpg", "images.txt"),
    ],
)
def test_label_path(image: str, label: str) -> None:
    assert yolo.label_path_of(Path(image)) == Path(label)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 .5 .5 .1", "4 fields; expected 5"),
        ("0 .5 .5 .1 .1\n4 .5 .5 .1 .1", "line 2: class 4; expected 0 to 3"),
        ("0.5 .5 .5 .1 .1", "class 0.5"),
        ("0 50 50 10 10", "leaves the range 0 to 1"),
        ("face .5 .5 .1 .1", "is not five numbers"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        yolo.parse(text, Path("a.jpg"), (10, 10), 4)


def test_ignored_and_empty_boxes_are_not_written() -> None:
    labels = ImageLabels.of(
        Path("images/a.jpg"),
        (100, 100),
        [[10, 10, 20, 20], [30, 30, 40, 40], [150, 150, 160, 160]],
        [2, IGNORE, 1],
    )
    assert yolo.render(labels) == "2 0.150000 0.150000 0.100000 0.100000\n"


def test_a_missing_label_means_no_face(tmp_path: Path) -> None:
    assert len(yolo.read(tmp_path / "images" / "a.jpg", (10, 10), 4).class_id) == 0


def test_a_byte_order_mark_is_no_part_of_the_first_class(tmp_path: Path) -> None:
    """Windows' editor writes one; converting read such a label, evaluating dropped it."""
    label = yolo.label_path_of(tmp_path / "images" / "a.jpg")
    label.parent.mkdir()
    label.write_text("1 0.5 0.5 0.2 0.4\n", encoding="utf-8-sig")
    read = yolo.read(tmp_path / "images" / "a.jpg", (100, 100), 2)
    assert read.class_id.tolist() == [1]
    assert read.xyxy_px == pytest.approx(np.array([[40, 30, 60, 70]]))


def test_a_label_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe0 .5 .5 .1 .1")
    with pytest.raises(LabelError, match=r"a\.txt: not a text file"):
        yolo.read(tmp_path / "a.jpg", (10, 10), 4)
