"""By person, what goes wrong on the way: one clear line, nothing lost, and the rest is sorted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import learn_corrections
import pytest
from conftest import Album, Sort, files, jpeg

ARGV = ("--src", "album", "--by", "person", "--people", "examples")
Change = Callable[[Path], object]


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for name, colour in {"Ana": "face", "Ben": "masked"}.items():
        (tmp_path / "examples" / name).mkdir(parents=True)
        for number in range(5):
            write(tmp_path / "examples" / name / f"{number}.jpg", colour)
    return tmp_path / "examples"


def write(path: Path, *colours: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(*colours))


def swap(one: Path, other: Path) -> None:
    both = one.read_bytes(), other.read_bytes()
    other.write_bytes(both[0])
    one.write_bytes(both[1])


@pytest.mark.parametrize(
    ("change", "lines", "known"),
    [
        (lambda ex: None, ["10 of 10 photos are of use: Ana 5, Ben 5"], "Ana Ben"),
        (lambda ex: write(ex / "Ana/wall.jpg"), ["Ana/wall.jpg: no face to learn from"], "Ana Ben"),
        (lambda ex: (ex / "Ana/x.jpg").write_bytes(b"junk"), ["examples/Ana/x.jpg: "], "Ana Ben"),
        (lambda ex: (ex / "Ana/notes.txt").write_text("hello"), ["10 of 10 photos"], "Ana Ben"),
        (lambda ex: write(ex / "loose.jpg", "face"), ["10 of 10 photos"], "Ana Ben"),
        (lambda ex: (ex / "Empty").mkdir(), ["Ana 5, Ben 5"], "Ana Ben"),
        (
            lambda ex: [(ex / f"Ana/{n}.jpg").unlink() for n in range(1, 5)],
            ["Ana 1, Ben 5"],
            "Ana Ben",
        ),
        (
            lambda ex: swap(ex / "Ana/0.jpg", ex / "Ben/0.jpg"),
            ["Ana/0.jpg: looks like Ben", "Ben/0.jpg: looks like Ana"],
            "",  # nothing is sure with so few
        ),
        (
            lambda ex: shutil.copytree(ex / "Ana", ex / "Anna"),
            [
                "Ana and Anna look like one person: if they are, put all photos into one folder",
                "Ana/0.jpg and ",
                "Anna/0.jpg are the same photo: remove it from one of the two folders",
            ],
            "Ben",
        ),
        (lambda ex: shutil.rmtree(ex / "Ana"), ["5 of 5 photos are of use: Ben 5"], "Ben"),
    ],
    ids=[
        "all well",
        "no face",
        "corrupt",
        "not a photo",
        "nobody's photo",
        "an empty folder",
        "one example only",
        "swapped",
        "one person under two names",
        "a folder deleted",
    ],
)
def test_examples(
    change: Change,
    lines: list[str],
    known: str,
    album: Album,
    examples: Path,
    sort: Sort,
    tmp_path: Path,
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "masked")
    change(examples)
    result = sort(*ARGV)
    assert result.code == 0, result.err
    assert [line for line in lines if line not in result.out] == []
    filed = {path.split("/")[0] for path in files(tmp_path / "sorted/photos")}
    assert filed - {"_unsure", "_strangers"} == set(known.split())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda ex: shutil.rmtree(ex),
            "examples: no such folder; expected one that holds a folder a person",
        ),
        (lambda ex: (ex / "Ana").rename(ex / "CON"), "examples/CON: cannot be a person's folder"),
        (lambda ex: (ex / "Ana").rename(ex / "a\\..\\b"), "cannot be a person's folder"),
        (lambda ex: (ex / "Ana").rename(ex / "Ana "), "cannot be a person's folder"),
        (lambda ex: (ex / "Ana").rename(ex / "_which_face"), "cannot be a person's folder"),
    ],
)
def test_examples_that_stop_the_run(
    change: Change, line: str, album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    change(examples)
    result = sort(*ARGV)
    assert result.code in (1, 2) and line in result.error_line
    assert not (tmp_path / "sorted").exists()


@pytest.mark.parametrize("argv", [ARGV, ARGV[:4]], ids=["examples", "none"])
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda to: (to / "faces/_unsure/x.jpg").write_bytes(b"junk"), "_unsure/x.jpg: not ours"),
        (lambda to: (to / "faces/_strangers/.DS_Store").write_bytes(b""), "0 new corrections"),
        (lambda to: (to / "photos/mine.txt").write_text("x"), "photos/mine.txt: not ours"),
        (lambda to: shutil.rmtree(to / "faces"), "crop gone, nothing learned from that"),
        (lambda to: shutil.rmtree(to / "photos"), "0 new corrections"),
        (lambda to: (to / "faces/New").mkdir(), "0 new corrections"),
        (lambda to: (to / "_which_face").mkdir(), "0 new corrections"),
    ],
)
def test_what_happens_to_the_sorted_folders(
    argv: tuple[str, ...],
    change: Change,
    line: str,
    album: Album,
    examples: Path,
    sort: Sort,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(3):
        album.add(f"{number}.jpg", "face", confidence=0.6 + number / 10)
    sort(*argv)
    change(tmp_path / "sorted")
    mine = [path for path in files(tmp_path / "sorted") if "x.jpg" in path or "mine" in path]
    assert learn_corrections.main(["sorted", "--apply"]) == 0
    assert line in capsys.readouterr().out
    album.add("later.jpg", "face", confidence=0.85)
    assert sort(*argv).code == 0, "and it goes on"
    assert any("later.jpg" in path for path in files(tmp_path / "sorted/photos"))
    assert set(mine) <= set(files(tmp_path / "sorted"))


def test_names_given_to_found_people_outlive_a_move_of_the_album(
    album: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        album.add(f"{number}.jpg", "face", confidence=0.6 + number / 10)
    sort(*ARGV[:4])
    faces = tmp_path / "sorted/faces"
    (faces / "person_01").rename(faces / "Ana")
    learn_corrections.main(["sorted", "--apply"])
    shutil.copytree(tmp_path / "album", tmp_path / "moved")
    shutil.rmtree(tmp_path / "album")
    write(tmp_path / "moved/later.jpg", "face")
    moved = ("--src", "moved", "--by", "person")
    assert sort(*moved).code == 0
    assert "Ana/later.jpg" in files(tmp_path / "sorted/photos")
    sort("--undo", "--dst", "sorted")
    shutil.rmtree(tmp_path / "sorted/photos", ignore_errors=True)
    sort(*moved)
    assert {path.split("/")[0] for path in files(tmp_path / "sorted/photos")} == {"Ana"}
    (tmp_path / "album").mkdir()
    album.note()


def test_two_learners_at_once(
    album: Album, examples: Path, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from facesort.album.destination import Destination
    from facesort.errors import AlbumError

    album.add("a.jpg", "face")
    sort(*ARGV)
    with Destination(tmp_path / "sorted").opened(), pytest.raises(AlbumError, match="another run"):
        learn_corrections.main(["sorted", "--apply"])
    assert learn_corrections.main(["sorted", "--apply"]) == 0
