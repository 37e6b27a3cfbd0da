"""The four classes are two bits, in code as in label files."""

import pytest

from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.errors import LabelError


@pytest.mark.parametrize(
    ("name", "mouth", "eyes"),
    [
        ("face", False, False),
        ("masked", True, False),
        ("sunglasses", False, True),
        ("masked_sunglasses", True, True),
    ],
)
def test_a_class_is_its_two_bits(name: str, mouth: bool, eyes: bool) -> None:
    face_class = FaceClass[name]
    assert (face_class.mouth_covered, face_class.eyes_covered) == (mouth, eyes)
    assert FaceClass.from_bits(mouth, eyes) is face_class
    assert CLASS_NAMES[mouth + 2 * eyes] == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("face", FaceClass.face),
        ("with_mask", FaceClass.masked),
        ("Without Mask", FaceClass.face),
        ("MASKED-SUNGLASSES", FaceClass.masked_sunglasses),
        (" top_occluded ", FaceClass.sunglasses),
    ],
)
def test_names_and_aliases(text: str, expected: FaceClass) -> None:
    assert parse_class(text) is expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [("", "expected one of face"), ("maskd", "did you mean 'masked'"), ("cat", "expected one of")],
)
def test_an_unknown_name_says_what_is_near(text: str, hint: str) -> None:
    with pytest.raises(LabelError, match=hint):
        parse_class(text)
