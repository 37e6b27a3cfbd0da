"""Two commands at once on one destination: one works, the other says so; undo is no exception."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

from facesort.album import undo as undo_module
from facesort.album.destination import Destination
from facesort.album.undo import undo
from facesort.errors import AlbumError
from facesort.reporter import ConsoleReporter


def test_a_refused_run_leaves_no_trace_in_the_way_of_the_one_at_work(tmp_path: Path) -> None:
    """The one at work removes and makes its folder for temporary files."""
    dst = Destination(tmp_path / "sorted")
    for _ in range(200):
        go = threading.Barrier(2)
        problems: list[str] = []

        def work(start=go, said=problems) -> None:
            start.wait()
            try:
                with dst.opened():
                    pass
            except AlbumError as error:
                said.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all("another run is at work" in problem for problem in problems), problems
        assert len(problems) < 2


def test_nothing_is_made_before_the_lock_is_held(tmp_path: Path) -> None:
    dst = Destination(tmp_path / "sorted")
    with dst.opened():
        dst.temp_folder.rmdir()
        with pytest.raises(AlbumError, match="another run is at work"), dst.opened():
            pass
        assert not dst.temp_folder.exists()


def test_undo_holds_the_lock_until_its_journal_is_gone(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    refused, unlink = [], Path.unlink
    dst = Destination(tmp_path / "sorted")

    def unlink_journal(path: Path, missing_ok: bool = False) -> None:
        if path == Path("sorted/.facesort/journal.jsonl"):
            with pytest.raises(AlbumError, match="another run is at work"), dst.opened():
                pass
            refused.append(True)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_journal)
    assert sort("--undo", "--dst", "sorted").code == 0
    assert refused == [True]
    assert not (tmp_path / "sorted").exists()


def test_a_run_that_waited_for_an_undone_folder_makes_it_anew(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder vanishes right between making it and locking a file in it."""
    album.add("a.jpg", "face")
    state_folder = tmp_path / "sorted/.facesort"
    real, times = Path.mkdir, []

    def mkdir(path: Path, *args: object, **kwargs: object) -> None:
        real(path, *args, **kwargs)
        if path == state_folder and not times:
            times.append(1)
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with Destination(tmp_path / "sorted").opened():
        assert state_folder.is_dir()
    assert times


def test_an_interrupted_undo_still_knows(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(undo_module, "_remove_folders", stop)
    with pytest.raises(KeyboardInterrupt):
        undo(tmp_path / "sorted", ConsoleReporter(None, None))  # type: ignore[arg-type]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert (tmp_path / "sorted/.facesort/journal.jsonl").exists()
    assert sort("--undo", "--dst", "sorted").code == 0
    assert not (tmp_path / "sorted").exists()


def test_a_dry_run_beside_a_run_stays_out_of_its_folder(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    album.add("b.jpg", "face")
    dst = Destination(tmp_path / "sorted")
    before = disk_as_dict(dst.root)
    with dst.opened():
        assert sort("--src", "album", "--dry-run").code == 0
        assert not list(dst.temp_folder.iterdir())
    assert disk_as_dict(dst.root) == before
