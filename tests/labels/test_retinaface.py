"""label.txt with 20 and 21 fields: what is written is read back, what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest
from face_lists import WIDER_VAL, assert_same, face_lists
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import LabelError
from facesort.labels.widerface import retinaface
from facesort.labels.widerface.face_list import FaceList, ListedImage

TRAIN = "449 330 122 149 488.906 373.643 0.0 542.089 376.442 1.0 -1.0 -1.0 -1.0 " + (
    "485.174 425.893 0.0 538.357 431.491 0.0 0.82"
)
VAL = "345 211 4 4 " + "-1.0 " * 16 + "2"


@given(face_lists(("blur_score",), st.just(-1.0) | st.floats(0, 1), landmarks=True))
def test_20_fields_are_read_back(faces: FaceList) -> None:
    assert_same(retinaface.parse(retinaface.render(faces)), _with_columns(faces, 20))


@given(face_lists(("blur_score", "difficulty"), st.sampled_from([0, 1, 2]), landmarks=True))
def test_21_fields_are_read_back(faces: FaceList) -> None:
    assert_same(retinaface.parse(retinaface.render(faces)), _with_columns(faces, 21))


def _with_columns(faces: FaceList, fields: int) -> FaceList:
    """A file without any face does not tell how many fields it has: it is read as 20."""
    if faces.face_count:
        return faces
    columns = retinaface.COLUMNS_OF_FIELDS[20]
    empty = (ListedImage.of(p.name, [], np.zeros((0, 1))) for p in faces.images)
    return FaceList(columns, tuple(empty))


def test_landmarks_and_blur_are_read() -> None:
    faces = retinaface.parse(f"# 0--Parade/a.jpg\n{TRAIN}\n")
    (image,) = faces.images
    assert faces.columns == ("blur_score",)
    assert image.name == "0--Parade/a.jpg"
    np.testing.assert_array_equal(image.xywh_px, [[449, 330, 122, 149]])
    np.testing.assert_array_equal(image.attributes, [[0.82]])
    assert image.landmarks.shape == (1, 5, 3)
    np.testing.assert_array_equal(image.landmarks[0, 1], [542.089, 376.442, 1])
    assert retinaface.render(faces) == f"# 0--Parade/a.jpg\n{TRAIN}\n"


def test_difficulty_is_read() -> None:
    faces = retinaface.parse(f"# a.jpg\n{VAL}\n# b.jpg\n{VAL} \n")
    assert faces.columns == ("blur_score", "difficulty")
    np.testing.assert_array_equal(faces.images[1].attributes, [[-1, 2]])
    assert retinaface.render(faces) == f"# a.jpg\n{VAL}\n# b.jpg\n{VAL}\n"


@pytest.mark.parametrize(
    ("text", "faces", "placeholders"),
    [
        ("", {}, 0),
        ("# a.jpg\n# b.jpg\n", {"a.jpg": 0, "b.jpg": 0}, 0),
        ("# a.jpg\n0 0 0 0 " + "-1.0 " * 16 + "2", {"a.jpg": 0}, 1),
        (f"\r\n#a b.jpg \r\n\r\n{TRAIN}\r\n{TRAIN}", {"a b.jpg": 2}, 0),
    ],
)
def test_what_is_forgiven(text: str, faces: dict[str, int], placeholders: int) -> None:
    read = retinaface.parse(text)
    assert {p.name: len(p.xywh_px) for p in read.images} == faces
    assert read.placeholders == placeholders


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TRAIN, r"label.txt: line 1: .*expected '# ' and an image first"),
        ("# a.jpg\n1 2 3 4\n", r"line 2: 4 fields; expected 20 .* or 21"),
        (f"# a.jpg\n{TRAIN}\n{VAL}\n", r"line 3: 21 fields, 20 before"),
        ("# a.jpg\nb.jpg\n", r"line 2: 'b.jpg' is neither numbers nor"),
        (f"# a.jpg\n{TRAIN.replace('1.0', '0.5', 1)}", r"line 2: landmark states .*expected -1"),
        ("# ../a.jpg\n", r"line 1: image '../a.jpg'"),
        ("#\n", r"line 1: image ''"),
        ("# a.jpg\n\n# a.jpg\n", r"line 3: a.jpg was listed before"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        retinaface.parse(text, "label.txt")


def test_columns_of_another_format_are_refused() -> None:
    with pytest.raises(LabelError, match=r"columns blur, pose; label\.txt holds blur_score"):
        retinaface.render(FaceList(("blur", "pose"), ()))


@pytest.mark.real
@pytest.mark.skipif(not WIDER_VAL.exists(), reason="no ../shared")
def test_the_real_list_is_written_as_it_is(tmp_path: Path) -> None:
    faces = retinaface.read(WIDER_VAL / "label.txt")
    assert (len(faces.images), faces.face_count, faces.placeholders) == (3226, 39_704, 4)
    retinaface.write(faces, tmp_path / "label.txt")
    lines = (WIDER_VAL / "label.txt").read_text().splitlines()
    expected = [line.rstrip() for line in lines if not line.startswith("0 0 0 0 ")]
    assert (tmp_path / "label.txt").read_text().splitlines() == expected
