"""For whom a photo is filed, and what it is called there."""

from __future__ import annotations

import io
from pathlib import Path

import fake_sort
import learn_corrections
import numpy as np
import pytest
from conftest import Album, Sort, files
from PIL import Image

from facesort.album.records import Face, Identity
from facesort.album.salience import PhotoRules, rank, weight


def face(side: float, sharpness: float = 300, turned: float = 0, confidence: float = 1) -> Face:
    identity = Identity("x", "", side, sharpness, turned)
    return Face((0, 0, side, side), "face", confidence, identity)


def by_class(side: float) -> Face:
    return Face((0, 0, side, 2 * side), "face", 1.0)


@pytest.mark.parametrize(
    ("faces", "default", "primary_faces"),
    [
        ([], "", ""),
        ([face(40)], "a", "a"),
        ([face(300), face(160)], "ab", "ab"),
        ([face(300), face(140)], "ab", "a"),
        ([face(300), face(63)], "a", "a"),
        ([face(300), face(80)], "ab", "a"),  # less than a half, but 64 and more
        ([face(200), face(60)], "ab", "a"),  # small, but more than a quarter
        ([face(300), face(300, turned=1)], "ab", "ab"),
        ([face(300), face(300, sharpness=10)], "a", "a"),
        ([face(300), face(300, confidence=0.3)], "ab", "a"),
        ([by_class(300), by_class(10)], "ab", "a"),
        ([face(0), face(0)], "ab", "ab"),
    ],
)
def test_who_counts(faces: list[Face], default: str, primary_faces: str) -> None:
    names = "abc"[: len(faces)]
    said = [""] * len(faces)
    assert "".join(PhotoRules().folders(faces, names, said)) == default
    assert "".join(PhotoRules(primary_faces=True).folders(faces, names, said)) == primary_faces


def test_what_a_person_said_counts_and_what_is_no_face_makes_nobody_small() -> None:
    rules = PhotoRules(primary_faces=True)
    assert rules.folders([face(300), face(20)], ["Ana", "Ben"], ["", "Ben"]) == ["Ana", "Ben"]
    no_face = rules.folders([face(300), face(40)], ["_not_a_face", "Ben"], ["_not_a_face", ""])
    assert no_face == ["_not_a_face", "Ben"]


def test_the_best_come_first_by_name() -> None:
    rules, near, far = PhotoRules(best_first=True), face(400), face(60)
    names = [rules.name("a.jpg", "Ana", [one], ["Ana"]) for one in (near, far)]
    assert names == ["333_a.jpg", "768_a.jpg"]
    assert rules.name("a.jpg", "Ana", [near, far], ["Ben", "Ana"]) == "768_a.jpg"
    assert rules.name("a.jpg", "_no_face", [], []) == "a.jpg"
    assert PhotoRules().name("a.jpg", "Ana", [near], ["Ana"]) == "a.jpg"
    assert [rank(own) for own in (0, 200, 1e9)] == [999, 500, 0]
    assert weight(face(100, turned=1, sharpness=25)) == 25


def near_and_far(confidence: float = 0.8) -> bytes:
    rgb = np.full((96, 128, 3), round(confidence * 255), np.uint8)
    rgb[10:80, 4:60] = fake_sort.COLOURS["face"]
    rgb[20:40, 90:110] = fake_sort.COLOURS["masked"]
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=95)
    return out.getvalue()


def test_primary_faces_and_best_first_in_an_album_and_after_a_correction(
    album: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album.write("a.jpg", near_and_far())
    sort("--src", "album", "--dst", "as_ever")
    assert files(tmp_path / "as_ever/photos") == ["face/a.jpg", "masked/a.jpg"]
    sort("--src", "album", "--primary-faces", "--best-first")
    assert files(tmp_path / "sorted/photos") == ["face/816_a.jpg"]
    faces = tmp_path / "sorted/faces"
    crop = next((faces / "masked").iterdir())
    crop.rename(faces / "sunglasses" / crop.name)
    learn_corrections.main(["sorted", "--apply"])
    assert files(tmp_path / "sorted/photos") == ["face/816_a.jpg", "sunglasses/932_a.jpg"]


def test_a_plan_has_decided_them(sort: Sort) -> None:
    for flag in ("--primary-faces", "--best-first"):
        assert f"{flag}: decided when the plan was made" in sort("--plan", "p", flag).err
