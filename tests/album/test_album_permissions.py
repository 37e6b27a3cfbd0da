"""Files and folders that may not be read or written. Root may do anything, so it gives that up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fake_sort
import pytest
from conftest import Album, Result

# Without CAP_DAC_OVERRIDE (1) and CAP_DAC_READ_SEARCH (2), from the next exec on, modes hold.
GIVE_UP_OVERRIDES = """
import ctypes, os, sys
PR_CAPBSET_DROP = 24
for capability in (1, 2) if os.geteuid() == 0 else ():
    assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "cannot give up"
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="drops Linux capabilities")


def sort(cwd: Path, *argv: str) -> Result:
    command = [sys.executable, "-c", GIVE_UP_OVERRIDES, fake_sort.__file__, *argv]
    process = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return Result(process.returncode, process.stdout, process.stderr)


@pytest.fixture
def mode(tmp_path: Path) -> Iterator[object]:
    """``mode(path, 0o000)``, taken back before the album is checked."""
    changed: list[tuple[Path, int]] = []

    def set_mode(path: Path, mode: int) -> None:
        changed.append((path, path.stat().st_mode))
        path.chmod(mode)

    yield set_mode
    for path, old_mode in reversed(changed):
        path.chmod(old_mode)


@pytest.mark.parametrize("link", ["hard", "copy"])
def test_an_unreadable_photo(link: str, mode, album: Album, tmp_path: Path) -> None:
    album.add("good.jpg", "face")
    album.add("locked.jpg", "face")
    mode(album.root / "locked.jpg", 0o000)
    argv = ["--src", "album", "--link", link]
    first = sort(tmp_path, *argv)
    assert (first.code, first.err) == (1, "")
    assert "  locked.jpg: cannot be read (no permission)" in first.out
    assert (tmp_path / "sorted/photos/face/good.jpg").exists()
    assert (tmp_path / "sorted/photos/_unreadable/locked.jpg").exists() == (link == "hard")
    manifest = (tmp_path / "sorted/manifest.csv").read_text()
    again = sort(tmp_path, *argv)
    assert "nothing new" in again.out
    assert again.out.splitlines()[2:] == first.out.splitlines()[2:]
    assert (tmp_path / "sorted/manifest.csv").read_text() == manifest

    mode(album.root / "locked.jpg", 0o644)
    assert sort(tmp_path, *argv).code == 0
    assert (tmp_path / "sorted/photos/face/locked.jpg").exists()


def test_an_unreadable_folder_in_the_album(mode, album: Album, tmp_path: Path) -> None:
    album.add("good.jpg", "face")
    album.add("locked/a.jpg", "face")
    mode(album.root / "locked", 0o000)
    result = sort(tmp_path, "--src", "album")
    assert (result.code, result.err) == (1, "")
    assert "  locked: is a folder that cannot be entered" in result.out


def test_an_unreadable_album(mode, album: Album, tmp_path: Path) -> None:
    mode(album.root, 0o000)
    result = sort(tmp_path, "--src", "album")
    assert result.code == 1
    assert result.error_line.startswith("error: album: cannot be read")


@pytest.mark.parametrize("argv", [["--src", "album", "--dst"], ["--undo", "--dst"], ["--src"]])
def test_folders_that_cannot_be_entered(
    argv: list[str], mode, album: Album, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "locked").mkdir()
    mode(tmp_path / "locked", 0o000)
    result = sort(tmp_path, *argv, "locked/deep/inside")
    assert result.code in (1, 2)
    assert result.error_line.startswith("error: locked/deep/inside")


@pytest.mark.parametrize("extra", [[], ["--dry-run"]])
@pytest.mark.parametrize("exists", [True, False])
def test_no_write_permission(
    exists: bool, extra: list[str], mode, album: Album, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    (tmp_path / "there").mkdir()
    mode(tmp_path / "there", 0o555)
    dst = "there" if exists else "there/deep/sorted"
    result = sort(tmp_path, "--src", "album", "--dst", dst, *extra)
    assert result.code == 1
    assert "no permission; choose another --dst or change its rights" in result.error_line
    assert not list((tmp_path / "there").iterdir())


def test_a_folder_that_became_read_only_leaves_nothing_behind(
    mode, album: Album, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort(tmp_path, "--src", "album")
    album.add("b.jpg", "face")
    mode(tmp_path / "sorted/photos/face", 0o555)
    for _ in range(2):
        result = sort(tmp_path, "--src", "album")
        assert result.code == 1
        assert "  b.jpg: cannot be filed: Permission denied" in result.out
        assert os.listdir(tmp_path / "sorted/faces/face") == ["800_a_0.jpg"]
    mode(tmp_path / "sorted/photos/face", 0o755)
    assert sort(tmp_path, "--src", "album").code == 0
    assert (tmp_path / "sorted/faces/face/800_b_0.jpg").exists()
