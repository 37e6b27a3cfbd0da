"""Sorting by person, end to end: the same promises as by class, with a name for each face.

In the fake's world a colour is a person: ``face`` is Ana, ``masked`` Ben, ``sunglasses`` Eva, and
``masked_sunglasses`` nobody who has examples.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import learn_corrections
import pandas as pd
import pytest
import sort_photos
import yaml
from conftest import Album, Result, Sort, disk_as_dict, disk_times, files, jpeg
from test_album_kill import all_kills, without_times

REAL = Path(__file__).parents[3] / "shared" / "data"
PEOPLE = {"Ana": "face", "Ben": "masked", "Eva": "sunglasses"}
ARGV = ("--src", "album", "--by", "person", "--people", "examples")


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for name, colour in PEOPLE.items():
        give(tmp_path / "examples", name, colour)
    return tmp_path / "examples"


def give(examples: Path, name: str, colour: str, photos: int = 3) -> None:
    (examples / name).mkdir(parents=True)
    for number in range(photos):
        (examples / name / f"{number}.jpg").write_bytes(jpeg(colour, confidence=0.7 + number / 50))


@pytest.fixture
def by_person(sort: Sort, examples: Path) -> Sort:
    return lambda *more: sort(*ARGV, *more)


def test_a_folder_for_each_person(full_album: Album, by_person: Sort, tmp_path: Path) -> None:
    result = by_person()
    assert (result.code, result.err) == (1, "")  # one photo is empty
    assert "examples: 9 of 9 photos are of use: Ana 3, Ben 3, Eva 3" in result.out
    assert files(tmp_path / "sorted") == [
        "faces/Ana/999_A_0.jpg",
        "faces/Ana/999_a_0 (2).jpg",
        "faces/Ben/999_A_1.jpg",
        "faces/Ben/999_a_0.jpg",
        "faces/Eva/999_s_0.jpg",
        "faces/_strangers/950_A_2.jpg",
        "faces/_unsure/999_doubt_0.jpg",
        "manifest.csv",
        "photos/Ana/A.JPG",
        "photos/Ana/a (2).jpg",
        "photos/Ben/A.JPG",
        "photos/Ben/a (2).jpg",
        "photos/Eva/s.jpg",
        "photos/_no_face/wall.jpg",
        "photos/_unreadable/empty.jpg",
        "photos/_unsure/doubt.jpg",
    ]
    assert (tmp_path / "sorted/faces/_not_a_face").is_dir()
    rows = pd.read_csv(tmp_path / "sorted/manifest.csv", keep_default_na=False)
    assert list(rows.columns[-4:]) == ["person", "probability", "crop", "target"]
    assert {row.photo: row.person for row in rows.itertuples() if row.photo != "2024/A.JPG"} == {
        "2024/a.jpg": "Ben",
        "2024/beach/s.jpg": "Eva",
        "a.jpg": "Ana",
        "doubt.jpg": "",
        "empty.jpg": "",
        "wall.jpg": "",
    }


def test_the_second_time_nothing_happens(
    full_album: Album, by_person: Sort, tmp_path: Path
) -> None:
    by_person()
    before = disk_times(tmp_path)
    assert "nothing new" in by_person().out
    assert disk_times(tmp_path) == before


def test_a_dry_run_a_plan_and_an_undo(full_album: Album, by_person: Sort, sort, tmp_path) -> None:
    by_person("--dst", "plain")
    assert "a.jpg -> photos/Ana/a (2).jpg" in by_person("--dst", "planned", "--dry-run").out
    assert [path.name for path in (tmp_path / "planned").iterdir()] == ["plan.json"]
    assert sort("--plan", "planned/plan.json").code == 1
    assert disk_as_dict(tmp_path / "plain") == disk_as_dict(tmp_path / "planned")
    assert "nothing new" in by_person("--dst", "planned").out
    for dst in ("plain", "planned"):
        assert "left alone" not in sort("--undo", "--dst", dst).out
        assert not (tmp_path / dst).exists()


def test_killed_and_run_again(album: Album, by_person: Sort, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face", "masked_sunglasses")
    album.add("b/a.jpg", "masked")
    by_person()
    expected = disk_as_dict(tmp_path / "sorted")
    for number in all_kills([*ARGV], tmp_path / "sorted", before=lambda: None):
        if number % 2:
            assert by_person().code == 0, number
            assert disk_as_dict(tmp_path / "sorted") == expected, number
        else:
            assert "left alone" not in sort("--undo", "--dst", "sorted").out, number


def test_somebody_new_gets_a_folder_for_what_is_added(
    album: Album, by_person: Sort, examples: Path, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("z.jpg", "masked_sunglasses")
    by_person()
    give(examples, "Zoe", "masked_sunglasses")
    album.add("b.jpg", "face", "masked_sunglasses")
    assert by_person().code == 0
    assert [path for path in files(tmp_path / "sorted") if path.startswith("photos")] == [
        "photos/Ana/a.jpg",
        "photos/Ana/b.jpg",
        "photos/Zoe/b.jpg",
        "photos/_strangers/z.jpg",
    ]


def test_a_person_is_once_in_a_photo_unless_twins_are_allowed(
    album: Album, by_person: Sort, examples: Path, tmp_path: Path
) -> None:
    shutil.rmtree(examples / "Ben")  # whom Ana now stands for: two colours, one person
    for number in range(3):
        (examples / f"Ana/ben{number}.jpg").write_bytes(jpeg("masked"))
    album.add("a.jpg", "face", "masked")
    by_person("--dst", "once")
    by_person("--dst", "twice", "--allow-twins")
    assert len(list((tmp_path / "once/faces/Ana").iterdir())) == 1
    assert len(list((tmp_path / "twice/faces/Ana").iterdir())) == 2


def test_photos_that_are_no_example_are_named(
    album: Album, by_person: Sort, examples: Path
) -> None:
    album.add("a.jpg", "face")
    (examples / "Ana/none.jpg").write_bytes(jpeg())
    (examples / "Ana/torn.jpg").write_bytes(jpeg("face")[:200])
    (examples / "Eva/ana.jpg").write_bytes(jpeg("face"))
    out = by_person().out
    assert "examples: 10 of 12 photos are of use: Ana 3, Ben 3, Eva 4" in out
    assert "examples/Ana/none.jpg: no face to learn from" in out
    assert "examples/Ana/torn.jpg: " in out
    assert "examples/Eva/ana.jpg: looks like Ana" in out


def test_one_person_without_a_usable_example_does_not_stop_the_others(
    album: Album, by_person: Sort, examples: Path, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (examples / "Zoe").mkdir()
    (examples / "Zoe/torn.jpg").write_bytes(jpeg("face")[:200])
    (examples / "Zoe/none.jpg").write_bytes(jpeg())
    result = by_person()
    assert (result.code, result.err) == (0, "")
    assert "Zoe: none of 2 examples can be used (none.jpg: no face to learn from)" in result.out
    assert "photos/Ana/a.jpg" in files(tmp_path / "sorted")
    assert (tmp_path / "sorted/faces/Zoe").is_dir(), "crops can still be dragged there"


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "error: examples: no examples; expected a folder a person"),
        (["CON"], "error: examples/CON: cannot be a person's folder everywhere"),
        (["_Ana"], "error: examples/_Ana: cannot be"),
        (["masked"], "error: examples/masked: cannot be"),
        (["Ana", "ANA"], "error: examples: ANA and Ana are one name on some disks"),
        (["Wall"], "error: examples: no example can be used; examples/Wall/0.jpg: no face"),
    ],
)
def test_examples_that_will_not_do(
    names: list[str], line: str, album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "examples").mkdir()
    for name in names:
        (tmp_path / "examples" / name).mkdir()
        image = jpeg() if name == "Wall" else jpeg("face")
        (tmp_path / "examples" / name / "0.jpg").write_bytes(image)
    result = sort(*ARGV)
    assert (result.code, line in result.error_line) == (1, True), result.error_line
    assert not (tmp_path / "sorted").exists()


def test_by_class_and_by_person_keep_apart(album: Album, by_person: Sort, sort: Sort) -> None:
    album.add("a.jpg", "face")
    by_person("--dst", "people")
    sort("--src", "album", "--dst", "classes")
    first, second = sort("--src", "album", "--dst", "people"), by_person("--dst", "classes")
    assert "is sorted by person; choose another --dst" in first.error_line
    assert "is sorted by class; choose another --dst" in second.error_line


@pytest.mark.parametrize(
    ("key", "value"),
    [("people", ["../x"]), ("people", ["Ana"]), ("people", 7), ("people", ["Ana", "Ben", "face"])],
)
def test_an_edited_plan_is_refused(
    key: str, value: object, album: Album, by_person: Sort, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face", "masked")
    by_person("--dry-run")
    plan_file = tmp_path / "sorted/plan.json"
    plan_file.write_text(json.dumps(json.loads(plan_file.read_text()) | {key: value}))
    assert "not a plan as --dry-run saves it" in sort("--plan", "sorted/plan.json").error_line


def learn(capsys: pytest.CaptureFixture[str], *more: str) -> Result:
    capsys.readouterr()
    return Result(learn_corrections.main(["sorted", *more]), *capsys.readouterr())


def test_a_crop_dragged_to_somebody_else(
    album: Album, by_person: Sort, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    album.add("a.jpg", "face", "sunglasses")
    by_person()
    faces = tmp_path / "sorted/faces"
    (faces / "Ana/999_a_0.jpg").rename(faces / "Ben/999_a_0.jpg")
    assert "1 new correction: 1 to Ben" in learn(capsys, "--apply").out
    there = files(tmp_path / "sorted/photos")
    assert there == ["Ben/a.jpg", "Eva/a.jpg"]
    rows = pd.read_csv(tmp_path / "sorted/manifest.csv")
    assert rows.person.tolist() == ["Ben", "Eva"]
    assert "nothing new" in by_person().out


def test_a_new_folder_is_a_new_person_who_is_known_from_then_on(
    album: Album, by_person: Sort, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    album.add("a.jpg", "masked_sunglasses")
    by_person()
    faces = tmp_path / "sorted/faces"
    (faces / "Zoe").mkdir()
    next(faces.glob("_strangers/*_a_0.jpg")).rename(faces / "Zoe/999_a_0.jpg")
    assert "1 new correction: 1 to Zoe" in learn(capsys, "--apply").out
    album.add("b.jpg", "masked_sunglasses")
    assert by_person().code == 0
    assert files(tmp_path / "sorted/photos") == ["Zoe/a.jpg", "Zoe/b.jpg"]


@pytest.fixture
def half_known(album: Album, by_person: Sort, examples: Path, tmp_path: Path) -> Path:
    """Zoe is in four photos, has no example yet, and was named in two of them."""
    for number in range(4):
        album.add(f"{number}.jpg", "masked_sunglasses", confidence=0.6 + number / 10)
    album.add("5.jpg", "face", "masked_sunglasses")
    by_person()
    faces = tmp_path / "sorted/faces"
    (faces / "Zoe").mkdir()
    for number in range(2):
        crop = next(faces.glob(f"_strangers/*_{number}_0.jpg"))
        crop.rename(faces / f"Zoe/999_{number}_0.jpg")
    return tmp_path / "sorted"


def test_corrections_move_other_faces(
    half_known: Path, capsys: pytest.CaptureFixture[str], by_person: Sort, sort: Sort
) -> None:
    said = learn(capsys).out
    assert "your 2 corrections would move 3 other faces:" in said
    assert re.search(r"faces/_strangers/\d{3}_2_0.jpg -> Zoe", said)
    assert len(list((half_known / "faces/_strangers").iterdir())) == 3
    assert "your 2 corrections moved 3 other faces:" in learn(capsys, "--apply").out
    assert [path for path in files(half_known) if path.startswith(("faces", "photos"))] == [
        "faces/Ana/999_5_0.jpg",
        *(f"faces/Zoe/999_{number}_{int(number == 5)}.jpg" for number in (0, 1, 2, 3, 5)),
        "photos/Ana/5.jpg",
        *(f"photos/Zoe/{number}.jpg" for number in (0, 1, 2, 3, 5)),
    ]
    before = disk_as_dict(half_known)
    again = learn(capsys, "--apply").out
    assert "0 new corrections" in again and "other faces" not in again
    assert "nothing new" in by_person().out
    assert disk_as_dict(half_known) == before
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert files(half_known) == ["corrections.jsonl"]


def test_learning_killed_and_run_again(
    half_known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = tmp_path / "first"
    shutil.copytree(half_known, first)
    argv = ["sorted", "--apply"]
    learn_corrections.main(argv)
    expected = without_times(disk_as_dict(half_known))
    start = functools.partial(shutil.copytree, first, half_known)
    for number in all_kills(argv, half_known, before=start, main=learn_corrections.main):
        assert learn_corrections.main(argv) == 0, number
        assert without_times(disk_as_dict(half_known)) == expected, number
    capsys.readouterr()


def test_a_renamed_folder_is_a_renamed_person(
    album: Album, by_person: Sort, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("doubt.jpg", "face", confidence=0.3)
    by_person()
    (tmp_path / "sorted/faces/Ana").rename(tmp_path / "sorted/faces/Anna")
    assert "Ana is Anna from now on" in learn(capsys, "--apply").out
    album.add("b.jpg", "face")
    (tmp_path / "examples/Ana").rename(tmp_path / "examples/Anna")
    by_person()
    assert files(tmp_path / "sorted/photos") == ["Anna/a.jpg", "Anna/b.jpg", "_unsure/doubt.jpg"]
    assert not (tmp_path / "sorted/faces/Ana").exists()


def test_what_is_strange_in_faces_is_listed(
    album: Album, by_person: Sort, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "masked")
    by_person()
    faces = tmp_path / "sorted/faces"
    (faces / "CON").mkdir()
    (faces / "Ana/999_a_0.jpg").rename(faces / "CON/999_a_0.jpg")
    (faces / "BEN").mkdir()
    (faces / "Ben/999_b_0.jpg").rename(faces / "BEN/999_b_0.jpg")
    said = learn(capsys, "--apply").out
    assert "faces/CON/999_a_0.jpg: not in a folder of faces/ that means something" in said
    assert "faces/BEN/999_b_0.jpg: not in a folder of faces/ that means something" in said
    assert "0 new corrections" in said


def test_named_faces_become_a_data_set_with_a_class_per_person(
    half_known: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "boxes: 2 in = 2 out" in learn(capsys, "--export-yolo", "set").out
    names = yaml.safe_load((tmp_path / "set/data.yaml").read_text())["names"]
    assert list(names.values()) == ["Ana", "Ben", "Eva", "Zoe"]
    labels = [path.read_text()[0] for path in (tmp_path / "set").rglob("labels/train/*.txt")]
    assert labels == ["3", "3"]


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared")
def test_real_people_by_the_shipped_models(
    album: Album, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three people whom the embedding was not trained on, and two strangers."""
    names = ["Nancy_Pelosi", "Tim_Henman", "Tom_Daschle"]
    for name in names:
        photos = sorted((REAL / "people" / name).iterdir())
        (tmp_path / "examples" / name).mkdir(parents=True)
        for photo in photos[:4]:
            shutil.copy(photo, tmp_path / "examples" / name)
        for photo in photos[4:8]:
            album.write(photo.name, photo.read_bytes())
    for photo in sorted((REAL / "strangers").iterdir())[:3]:
        album.write(f"nobody_{photo.name}", photo.read_bytes())
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, sort_photos.__file__, *ARGV]
    subprocess.run(command, check=True, capture_output=True)
    for name in names:
        there = [path.name for path in (tmp_path / "sorted/photos" / name).iterdir()]
        assert len(there) >= 3 and all(file.startswith(name) for file in there)
