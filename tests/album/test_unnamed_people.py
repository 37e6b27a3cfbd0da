"""Sorting by person with no examples at all: found, renamed, merged, and known from then on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import learn_corrections
import pytest
from conftest import Album, Sort, disk_as_dict, files
from test_album_kill import killed_before_change

from facesort.album.corrections.confirmed import class_names
from facesort.album.person.clustering import without_unused
from facesort.album.records import Example, Learned

ARGV = ("--src", "album", "--by", "person")


@pytest.fixture
def nameless(album: Album) -> Album:
    """Four reds, three greens (one of them beside a red), and two who are once in the album."""
    for number in range(3):
        album.add(f"red{number}.jpg", "face")
    for number in range(2):
        album.add(f"green{number}.jpg", "masked")
    album.add("both.jpg", "face", "masked")
    album.add("lone.jpg", "sunglasses")
    album.add("wall.jpg")
    return album


def photos(root: Path) -> dict[str, list[str]]:
    """Folder: the photos in it, of the folders that have any."""
    found: dict[str, list[str]] = {}
    for path in files(root / "photos"):
        found.setdefault(path.split("/")[0], []).append(path.split("/")[1])
    return found


def test_who_is_there_often_gets_a_folder_the_most_frequent_first(
    nameless: Album, sort: Sort, tmp_path: Path
) -> None:
    result = sort(*ARGV)
    assert result.code == 0
    assert "people found: 2 (person_01 to person_02); rename their folders" in result.out
    assert photos(tmp_path / "sorted") == {
        "person_01": ["both.jpg", "red0.jpg", "red1.jpg", "red2.jpg"],
        "person_02": ["both.jpg", "green0.jpg", "green1.jpg"],
        "_strangers": ["lone.jpg"],
        "_no_face": ["wall.jpg"],
    }
    assert "nothing new" in sort(*ARGV).out


@pytest.mark.parametrize("classes", [(), ("face",)], ids=["no face", "one face"])
def test_nobody_often_enough(
    classes: tuple[str, ...], album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", *classes)
    result = sort(*ARGV)
    assert (result.code, "no new person is in the album often enough" in result.out) == (0, True)
    assert not (tmp_path / "sorted/faces/person_01").exists()
    assert list(photos(tmp_path / "sorted")) == ["_strangers" if classes else "_no_face"]
    for number in range(3):
        album.add(f"{number}.jpg", "masked")
    assert "people found: 1 (person_01)" in sort(*ARGV).out
    album.add("x.jpg", "sunglasses")
    assert "no new person" in sort(*ARGV).out


def test_numbers_without_a_face_are_closed_up() -> None:
    """Of 01 (kept from an earlier run) to 05, nobody's face is in 02 and 04."""
    people = ["person_01", "person_02", "person_02", "Ana", "person_03", "person_04", "person_05"]
    examples = tuple(Example(name, "face", str(i)) for i, name in enumerate(people))
    learned = Learned("by", "", 0.98, False, examples)
    fewer = without_unused(learned, {"person_01", "Ana", "person_03", "person_05"})
    assert [(one.person, one.vector) for one in fewer.examples] == [
        ("person_01", "0"),
        ("Ana", "3"),
        ("person_02", "4"),
        ("person_03", "6"),
    ]
    assert without_unused(learned, set(people)) is learned
    assert [one.person for one in without_unused(learned, ()).examples] == ["Ana"]


