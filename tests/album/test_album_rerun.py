"""What a further run says of what is no longer there, and of options that come too late."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import Album, Sort, disk_as_dict, disk_times


def empty_but_for_hidden(folder: Path) -> None:
    """As a person does in a file manager, which does not show our memory."""
    for path in folder.iterdir():
        if not path.name.startswith("."):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_an_emptied_destination_is_told(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    empty_but_for_hidden(tmp_path / "sorted")
    result = sort("--src", "album")
    assert "already in its place" not in result.out
    assert (
        "no longer in place in sorted: 7 of 7 filed photos; "
        "to sort them anew: --undo --dst sorted, then run again"
    ) in result.out.splitlines()
    assert disk_as_dict(tmp_path / "sorted") == {"manifest.csv": before["manifest.csv"]}
    sort("--undo", "--dst", "sorted")
    sort("--src", "album")
    assert disk_as_dict(tmp_path / "sorted") == before


def test_a_single_deletion_is_respected_and_told(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "face", "masked")
    sort("--src", "album")
    (tmp_path / "sorted/photos/face/a.jpg").unlink()
    (tmp_path / "sorted/photos/face/b.jpg").unlink()  # is still in photos/masked
    before = disk_times(tmp_path)
    for more in ([], ["--link", "copy"]):
        result = sort("--src", "album", *more)
        assert "no longer in place in sorted: 1 of 2 filed photos; to" in result.out
        assert disk_times(tmp_path) == before


def test_a_deleted_manifest_is_written_anew(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    before = disk_as_dict(tmp_path / "sorted")
    (tmp_path / "sorted/manifest.csv").unlink()
    assert "nothing new" in sort("--src", "album").out
    assert disk_as_dict(tmp_path / "sorted") == before
    assert "left alone" not in sort("--undo", "--dst", "sorted").out


def test_photos_gone_from_the_album_are_told(album: Album, sort: Sort, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        album.add(name, "face")
    sort("--src", "album")
    for name in ("a.jpg", "b.jpg"):
        (album.root / name).unlink()
    album.note()
    result = sort("--src", "album")
    assert "no longer in the album: 2 photos; their files and rows stay" in result.out.splitlines()
    assert len(pd.read_csv(tmp_path / "sorted/manifest.csv")) == 3
    assert len(os.listdir(tmp_path / "sorted/photos/face")) == 3


@pytest.mark.parametrize(
    "option",
    [
        ["--link", "copy"],
        ["--class-threshold", "0.9"],
        ["--weights", "x.onnx"],
        ["--quality", "best"],
    ],
)
def test_options_that_come_too_late_are_told(option: list[str], album: Album, sort: Sort) -> None:
    album.add("a.jpg", "face")
    assert "earlier run" not in sort("--src", "album").out
    line = f"{option[0]}: not as in the earlier run; what is filed stays as it was filed"
    for more in ([], ["--dry-run"]):
        assert line in sort("--src", "album", *option, *more).out
    assert "not as in" not in sort("--src", "album").out
    album.add("b.jpg", "face")
    assert line in sort("--src", "album", *option).out
    assert "not as in" not in sort("--src", "album", *option).out
