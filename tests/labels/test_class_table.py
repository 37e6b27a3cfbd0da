"""The class table: which source class is which of ours, and what happens to the others."""

from pathlib import Path

import pytest

from facesort.errors import LabelError, UsageError
from facesort.labels.class_table import map_classes, parse_map
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet

SOURCE = ("with_mask", "without_mask", "with_incorrect_mask", "Mützen träger")


def source(*class_ids: int) -> LabelSet:
    boxes = [[i, 0, i + 1, 1] for i in range(len(class_ids))]
    return LabelSet(SOURCE, (ImageLabels.of(Path("a.jpg"), (9, 9), boxes, class_ids),), Path("."))


@pytest.mark.parametrize(
    ("pairs", "table"),
    [
        ([], {}),
        (["with_mask=masked", "a = face "], {"with_mask": "masked", "a": "face"}),
        (["a=b=face"], {"a=b": "face"}),
        (["a=face", "a=face"], {"a": "face"}),
        (["mask weared incorrect=drop"], {"mask weared incorrect": "drop"}),
    ],
)
def test_parse_map(pairs: list[str], table: dict[str, str]) -> None:
    assert parse_map(pairs) == table


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["with_mask"], "expected SOURCE=TARGET"),
        (["=face"], "expected SOURCE=TARGET"),
        (["a="], "expected SOURCE=TARGET"),
        (["a=face", "a=masked"], "a is mapped to face already"),
    ],
)
def test_what_is_no_pair_is_usage(pairs: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_map(pairs)


@pytest.mark.parametrize(
    ("table", "class_ids", "expected", "left_out"),
    [
        ({}, [], [], {}),
        ({}, [0, 1, IGNORE], [1, 0, IGNORE], {}),  # by alias
        ({"with_mask": "sunglasses"}, [0, 1], [2, 0], {}),  # the table outranks the alias
        ({"with_mask": "mask"}, [0], [1], {}),  # an alias as a target
        (
            {"with_incorrect_mask": "drop"},
            [2, 0, 2],
            [1],
            {"class with_incorrect_mask (drop)": 2},
        ),
        ({"with_incorrect_mask": "ignore"}, [2, 0], [IGNORE, 1], {}),
        ({"Mützen träger": "face"}, [3], [0], {}),
    ],
)
def test_map_classes(table: dict, class_ids: list, expected: list, left_out: dict) -> None:
    mapped = map_classes(source(*class_ids), table)
    assert mapped.images[0].class_id.tolist() == expected
    assert len(mapped.images[0].xyxy_px) == len(expected)
    assert mapped.left_out == left_out
    assert mapped.names == ("face", "masked", "sunglasses", "masked_sunglasses")


def test_unknown_classes_are_one_error_that_counts_them() -> None:
    with pytest.raises(LabelError) as caught:
        map_classes(source(2, 2, 3, 0), {}, ("with_mask", "with_correct_mask"))
    message = str(caught.value)
    assert "'with_incorrect_mask' (2 boxes; did you mean 'with_correct_mask'?)" in message
    assert "'Mützen träger' (1 boxes)" in message
    assert "'with_mask'" not in message.split(";")[0]
    assert "--map SOURCE=TARGET" in message


def test_an_unknown_target_is_usage() -> None:
    with pytest.raises(UsageError, match="no class 'maskd'; did you mean 'masked'"):
        map_classes(source(), {"with_mask": "maskd"})


def test_a_source_class_that_is_not_there_is_noted() -> None:
    mapped = map_classes(source(0), {"with_maks": "masked"})
    assert mapped.notes == (
        "taken by its name: 'with_mask' as masked; --map says otherwise",
        "--map with_maks=masked: the source has no such class; did you mean 'with_mask'?",
    )


def test_other_targets_know_no_aliases() -> None:
    mapped = map_classes(source(0, 1), {"without_mask": "Ann"}, ("Ann", "with_mask"))
    assert mapped.images[0].class_id.tolist() == [1, 0]