def test_a_renamed_folder_names_them_and_takes_what_is_added(
    nameless: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort(*ARGV)
    faces = tmp_path / "sorted/faces"
    (faces / "person_01").rename(faces / "Ana")
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    assert "person_01 is Ana from now on" in capsys.readouterr().out
    assert class_names(tmp_path / "sorted") == ("Ana",)
    nameless.add("later.jpg", "face", "masked")
    assert sort(*ARGV).code == 0
    found = photos(tmp_path / "sorted")
    assert found["Ana"] == ["both.jpg", "later.jpg", "red0.jpg", "red1.jpg", "red2.jpg"]
    assert found["person_02"] == ["both.jpg", "green0.jpg", "green1.jpg", "later.jpg"]
    assert not (faces / "person_01").exists()


def test_renamed_and_sorted_before_it_was_learned(
    nameless: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort(*ARGV)
    faces = tmp_path / "sorted/faces"
    (faces / "person_01").rename(faces / "Ana")
    nameless.add("later.jpg", "face", confidence=0.7)
    out = sort(*ARGV).out
    assert "no longer there: faces/person_01; if you have renamed" in out
    learn_corrections.main(["sorted", "--apply"])
    assert "later.jpg" in photos(tmp_path / "sorted")["Ana"]
    assert "person_01" not in photos(tmp_path / "sorted")
    assert "no longer there" not in sort(*ARGV).out


@pytest.mark.parametrize("folder_stays", [False, True])
def test_two_folders_that_are_merged_are_one_person(
    folder_stays: bool,
    album: Album,
    sort: Sort,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(3):
        album.add(f"red{number}.jpg", "face")
        album.add(f"green{number}.jpg", "masked")
    sort(*ARGV)
    faces = tmp_path / "sorted/faces"
    for crop in list((faces / "person_02").iterdir()):
        crop.rename(faces / "person_01" / crop.name)
    if not folder_stays:
        (faces / "person_02").rmdir()
    (faces / "person_01").rename(faces / "Ana")
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    album.add("x.jpg", "face")
    album.add("y.jpg", "masked")
    sort(*ARGV)
    assert {"x.jpg", "y.jpg"} <= set(photos(tmp_path / "sorted")["Ana"])
    assert set(photos(tmp_path / "sorted")) == {"Ana"}


def test_somebody_new_in_what_is_added_gets_the_next_number(
    nameless: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort(*ARGV)
    faces = tmp_path / "sorted/faces"
    (faces / "person_02").rename(faces / "Ben")
    learn_corrections.main(["sorted", "--apply"])
    for number in range(3):
        nameless.add(f"new{number}.jpg", "masked_sunglasses")
    assert "people found: 1 (person_03)" in sort(*ARGV).out
    assert len(photos(tmp_path / "sorted")["person_03"]) == 3


def test_who_was_called_a_stranger_is_not_found_again(
    nameless: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort(*ARGV)
    faces = tmp_path / "sorted/faces"
    for crop in list((faces / "person_02").iterdir()):
        crop.rename(faces / "_strangers" / crop.name)
    learn_corrections.main(["sorted", "--apply"])
    for number in range(3):
        nameless.add(f"new{number}.jpg", "masked", confidence=0.7)
    sort(*ARGV)
    assert {"new0.jpg", "new1.jpg", "new2.jpg"} <= set(photos(tmp_path / "sorted")["_strangers"])


def test_a_dry_run_and_its_plan_are_the_same(nameless: Album, sort: Sort, tmp_path: Path) -> None:
    sort(*ARGV, "--dst", "plain")
    sort(*ARGV, "--dst", "planned", "--dry-run")
    assert sort("--plan", "planned/plan.json").code == 0
    assert disk_as_dict(tmp_path / "plain") == disk_as_dict(tmp_path / "planned")
    assert "nothing new" in sort(*ARGV, "--dst", "planned").out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_and_run_again(album: Album, sort: Sort, tmp_path: Path) -> None:
    for number in range(3):
        album.add(f"{number}.jpg", "face")
    sort(*ARGV)
    expected = disk_as_dict(tmp_path / "sorted")
    for number in range(2, 42, 5):
        shutil.rmtree(tmp_path / "sorted")
        killed_before_change(number, [*ARGV])
        assert sort(*ARGV).code == 0, number
        assert disk_as_dict(tmp_path / "sorted") == expected, number
