"""What cannot be meant is refused in one line, and leaves no trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_times

USAGE = [
    (["--src", "nowhere"], "nowhere: no such folder"),
    (["--src", "album/a.jpg"], "album/a.jpg: is a file"),
    (["--src", "album", "--dst", "album"], "--dst album is inside --src album"),
    (["--src", "album", "--dst", "album/sorted"], "--dst album/sorted is inside --src album"),
    (["--src", "album", "--dst", "link/x/y"], "--dst link/x/y is inside --src album"),
    (["--src", "album", "--dst", "."], "--src album is inside --dst ."),
    (["--src", "album", "--dst", "file"], "--dst file: a file is in the way"),
    (["--src", "album", "--dst", "file/x"], "--dst file/x: a file is in the way"),
    (["--src", "album", "--people", "x"], "--people: only with --by person"),
    (["--src", "album", "--encoder", "x.onnx"], "--encoder: only with --by person"),
    (["--src", "album", "--allow-twins"], "--allow-twins: only with --by person"),
    (
        ["--src", "album", "--by", "person", "--people", "x", "--class-threshold", "0"],
        "--class-threshold: is for --by",
    ),
    (
        ["--src", "album", "--class-threshold", "7"],
        "argument --class-threshold: 7: expected a number",
    ),
    (["--src", "album", "--sure", "7"], "argument --sure: 7: expected a number from 0 to 1"),
    (["--src", "album", "--workers", "0"], "--workers 0: expected 1 or more"),
    (["--src", "album", "--quality", "best", "--weights", "x.onnx"], "--quality chooses one of"),
    (["--undo"], "--undo: needs --dst"),
    (["--undo", "--dst", "s", "--src", "album"], "--undo: needs --dst"),
    (["--undo", "--dst", "s", "--conf", "0"], "--undo: needs --dst, the folder to restore, and no"),
    (["--undo", "--dst", "s", "--link", "hard"], "--undo: needs --dst"),
    (
        ["--plan", "x.json", "--link", "copy", "--class-threshold", "0"],
        "--class-threshold, --link: decided wh",
    ),
    (["--plan", "x.json", "--by", "class"], "--by: decided when the plan was made; pass it with"),
    (["--plan", "x.json", "--dry-run"], "--plan FILE carries out what --dry-run"),
    ([], "--src: missing"),
    (["--src", "album", "--dst", "own", "--dry-run"], "own/plan.json: is no plan of ours"),
]


@pytest.mark.parametrize(("argv", "line"), USAGE, ids=[" ".join(argv) for argv, _ in USAGE])
def test_usage(argv: list[str], line: str, album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    (album.root / "sub").mkdir()
    (tmp_path / "link").symlink_to(album.root / "sub")
    (tmp_path / "file").touch()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/plan.json").write_text("{}")
    (tmp_path / "own/b.jpg").touch()
    before = disk_times(tmp_path)
    result = sort(*argv)
    assert result.code == 2
    assert result.error_line.startswith(f"error: {line}")
    assert disk_times(tmp_path) == before


def test_a_link_into_the_destination_is_not_followed(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "own").mkdir()
    (album.root / "into").symlink_to(tmp_path / "own")
    result = sort("--src", "album", "--dst", "own")
    assert result.code == 1
    assert "into: is a link that leads out of the album" in result.out
    assert (tmp_path / "own/photos/face/a.jpg").is_file()


def test_unknown_options_are_usage_errors(sort: Sort) -> None:
    result = sort("--scr", "album")
    assert result.code == 2
    assert "--scr" in result.err


@pytest.mark.parametrize("file", ["missing.json", "other.json"])
def test_a_plan_that_is_none(file: str, sort: Sort, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('["something else"]')
    result = sort("--plan", file)
    assert result.code == 1
    assert result.error_line.startswith(f"error: {file}: ")


def test_an_empty_album(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.write("sub/notes.txt", b"no photo")
    result = sort("--src", "album")
    assert result.code == 1
    assert result.error_line.startswith("error: album: no photos in it or in its folders; looked")
    assert not (tmp_path / "sorted").exists()


def test_a_missing_model_leaves_no_trace(
    album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sort: Sort
) -> None:
    import fake_sort
    import sort_photos

    monkeypatch.setattr(fake_sort, "main", sort_photos.main)
    album.add("a.jpg", "face")
    result = sort("--src", "album", "--weights", "none.onnx")
    assert (result.code, result.error_line) == (
        1,
        "error: none.onnx: no such model; train one, or pass --weights FILE",
    )
    assert os.listdir(tmp_path) == ["album"]


def test_a_destination_belongs_to_one_album(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/b.jpg").write_bytes((album.root / "a.jpg").read_bytes())
    before = disk_times(tmp_path)
    for more in ([], ["--dry-run"]):
        result = sort("--src", "other", *more)
        assert result.code == 2
        assert "--dst sorted: holds the album" in result.error_line
    assert disk_times(tmp_path) == before


def test_a_plan_and_other_folders(album: Album, sort: Sort) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album", "--dry-run")
    assert sort("--plan", "sorted/plan.json", "--dst", "elsewhere").code == 2
    assert sort("--plan", "sorted/plan.json", "--src", "album", "--dst", "sorted").code == 0


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_model_with_other_classes_leaves_no_trace(
    more: list[str], album: Album, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sort: Sort
) -> None:
    import fake_sort

    monkeypatch.setattr(fake_sort.FakeDetector, "names", ("cat", "dog"))
    album.add("a.jpg", "face")
    result = sort("--src", "album", "--weights", "pets.onnx", *more)
    assert result.code == 1
    assert result.error_line.startswith("error: pets.onnx: does not tell what covers a face: unkn")
    assert "'cat'" in result.error_line and "pass --weights FILE of a" in result.error_line
    assert os.listdir(tmp_path) == ["album"]


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("name", ["photos", "faces/face", ".facesort"])
def test_what_stands_in_the_way_is_named_before_anything_is_made(
    name: str, more: list[str], album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    in_the_way = tmp_path / "sorted" / name
    in_the_way.parent.mkdir(parents=True)
    for make in (in_the_way.touch, lambda: in_the_way.symlink_to("nowhere")):
        make()
        before = disk_times(tmp_path)
        result = sort("--src", "album", *more)
        assert result.code == 1
        assert result.error_line.startswith(f"error: sorted/{name}: is a file or a broken link of")
        assert disk_times(tmp_path) == before
        in_the_way.unlink()


def test_a_destination_that_is_a_broken_link(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "sorted").symlink_to("nowhere")
    for more in ([], ["--dry-run"]):
        assert "--dst sorted: a file is in the way" in sort("--src", "album", *more).error_line
