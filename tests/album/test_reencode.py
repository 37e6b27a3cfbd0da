"""An album whose faces another encoder described: described anew, and nothing else changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import learn_corrections
import pytest
from conftest import Album, Sort, disk_as_dict
from corrected_albums import ARGV, sort_by_person
from test_album_kill import killed_before_change

from facesort.album.journal import read_state

OTHER = (*ARGV, "--encoder", "other.onnx")
SAID = "2 filed photos had faces described by another encoder: described anew"


def described_by(dst: Path) -> set[str]:
    state = read_state(dst / ".facesort/journal.jsonl")
    faces = [face for entry in state.entries.values() for face in entry.scan.faces]
    return {face.identity.by for face in faces if face.identity} | {
        state.learned.by if state.learned else ""
    }


@pytest.fixture
def filed(album: Album, sort: Sort, tmp_path: Path) -> Path:
    """Two photos of three people, and Ben's face dragged to Ana."""
    album.add("a.jpg", "face", "masked")
    album.add("b.jpg", "sunglasses")
    album.add("wall.jpg")
    dst = sort_by_person(tmp_path)
    (crop,) = (dst / "faces/Ben").iterdir()
    crop.rename(dst / "faces/Ana" / crop.name)
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    return dst


def test_there_and_back(filed: Path, sort: Sort) -> None:
    before = disk_as_dict(filed)
    assert described_by(filed) == {"fake"}
    for argv, by in ((OTHER, "other"), (ARGV, "fake")):
        assert SAID in sort(*argv).out
        assert described_by(filed) == {by}
        assert disk_as_dict(filed) == before
        assert "described" not in sort(*argv).out


def test_what_was_said_of_faces_still_teaches(album: Album, sort: Sort, tmp_path: Path) -> None:
    for number in range(3):
        album.add(f"{number}.jpg", "masked_sunglasses", confidence=0.7 + number / 50)
    dst = sort_by_person(tmp_path)
    (dst / "faces/_strangers").rename(dst / "faces/Zoe")
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    album.add("new.jpg", "masked_sunglasses")
    assert "3 filed photos had faces" in sort(*OTHER).out
    assert (dst / "photos/Zoe/new.jpg").exists()


def test_people_who_were_found_keep_their_examples(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    for number in range(4):
        album.add(f"{number}.jpg", "face", confidence=0.7 + number / 50)
    argv = ("--src", "album", "--by", "person")
    sort(*argv)
    (tmp_path / "sorted/faces/person_01").rename(tmp_path / "sorted/faces/Zoe")
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    album.add("new.jpg", "face")
    assert "4 filed photos had faces" in sort(*argv, "--encoder", "other.onnx").out
    assert (tmp_path / "sorted/photos/Zoe/new.jpg").exists()


def test_a_dry_run_says_so_and_changes_nothing(filed: Path, sort: Sort) -> None:
    assert SAID in sort(*OTHER, "--dry-run").out
    assert described_by(filed) == {"fake"}


def test_a_photo_that_is_gone_stays_where_it_is(filed: Path, album: Album, sort: Sort) -> None:
    (album.root / "b.jpg").unlink()
    album.note()
    before = disk_as_dict(filed)
    out = sort(*OTHER).out
    assert "1 filed photo had faces" in out and "1 filed photo could not be opened" in out
    assert disk_as_dict(filed) == before


def test_a_learning_from_before_can_be_taken_back(filed: Path, sort: Sort) -> None:
    sort(*OTHER)
    assert learn_corrections.main(["sorted", "--undo"]) == 0
    assert list((filed / "faces/Ben").iterdir()) and len(described_by(filed)) == 1
    sort(*OTHER)
    assert described_by(filed) == {"other"}
    assert list((filed / "faces/Ben").iterdir())


def test_killed_and_run_again(filed: Path, sort: Sort, tmp_path: Path) -> None:
    shutil.copytree(filed, tmp_path / "start")
    expected = disk_as_dict(filed)
    for number in range(1, 200):
        shutil.rmtree(filed)
        shutil.copytree(tmp_path / "start", filed)
        if not killed_before_change(number, list(OTHER)):
            break
        assert sort(*OTHER).code == 0, number
        assert described_by(filed) == {"other"}, number
        assert disk_as_dict(filed) == expected, number
    assert number > 5
