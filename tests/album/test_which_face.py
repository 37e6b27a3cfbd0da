"""An example with several faces: the person chooses a crop, and the next run knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Album, Sort, files, jpeg

ARGV = ("--src", "album", "--by", "person", "--people", "examples")


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Ben is known; of Ana there is only a photo with two faces, of whom one is Eva."""
    for name in ("Ana", "Ben"):
        (tmp_path / "examples" / name).mkdir(parents=True)
    (tmp_path / "examples/Ben/1.jpg").write_bytes(jpeg("masked"))
    (tmp_path / "examples/Ana/both.jpg").write_bytes(jpeg("face", "sunglasses"))
    return tmp_path / "examples"


def test_who_has_no_other_example_is_asked_about_and_the_others_are_sorted(
    album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "masked")
    asked = sort(*ARGV)
    assert (asked.code, asked.err) == (0, "")
    assert "which face is meant? 1 example: move the right crop from" in asked.out
    assert "Ana: none of 1 example can be used (both.jpg: 2 faces" in asked.out
    assert {"photos/Ben/b.jpg", "photos/_strangers/a.jpg"} < set(files(tmp_path / "sorted"))
    crop = tmp_path / "sorted/_which_face/Ana/both_0.jpg"
    crop.rename(examples / "Ana" / crop.name)
    sort("--undo", "--dst", "sorted")
    known = sort(*ARGV)
    assert known.code == 0
    assert "Ana 2, Ben 1" in known.out, "the crop, and by it the photo"
    assert "photos/Ana/a.jpg" in files(tmp_path / "sorted")
    assert not (tmp_path / "sorted/_which_face").exists(), "nothing is asked any more"


def test_a_dry_run_writes_no_crops(
    album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    result = sort(*ARGV, "--dry-run")
    assert "which face is meant? 1 example: run without --dry-run, then move" in result.out
    assert files(tmp_path / "sorted") == []
    sort(*ARGV)
    before = files(tmp_path / "sorted")
    (examples / "Ana/1.jpg").write_bytes(jpeg("face"))
    assert sort(*ARGV, "--dry-run").code == 0
    assert files(tmp_path / "sorted") == before


@pytest.mark.parametrize("way", ["_which_face", "_which_face/Ana"])
def test_a_file_in_the_way_is_one_line(
    way: str, album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "sorted" / way).parent.mkdir(parents=True)
    (tmp_path / "sorted" / way).write_text("mine")
    result = sort(*ARGV)
    assert result.code == 1 and "_which_face" in result.error_line


def test_an_example_that_is_torn_by_now(
    album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort(*ARGV)
    (examples / "Ana/both.jpg").write_bytes(b"torn")
    (examples / "Ana/1.jpg").write_bytes(jpeg("face"))
    album.add("b.jpg", "face", confidence=0.9)
    assert "examples/Ana/both.jpg: " in sort(*ARGV).out
    assert "photos/Ana/b.jpg" in files(tmp_path / "sorted")


def test_others_are_sorted_and_the_question_stands(
    album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "masked_sunglasses")
    (examples / "Ana/1.jpg").write_bytes(jpeg("masked_sunglasses"))
    result = sort(*ARGV)
    assert "which face is meant? 1 example: move the right crop" in result.out
    assert result.code == 0
    crops = tmp_path / "sorted/_which_face/Ana"
    assert [path.name for path in sorted(crops.iterdir())] == ["both_0.jpg", "both_1.jpg"]
    assert "photos/Ana/a.jpg" in files(tmp_path / "sorted")
    undone = sort("--undo", "--dst", "sorted").out
    assert "left alone: _which_face/Ana/both_0.jpg: a face for you to choose" in undone


def test_a_crop_that_was_changed_stays(
    album: Album, examples: Path, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort(*ARGV)
    crops = tmp_path / "sorted/_which_face/Ana"
    (crops / "both_0.jpg").rename(examples / "Ana/mine.jpg")
    (crops / "both_1.jpg").write_bytes(b"mine")
    sort(*ARGV)
    assert (crops / "both_1.jpg").read_bytes() == b"mine"
