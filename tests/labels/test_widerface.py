"""bbx_gt.txt: what is written is read back, what is wrong is named by its line."""

from pathlib import Path

import numpy as np
import pytest
from face_lists import assert_same, face_lists
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import LabelError
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.widerface import bbx_text, retinaface
from facesort.labels.widerface.face_list import FaceList

FACE = "449 330 122 149 0 1 0 0 2 1"
NO_FACE = "0 0 0 0 0 0 0 0 0 0"


@given(face_lists(bbx_text.ATTRIBUTES, st.integers(0, 2)))
def test_what_is_written_is_read_back(faces: FaceList) -> None:
    again = bbx_text.parse(bbx_text.render(faces.images))
    assert_same(again, faces)
    assert again.placeholders == sum(not len(p.xywh_px) for p in faces.images)


def test_every_column_is_read() -> None:
    (listed,) = bbx_text.parse(f"0--Parade/a.jpg\n1\n{FACE}\n").images
    assert listed.name == "0--Parade/a.jpg"
    np.testing.assert_array_equal(listed.xywh_px, [[449, 330, 122, 149]])
    np.testing.assert_array_equal(listed.xyxy_px, [[449, 330, 571, 479]])
    told = dict(zip(bbx_text.ATTRIBUTES, listed.attributes[0], strict=True))
    assert told == {
        "blur": 0, "expression": 1, "illumination": 0, "invalid": 0, "occlusion": 2, "pose": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "faces", "placeholders"),
    [
        ("", {}, 0),
        (f"a.jpg\n0\n{NO_FACE}\n", {"a.jpg": 0}, 1),
        (f"a.jpg\n0\nb.jpg\n1\n{FACE}\n", {"a.jpg": 0, "b.jpg": 1}, 0),  # without its dummy line
        ("a.jpg\n0", {"a.jpg": 0}, 0),
        (f"a.jpg\n1\n{NO_FACE}\n", {"a.jpg": 0}, 1),  # as the .mat has it
        (f"a.jpg\r\n1\r\n{FACE} \r\n\r\nb.jpg\r\n0\r\n", {"a.jpg": 1, "b.jpg": 0}, 0),
        (f"\n  a.jpg  \n\n1\n\n{FACE}\n\n", {"a.jpg": 1}, 0),
        (f"e\\a b.jpg\n2\n{FACE}\n{FACE}", {"e/a b.jpg": 2}, 0),
        (f"a.jpg\n2\n{NO_FACE}\n{FACE}", {"a.jpg": 2}, 0),  # a face without area, not the dummy
    ],
)
def test_what_is_forgiven(text: str, faces: dict[str, int], placeholders: int) -> None:
    read = bbx_text.parse(text)
    assert {p.name: len(p.xywh_px) for p in read.images} == faces
    assert read.placeholders == placeholders


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\n", r"gt.txt: ends after line 1; expected a count"),
        ("a.jpg\nmany\n", r"gt.txt: line 2: 'many'; expected a count"),
        ("a.jpg\n-1\n", r"line 2: '-1'; expected a count"),
        (f"a.jpg\n2\n{FACE}\n", r"ends after line 3; expected face 2 of 2"),
        (f"a.jpg\n2\n{FACE}\nb.jpg\n", r"line 4: face 2 of 2: 'b.jpg' is not numbers"),
        ("a.jpg\n1\n1 2 3 4\n", r"line 3: face 1 of 1: 4 fields; expected 10: x y w h blur"),
        ("a.jpg\n1\n1 2 nan 4 0 0 0 0 0 0\n", r"line 3: .* is not numbers"),
        (f"a.jpg\n1\n{FACE}\n\n{FACE}\n", r"line 5: .*expected an image; is the count .* too low"),
        (f"a.jpg\n0\n{FACE}\n", r"line 3: .*is the count above too low"),
        ("../../etc/a.jpg\n0\n", r"line 1: image '../../etc/a.jpg'; expected a path such as"),
        ("/etc/a.jpg\n0\n", r"line 1: image"),
        ("C:\\a.jpg\n0\n", r"line 1: image"),
        ("a.jpg\n0\nb.jpg\n0\na.jpg\n0\n", r"line 5: a.jpg was listed before"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        bbx_text.parse(text, "gt.txt")


def test_files_with_any_beginning(tmp_path: Path) -> None:
    file = tmp_path / "gt.txt"
    file.write_bytes(b"\xef\xbb\xbfa.jpg\r\n0\r\n")
    assert [p.name for p in bbx_text.read(file).images] == ["a.jpg"]
    file.write_bytes(b"\xff\xfe\0\1")
    with pytest.raises(LabelError, match=r"gt\.txt: not a text file"):
        bbx_text.read(file)
    with pytest.raises(LabelError, match="cannot be read"):
        bbx_text.read(tmp_path / "none.txt")


def test_columns_of_another_format_are_refused() -> None:
    faces = retinaface.parse("# a.jpg\n" + "1 " * 4 + "-1 " * 15 + "0.5")
    with pytest.raises(LabelError, match=r"a\.jpg: 1 attributes a face; expected 6"):
        bbx_text.render(faces.images)


boxes = st.lists(st.tuples(*[st.floats(0, 900)] * 2, *[st.floats(0.1, 90)] * 2), max_size=4)


@given(boxes, st.data())
def test_from_a_label_set(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    ids = [data.draw(st.sampled_from([IGNORE, 0, 3])) for _ in rows]
    xyxy = [[x, y, x + w, y + h] for x, y, w, h in rows]
    image = ImageLabels.of(Path("root/event/a.jpg"), (1000, 1000), xyxy, ids)
    text = bbx_text.from_label_set(LabelSet(("a", "b", "c", "d"), (image,), Path("root")))
    (listed,) = bbx_text.parse(text).images
    assert listed.name == "event/a.jpg"
    np.testing.assert_allclose(listed.xyxy_px, image.xyxy_px, atol=1.5)  # 1 px wide at least
    assert (listed.xywh_px[:, 2:] >= 1).all()
    np.testing.assert_array_equal(listed.attributes[:, 3], [c == IGNORE for c in ids])
    assert not np.delete(listed.attributes, 3, axis=1).any()
