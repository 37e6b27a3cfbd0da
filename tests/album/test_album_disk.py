"""What a disk or a system refuses: found out beforehand where it can be, and told in words."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

from facesort.album.disk import clear_errors
from facesort.album.scanning.face_crops import CropMemory
from facesort.errors import AlbumError

PRIVATE = 0o400


@pytest.fixture
def protected_hardlinks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """As Linux does it for what belongs to somebody else: here, for files of mode `PRIVATE`."""
    link = os.link

    def refuse(original: str, final: str) -> None:
        if os.stat(original).st_mode & 0o777 == PRIVATE:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(original))
        link(original, final)

    return lambda: monkeypatch.setattr(os, "link", refuse)


def test_links_that_are_refused_are_planned_as_copies(
    protected_hardlinks: Callable[[], None], album: Album, sort: Sort, tmp_path: Path
) -> None:
    protected_hardlinks()
    album.add("mine.jpg", "face")
    album.add("theirs.jpg", "face").chmod(PRIVATE)
    for more in (["--dry-run"], []):
        result = sort("--src", "album", *more)
        assert "plan: 2 photos to 2 places (1 linked, 1 copied)" in result.out
        assert "the disk refused" not in result.out
    assert (tmp_path / "sorted/photos/face/mine.jpg").stat().st_nlink == 2
    assert (tmp_path / "sorted/photos/face/theirs.jpg").stat().st_nlink == 1


def test_room_for_refused_links_is_checked(
    protected_hardlinks: Callable[[], None],
    album: Album,
    sort: Sort,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protected_hardlinks()
    album.add("theirs.jpg", "face").chmod(PRIVATE)
    album.write("theirs.jpg", (album.root / "theirs.jpg").read_bytes() + bytes(900_000))
    usage = shutil.disk_usage(album.root)._replace(free=800_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "not enough room" in sort("--src", "album").error_line


def test_links_that_are_refused_later_are_told(
    protected_hardlinks: Callable[[], None], album: Album, sort: Sort
) -> None:
    album.add("a.jpg", "face").chmod(PRIVATE)
    album.add("b.jpg", "face")
    sort("--src", "album", "--dry-run")
    protected_hardlinks()
    result = sort("--plan", "sorted/plan.json")
    assert "(2 linked, 0 copied)" in result.out
    assert "the disk refused some links: 1 linked, 1 copied" in result.out.splitlines()


def test_our_own_memory_does_not_count_as_lack_of_room(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    expected = disk_as_dict(tmp_path / "sorted")
    shutil.rmtree(tmp_path / "sorted")

    remembered: dict[int, int] = {}
    keep, forget = CropMemory.keep, CropMemory.forget
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        CropMemory, "keep", lambda m, *args: (remembered.update(size=1), keep(m, *args))
    )
    monkeypatch.setattr(CropMemory, "forget", lambda m: (remembered.clear(), forget(m)))
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage._replace(free=0 if remembered else 10**9)
    )
    assert sort("--src", "album").code == 0
    assert disk_as_dict(tmp_path / "sorted") == expected


@pytest.mark.parametrize(
    ("number", "where", "line"),
    [
        (errno.EROFS, "sorted/.facesort", "sorted: is on a disk that can only be read; choose"),
        (errno.EACCES, "sorted/.facesort/lock", "sorted: no permission; choose another --dst"),
        (errno.EACCES, "sorted/photos/face", "sorted/photos/face: no permission; choose"),
        (errno.ENOSPC, None, "sorted: the disk is full; free some and run the same command"),
        (errno.ENOSPC, "/elsewhere", "/elsewhere: No space left on device"),
        (errno.EEXIST, "sorted/.facesort/tmp", "sorted: another run is at work on it, or"),
        (errno.ENOENT, "sorted/.facesort/tmp/x", "sorted: another run is at work on it, or"),
        (errno.EBUSY, "sorted/photos/face", "sorted/photos/face: another run is at work on it"),
        (errno.EEXIST, "sorted/photos/face", "sorted/photos/face: cannot be written (File exi"),
        (errno.EIO, "sorted/.facesort/tmp", "sorted: cannot be written (Input/output error); exp"),
        (errno.EIO, "album/a.jpg", "album/a.jpg: Input/output error"),
    ],
)
def test_what_is_refused_is_told_without_our_names(
    number: int, where: str | None, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # not where README's first command leaves a folder sorted
    with pytest.raises(AlbumError) as caught, clear_errors(Path("sorted")):
        raise OSError(number, os.strerror(number), where)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_read_only_disk_is_found_out_before_looking(
    more: list[str], album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fake_sort

    from facesort.album import disk

    def refuse(*args: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "sorted/.facesort123")

    album.add("a.jpg", "face")
    (tmp_path / "sorted").mkdir()
    looks: list[object] = []
    monkeypatch.setattr(fake_sort.FakeDetector, "detect", lambda *args: looks.append(args))
    monkeypatch.setattr(disk, "TemporaryFile", refuse)
    mkdir = Path.mkdir
    monkeypatch.setattr(
        Path, "mkdir", lambda p, *a, **o: refuse() if ".facesort" in p.parts else mkdir(p, *a, **o)
    )
    result = sort("--src", "album", *more)
    assert result.error_line == (
        "error: sorted: is on a disk that can only be read; choose another --dst"
    )
    assert not looks


def test_a_stopped_dry_run_leaves_no_trace(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fake_sort

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_sort.FakeDetector, "detect", stop)
    album.add("a.jpg", "face")
    assert sort("--src", "album", "--dst", "deep/sorted", "--dry-run").code == 130
    assert os.listdir(tmp_path) == ["album"]
