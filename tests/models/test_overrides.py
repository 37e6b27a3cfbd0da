"""Ultralytics' arguments as text: read as YAML, nonsense refused in one line."""

import pytest

from facesort.errors import UsageError
from facesort.models.training.start import parse_overrides, read_pairs


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", {}),
        ("epochs=2 lr0=.1", {"epochs": "2", "lr0": ".1"}),
        ("--epochs=2 --seed 3 close-mosaic=1", {"epochs": "2", "seed": "3", "close_mosaic": "1"}),
        ("name=a=b --batch -1 epochs=1 epochs=2", {"name": "a=b", "batch": "-1", "epochs": "2"}),
    ],
)
def test_arguments_come_in_any_spelling(words: str, expected: dict[str, str]) -> None:
    assert read_pairs(words.split()) == expected


@pytest.mark.parametrize("words", ["epochs", "--epochs", "--epochs --focal", "=3", "epochs=", "-x"])
def test_what_is_no_argument_is_told(words: str) -> None:
    with pytest.raises(UsageError, match="expected key=value, such as epochs=20"):
        read_pairs(words.split())


def test_values_are_read_as_yaml() -> None:
    pairs = {"epochs": "3", "lr0": "0.01", "cos_lr": "True", "project": "a/b", "freeze": "[0, 2]"}
    expected = {"epochs": 3, "lr0": 0.01, "cos_lr": True, "project": "a/b", "freeze": [0, 2]}
    assert parse_overrides(pairs) == expected
    assert parse_overrides({}) == {}
    assert parse_overrides({"batch": "-1", "device": "0,"}) == {"batch": -1, "device": "0,"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("epoch=3", "'epoch' is not a valid YOLO argument. Similar arguments are i.e. .'epochs"),
        ("epochs=two", "'epochs=two' is of invalid type str"),
        ("epochs=0", "epochs=0: expected 1 or more"),
        ("epochs=[1", r"epochs=\[1: expected a value as YAML writes it"),
        ("seed=-1", "'seed' must be >= 0"),
        ("seed=x", "'seed=x' is of invalid type str"),
        ("patience=x", "'patience=x' is of invalid type str"),
        ("imgsz=-5", "imgsz=-5: expected 32 pixels or more"),
        ("imgsz=big", "imgsz=big: expected 32 pixels or more"),
        ("batch=0", "batch=0: expected images a step"),
        ("batch=x", "'batch=x' is of invalid type str"),
        ("freeze=abc", "freeze=abc: expected a number of layers"),
        ("freeze=true", "freeze=true: expected a number of layers"),
        ("freeze=[0, x]", "expected a number of layers"),
        ("device=0,1", "device=0,1: expected one device"),
        ("device=[0,1]", "expected one device"),
        ("mode=val", "mode=val: this script trains detectors"),
        ("task=segment", "task=segment: this script trains detectors"),
    ],
)
def test_nonsense_is_refused(text: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    key, _, value = text.partition("=")
    with pytest.raises(UsageError, match=reason) as raised:
        parse_overrides({key: value})
    assert "\n" not in str(raised.value)
    assert capsys.readouterr().out == ""
