"""A model with a class a child: alone, or with a say beside the examples."""

from __future__ import annotations

from pathlib import Path

import learn_corrections
import numpy as np
import pytest
from conftest import Album, Sort, disk_as_dict, files, jpeg
from hypothesis import given
from hypothesis import strategies as st

from facesort.album.person.ensemble import classify_by_votes, votes, weigh
from facesort.album.records import Face, Scan, Vote
from facesort.album.user_labels import UserLabels

CHILDREN = "Ana+Ben+Eva+Zoe.pt"
ALONE = ("--src", "album", "--by", "person", "--weights", CHILDREN)
BOX = (0.0, 0.0, 10.0, 10.0)


def voted(name: str, confidence: float) -> Face:
    return Face(BOX, "face", confidence, vote=Vote(name, confidence))


@pytest.mark.parametrize(
    ("probability", "vote", "expected"),
    [
        ([0.0, 0.0], [0.99, 0.0], [0.0, 0.0]),  # who looks like nobody stays nobody
        ([0.5, 0.5], [0.9, 0.0], [0.9, 0.1]),
        ([0.5, 0.5], [0.3, 0.0], [0.5, 0.5]),  # an unsure vote says nothing
        ([0.5, 0.5], [1.0, 0.0], [20 / 21, 1 / 21]),  # and a sure one not everything
        ([0.6, 0.0], [0.9, 0.0], [5.4 / 5.8, 0.0]),
        ([0.02, 0.95], [0.95, 0.0], [0.38 / 1.36, 0.95 / 1.36]),
    ],
)
def test_what_a_vote_weighs(probability: list, vote: list, expected: list) -> None:
    found = weigh(np.array([probability]), np.array([vote]))
    assert found[0].tolist() == pytest.approx(expected)


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_votes_keep_probabilities(chances: list[float], vote: list[float]) -> None:
    total = max(sum(chances), 1.0)
    found = weigh(np.array([chances]) / total, np.array([vote]))
    assert np.isfinite(found).all() and (found >= 0).all() and found.sum() <= 1 + 1e-9


def test_names_are_matched_whatever_their_case() -> None:
    faces = [voted("ANA", 0.9), voted("dog", 0.9), Face(BOX, "face", 0.5)]
    assert votes(faces, ["Ben", "Ana"]).tolist() == [[0, 0.9], [0, 0], [0, 0]]
    assert votes([], ["Ben"]).shape == (0, 1)


def test_alone_a_child_is_once_in_a_photo() -> None:
    scans = [
        Scan("a.jpg", 1, 1, "0", faces=(voted("Ana", 0.99), voted("Ana", 0.995))),
        Scan("b.jpg", 1, 1, "1", faces=(voted("Ben", 0.4), Face(BOX, "face", 0.9))),
        Scan("c.jpg", 1, 1, "2"),
    ]

    def folders(twins: bool) -> list[list[str]]:
        words = classify_by_votes(["Ana", "Ben"], UserLabels(), scans, 0.5, twins)
        return [[one.folder for one in words[scan.photo]] for scan in scans]

    assert folders(False) == [["_unsure", "Ana"], ["_unsure", "_unsure"], []]
    assert folders(True) == [["Ana", "Ana"], ["_unsure", "_unsure"], []]


def test_alone(album: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    album.add("a.jpg", "face", "masked", confidence=1.0)
    album.add("doubt.jpg", "sunglasses", confidence=0.4)
    album.add("wall.jpg")
    result = sort(*ALONE)
    assert (result.code, result.out.count("by the model's 4 classes, from 0.5 on")) == (0, 1)
    assert files(tmp_path / "sorted/photos") == [
        "Ana/a.jpg",
        "Ben/a.jpg",
        "_no_face/wall.jpg",
        "_unsure/doubt.jpg",
    ]
    assert "nothing new" in sort(*ALONE).out
    faces = tmp_path / "sorted/faces"
    next((faces / "_unsure").iterdir()).rename(faces / "Eva/400_doubt_0.jpg")
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    assert (tmp_path / "sorted/photos/Eva/doubt.jpg").exists()
    capsys.readouterr()


def test_alone_as_sure_as_asked(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face", confidence=0.7)
    sort(*ALONE, "--class-threshold", "0.8")
    assert files(tmp_path / "sorted/photos") == ["_unsure/a.jpg"]


def test_alone_planned_and_undone(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face", "masked", confidence=1.0)
    sort(*ALONE)
    expected = disk_as_dict(tmp_path / "sorted")
    sort(*ALONE, "--dst", "planned", "--dry-run")
    assert sort("--plan", "planned/plan.json").code == 0
    assert disk_as_dict(tmp_path / "planned") == expected
    sort("--undo", "--dst", "sorted")
    assert not (tmp_path / "sorted").exists()


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for name, colour in {"Ana": "face", "Ben": "masked"}.items():
        (tmp_path / "examples" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "examples" / name / f"{number}.jpg").write_bytes(jpeg(colour))
    return tmp_path / "examples"


def test_beside_examples(album: Album, examples: Path, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face", "masked")
    album.add("nobody.jpg", "sunglasses", confidence=0.95)  # whom the model takes for Ana
    argv = ("--src", "album", "--by", "person", "--people", "examples")
    result = sort(*argv, "--vote", "ANA+ben+ana+dog.pt")
    line = "ANA+ben+ana+dog.pt has a say in ANA, ben, ana; no person is called dog"
    assert result.out.count(line) == 1
    assert files(tmp_path / "sorted/photos") == ["Ana/a.jpg", "Ben/a.jpg", "_unsure/nobody.jpg"]


@pytest.mark.parametrize(
    ("more", "code", "line"),
    [
        (["--people", "examples", "--vote", "dog+cat.pt"], 1, "none of its classes is one of"),
        (["--vote", CHILDREN], 2, "--vote FILE: needs --people"),
        (["--weights", "CON+Ana.pt"], 1, "CON+Ana.pt/CON: cannot be a person's folder"),
        (["--weights", "Ana+ana.pt"], 1, "Ana and ana are one name on some disks"),
        (["--people", "examples", "--weights", CHILDREN], 1, "does not tell what covers a face"),
    ],
)
def test_models_that_will_not_do(
    more: list[str],
    code: int,
    line: str,
    album: Album,
    examples: Path,
    sort: Sort,
    tmp_path: Path,
) -> None:
    album.add("a.jpg", "face")
    result = sort("--src", "album", "--by", "person", *more)
    assert (result.code, line in result.error_line) == (code, True), result.error_line
    assert not (tmp_path / "sorted").exists()
