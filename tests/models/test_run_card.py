"""Run cards: data is one number wherever it lies, and a broken card is none."""

from pathlib import Path

import pytest

from facesort.models.training.run_card import (
    CARD,
    git_commit,
    hash_data,
    hash_file,
    read_card,
    write_card,
)


def data_set(root: Path, labels: dict[str, str | None]) -> list[tuple[Path, Path]]:
    pairs = []
    for name, text in labels.items():
        image, label = root / f"{name}.jpg", root / f"{name}.txt"
        root.mkdir(exist_ok=True)
        image.write_bytes(b"image of " + name.encode())
        if text is not None:
            label.write_text(text)
        pairs.append((image, label))
    return pairs


LABELS: dict[str, str | None] = {"a": "0 .5 .5 .1 .1\n", "b": None, "ü": "1 .5 .5 .1 .1\n"}


def test_the_same_data_elsewhere_in_another_order_is_the_same(tmp_path: Path) -> None:
    here = data_set(tmp_path / "here", LABELS)
    there = data_set(tmp_path / "there", LABELS)
    assert hash_data(here) == hash_data(reversed(there))
    assert len(hash_data([])) == 64


@pytest.mark.parametrize(
    "other",
    [{}, {"a": "1 .5 .5 .1 .1\n"}, {"b": "0 .5 .5 .1 .1\n"}, {"c": None}],
    ids=["fewer", "class", "label", "more"],
)
def test_other_data_is_another_number(tmp_path: Path, other: dict[str, str | None]) -> None:
    changed = LABELS | other if other else {"a": LABELS["a"]}
    here, there = data_set(tmp_path / "here", LABELS), data_set(tmp_path / "there", changed)
    assert hash_data(here) != hash_data(there)


def test_a_card_is_replaced_whole(tmp_path: Path) -> None:
    assert read_card(tmp_path) == {}
    write_card(tmp_path, {"status": "running", "folder": tmp_path})
    write_card(tmp_path, {"status": "finished", "name": "Zoë"})
    assert read_card(tmp_path) == {"status": "finished", "name": "Zoë"}
    assert [file.name for file in tmp_path.iterdir()] == [CARD]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_what_is_no_card_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD).write_text(text)
    assert read_card(tmp_path) == {}


def test_hash_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.touch()
    assert hash_file(file).startswith("e3b0c44298fc1c14")


def test_the_commit_is_named_or_unknown() -> None:
    commit = git_commit()
    assert commit is None or len(commit.removesuffix("+changes")) == 40
