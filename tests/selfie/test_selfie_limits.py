"""The thresholds file: what is wrong in it is named, with the nearest right key."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from facesort.errors import UsageError
from facesort.selfie.limits import read_limits

SHIPPED = Path(__file__).resolve().parents[2] / "data_configs" / "selfie.yaml"


def test_the_shipped_file_is_complete() -> None:
    limits = read_limits(SHIPPED)
    assert asdict(limits) == yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert isinstance(limits.network_px, int)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a YAML mapping"),
        (b"- 1", "not a YAML mapping"),
        (b"a: [", "not a YAML mapping"),
        (b"\xff\xfe", "not a YAML mapping"),
        (b"min_face_px: 50", "'network_px' is missing"),
        (b"min_fce_px: 50", "unknown key 'min_fce_px'; did you mean 'min_face_px'"),
        (b"zzz: 50", "unknown key 'zzz'; expected network_px"),
        (b"1: 50", "unknown key '1'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_limits(file)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("min_face_px", "large", "min_face_px is 'large'; expected a number from 1"),
        ("min_face_px", None, "min_face_px is None"),
        ("min_face_px", True, "min_face_px is True"),
        ("min_confidence", 50, "expected a number from 0 to 1"),
        ("max_blur", float("nan"), "max_blur is nan"),
        ("network_px", 300, "expected a multiple of 32"),
        ("cover_px", 100, "expected a multiple of 32"),
    ],
)
def test_a_value_that_cannot_be_meant(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | {key: value}
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_limits(file)


def test_a_file_of_before_the_second_look_is_read(tmp_path: Path) -> None:
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    del content["max_cover"], content["cover_px"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    expected = replace(read_limits(SHIPPED), max_cover=0.3, cover_px=160)
    assert read_limits(tmp_path / "mine.yaml") == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_limits(tmp_path / "none.yaml")
