"""Undo takes back what was made, lists what the person did, and never removes a last copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict, disk_times


@pytest.mark.parametrize("link", ["hard", "sym", "copy"])
@pytest.mark.parametrize("dst", ["sorted", "new/deep/sorted", "there"])
def test_undo_restores(dst: str, link: str, full_album: Album, sort: Sort, tmp_path: Path) -> None:
    (tmp_path / "there/photos/face").mkdir(parents=True)
    (tmp_path / "there/photos/face/own.jpg").write_text("own")
    before = disk_as_dict(tmp_path)
    sort("--src", "album", "--dst", dst, "--dry-run")
    sort("--src", "album", "--dst", dst, "--link", link)
    full_album.add("later.jpg", "masked")
    sort("--src", "album", "--dst", dst, "--link", link)
    (full_album.root / "later.jpg").unlink()
    if link != "sym":
        later = tmp_path / dst / "photos/masked/later.jpg"
        later.unlink()  # else it would be kept: its original is gone
    full_album.note()
    result = sort("--undo", "--dst", dst)
    assert result.code == 0
    left = {line for line in result.out.splitlines() if line.startswith("left alone")}
    gone = {"left alone: photos/masked/later.jpg: deleted or moved away"}
    assert left == (set() if link == "sym" else gone)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")} == set(before)


def test_a_dry_run_is_undone(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album", "--dst", "new/sorted", "--dry-run")
    sort("--src", "album", "--dst", "new/sorted", "--dry-run")
    sort("--undo", "--dst", "new/sorted")
    assert [path.name for path in tmp_path.iterdir()] == ["album"]


def test_nothing_to_undo(sort: Sort, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for folder in ("own", "none"):
        result = sort("--undo", "--dst", folder)
        assert result.code == 1
        assert result.error_line.startswith(f"error: {folder}: nothing to undo")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


def _move(dst: Path) -> None:
    (dst / "faces/face/800_a_0.jpg").rename(dst / "faces/masked/800_a_0.jpg")


DEEDS: list[tuple[Callable[[Path], object], list[str]]] = [
    (
        lambda dst: (dst / "faces/face/800_a_0.jpg").write_bytes(b"drawn on"),
        ["faces/face/800_a_0.jpg: changed"],
    ),
    (
        _move,
        [
            "faces/face/800_a_0.jpg: moved to faces/masked/800_a_0.jpg",
            "faces/masked/800_a_0.jpg: not ours: added or moved",
        ],
    ),
    (
        lambda dst: (dst / "photos/face/mine.txt").write_text("mine"),
        ["photos/face/mine.txt: not ours: added or moved"],
    ),
    (
        lambda dst: (dst / "photos/face/a.jpg").unlink(),
        ["photos/face/a.jpg: deleted or moved away"],
    ),
    (lambda dst: (dst / "manifest.csv").write_text("mine"), ["manifest.csv: changed"]),
    (
        lambda dst: [shutil.rmtree(dst / "faces/face"), (dst / "faces/face").write_text("mine")],
        [
            "faces/face: not ours: added or moved",
            "faces/face/800_a_0.jpg: deleted or moved away",
            "faces/face/800_b_0.jpg: deleted or moved away",
        ],
    ),
]


@pytest.mark.parametrize(("deed", "lines"), DEEDS)
def test_what_the_person_did_is_listed_and_kept(
    deed: Callable[[Path], object], lines: list[str], album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "face")
    sort("--src", "album")
    ours = disk_as_dict(tmp_path / "sorted")
    deed(tmp_path / "sorted")
    theirs = {
        path: data
        for path, data in disk_as_dict(tmp_path / "sorted").items()
        if ours.get(path) != data
    }
    result = sort("--undo", "--dst", "sorted")
    assert result.code == 0
    assert result.out.splitlines()[:-1] == [f"left alone: {line}" for line in lines]
    after = disk_as_dict(tmp_path / "sorted") if theirs else {}
    assert {path: data for path, data in after.items() if data != b"folder"} == theirs
    assert (tmp_path / "sorted").exists() == bool(theirs)
    assert not (tmp_path / "sorted/.facesort").exists()


@pytest.mark.parametrize("link", ["hard", "copy"])
def test_the_last_copy_of_a_photo_stays(
    link: str, album: Album, sort: Sort, tmp_path: Path
) -> None:
    path = album.add("a.jpg", "face")
    data = path.read_bytes()
    sort("--src", "album", "--link", link)
    path.unlink()
    album.note()
    result = sort("--undo", "--dst", "sorted")
    assert "the original a.jpg is gone or changed: this may be the only copy" in result.out
    assert (tmp_path / "sorted/photos/face/a.jpg").read_bytes() == data
    assert not (tmp_path / "sorted/faces").exists()


def test_sort_undo_sort(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    sort("--undo", "--dst", "sorted")
    sort("--src", "album")
    assert disk_as_dict(tmp_path / "sorted") == before
    times = disk_times(tmp_path)
    sort("--src", "album")
    assert disk_times(tmp_path) == times


def test_a_resumed_undo_keeps_what_was_edited_in_between(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facesort.album import undo

    album.add("a.jpg", "face")
    path = album.add("b.jpg", "face")
    sort("--src", "album", "--link", "copy")
    monkeypatch.setattr(undo, "_remove_files", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        undo.undo(tmp_path / "sorted", None)
    monkeypatch.undo()
    (tmp_path / "sorted/faces/face/800_a_0.jpg").write_bytes(b"drawn on")
    (tmp_path / "sorted/photos/face/a.jpg").write_bytes(b"drawn on")
    only_copy = path.read_bytes()
    path.unlink()
    album.note()
    result = sort("--undo", "--dst", tmp_path / "sorted")
    assert result.out.splitlines()[:-1] == [
        "left alone: faces/face/800_a_0.jpg: changed",
        "left alone: photos/face/a.jpg: changed",
        "left alone: photos/face/b.jpg: the original b.jpg is gone or changed: "
        "this may be the only copy",
    ]
    assert (tmp_path / "sorted/photos/face/a.jpg").read_bytes() == b"drawn on"
    assert (tmp_path / "sorted/photos/face/b.jpg").read_bytes() == only_copy
    assert not (tmp_path / "sorted/faces/face/800_b_0.jpg").exists()


def test_what_is_edited_during_an_undo_stays(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facesort.album.journal import Journal

    album.add("a.jpg", "face")
    sort("--src", "album")
    crop = tmp_path / "sorted/faces/face/800_a_0.jpg"
    monkeypatch.setattr(Journal, "undo", lambda *args: crop.write_bytes(b"drawn on"))
    assert "left alone: faces/face/800_a_0.jpg: changed" in sort("--undo", "--dst", "sorted").out
    assert crop.read_bytes() == b"drawn on"


def test_a_touched_original_does_not_keep_its_link(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    path = album.add("a.jpg", "face")
    sort("--src", "album")
    os.utime(path, ns=(1, 1))
    album.note()
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert not (tmp_path / "sorted").exists()


def test_an_original_that_now_links_to_ours_keeps_ours(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    path = album.add("a.jpg", "face")
    sort("--src", "album")
    path.unlink()
    path.symlink_to(tmp_path / "sorted/photos/face/a.jpg")
    data = path.read_bytes()
    album.note()
    assert "this may be the only copy" in sort("--undo", "--dst", "sorted").out
    assert path.read_bytes() == data


def test_a_manifest_from_before_the_first_run_comes_back(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted/manifest.csv").write_text("mine")
    assert "that version is now manifest (2).csv" in sort("--src", "album").out
    (tmp_path / "sorted/manifest.csv").write_text("edited")
    album.add("b.jpg", "face")
    assert "that version is now manifest (3).csv" in sort("--src", "album").out
    sort("--undo", "--dst", "sorted")
    assert disk_as_dict(tmp_path / "sorted") == {
        "manifest (3).csv": b"edited",
        "manifest.csv": b"mine",
    }
