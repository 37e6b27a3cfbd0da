"""Killed at any instant and run again, an album ends as if nothing had happened.

A child process kills itself right before its nth change to the disk, for every n there is: Python
announces each such change to an audit hook, so the code under test knows nothing of it.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import fake_sort
import learn_corrections
import pytest
from conftest import Album, Disk, Sort, disk_as_dict

from facesort.album.disk import FileSignature
from facesort.album.journal import Journal, read_state
from facesort.album.journal_lines import head_path
from facesort.album.link_modes import HARD
from facesort.album.records import Entry, Scan

CHANGES = {"os.link", "os.symlink", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}
FAKE_SORT = Path(fake_sort.__file__)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


Main = Callable[[list[str]], int]


def killed_before_change(number: int, argv: list[str], main: Main = fake_sort.main) -> bool:
    """Run ``main`` in a child that dies before change ``number``; False if it got to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside idle numpy threads
        pid = os.fork()
    if pid == 0:
        _run_and_die(number, argv, main)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def _run_and_die(number: int, argv: list[str], main: Main) -> None:
    left = number

    def count(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_ACCMODE
        if event in CHANGES or writes:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        with open(os.devnull, "w") as nowhere:
            sys.stdout = sys.stderr = nowhere
            sys.addaudithook(count)
            main(argv)
    finally:
        os._exit(0)


def all_kills(
    argv: list[str], dst: Path, before: Callable[[], object], main: Main = fake_sort.main
) -> Iterator[int]:
    """Kill ``argv`` before its first change, its second, ... each time from a fresh start."""
    for number in range(1, 1000):
        shutil.rmtree(dst, ignore_errors=True)
        before()
        if not killed_before_change(number, argv, main):
            assert number > 10, "the audit hook does not see the changes"
            return
        yield number


@pytest.fixture
def small_album(album: Album) -> Album:
    album.add("a.jpg", "face")
    album.add("b/a.jpg", "face", "masked")
    album.write("c.jpg", b"")
    return album


@pytest.mark.parametrize("link", ["hard", "copy"])
def test_killed_and_run_again(link: str, small_album: Album, sort: Sort, tmp_path: Path) -> None:
    argv = ["--src", "album", "--dst", "sorted", "--link", link]
    sort(*argv)
    expected = disk_as_dict(tmp_path / "sorted")
    for number in all_kills(argv, tmp_path / "sorted", before=lambda: None):
        assert sort(*argv).code == 1, number
        assert disk_as_dict(tmp_path / "sorted") == expected, number
        assert not list((tmp_path / "sorted/.facesort/tmp").iterdir()), number
        assert "nothing new" in sort(*argv).out, number


def test_killed_while_sorting_additions(small_album: Album, sort: Sort, tmp_path: Path) -> None:
    dst, first = tmp_path / "sorted", tmp_path / "first"
    sort("--src", "album", "--dst", "sorted")
    shutil.copytree(dst, first)
    small_album.add("d/a.jpg", "face")
    sort("--src", "album", "--dst", "sorted")
    expected = disk_as_dict(dst)
    argv = ["--src", "album", "--dst", "sorted"]
    for number in all_kills(argv, dst, before=lambda: shutil.copytree(first, dst)):
        sort(*argv)
        assert disk_as_dict(dst) == expected, number


def test_killed_and_undone(small_album: Album, sort: Sort, tmp_path: Path) -> None:
    argv = ["--src", "album", "--dst", "sorted"]
    for number in all_kills(argv, tmp_path / "sorted", before=lambda: None):
        result = sort("--undo", "--dst", "sorted")
        assert "left alone" not in result.out, number
        left = disk_as_dict(tmp_path / "sorted") if (tmp_path / "sorted").exists() else {}
        assert left == {}, number


def test_undo_killed_and_run_again(small_album: Album, sort: Sort, tmp_path: Path) -> None:
    def start() -> None:
        sort("--src", "album", "--dst", "sorted")
        (tmp_path / "sorted/photos/face/mine.txt").write_text("mine")
        (tmp_path / "sorted/photos/masked/a.jpg").unlink()

    for number in all_kills(["--undo", "--dst", "sorted"], tmp_path / "sorted", start):
        result = sort("--undo", "--dst", "sorted")
        assert list(disk_as_dict(tmp_path / "sorted")) == [
            "photos",
            "photos/face",
            "photos/face/mine.txt",
        ], number
        assert result.code == 0 or "nothing to undo" in result.err, number


def test_a_half_undone_destination_is_not_sorted_into(
    small_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", "album")
    journal = Journal(tmp_path / "sorted/.facesort/journal.jsonl")
    journal.undo({})
    journal.close()
    result = sort("--src", "album")
    assert (result.code, "finish it with --undo --dst sorted" in result.error_line) == (1, True)


def test_learning_killed_and_run_again(
    small_album: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sort("--src", "album")
    dst, first = tmp_path / "sorted", tmp_path / "first"
    for crop in list((dst / "faces/face").iterdir()):
        crop.rename(dst / "faces/masked_sunglasses" / crop.name)
    shutil.copytree(dst, first)
    argv = ["sorted", "--apply"]
    learn_corrections.main(argv)
    expected = without_times(disk_as_dict(dst))
    assert "photos/masked_sunglasses/a.jpg" in expected
    start = functools.partial(shutil.copytree, first, dst)
    for number in all_kills(argv, dst, before=start, main=learn_corrections.main):
        assert learn_corrections.main(argv) == 0, number
        assert without_times(disk_as_dict(dst)) == expected, number
    capsys.readouterr()


def without_times(disk: Disk) -> Disk:
    """All but when the person said something."""
    return {path: data for path, data in disk.items() if path != "corrections.jsonl"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_real_process_stopped_at_any_time(
    how: signal.Signals, full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", "album", "--dst", "expected")
    expected = disk_as_dict(tmp_path / "expected")
    command = [sys.executable, FAKE_SORT, "0.1", "--src", "album", "--workers", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "sorted/.facesort/journal.jsonl"
    while process.poll() is None and not journal.exists():
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.4))
    process.send_signal(how)
    error = process.communicate()[1]
    if how != signal.SIGKILL:
        assert process.returncode == 130
        assert error.strip().startswith("stopped; what is done stays done; go on with: python ")
        assert error.strip().endswith("--src album --workers 1")
    assert sort("--src", "album").code == 1
    assert disk_as_dict(tmp_path / "sorted") == expected


def test_a_journal_torn_at_any_byte_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    entry = Entry(Scan("a.jpg", 1, 1, "00"), HARD, ("photos/face/a.jpg",))
    journal = Journal(path)
    journal.album("/src", 1)
    journal.filed(entry, {"photos/face/a.jpg": FileSignature(1, 2, 3)})
    journal.close()
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        head_path(path).unlink(missing_ok=True)  # it is written after what it counts was synced
        journal = Journal(path)
        journal.folder("photos")
        journal.close()
        state = read_state(path)
        assert state.folders == ["photos"]
        assert bool(state.src) == (length >= data.index(b"\n") + 1)


def test_a_damaged_journal_says_where(small_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    path = tmp_path / "sorted/.facesort/journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\0\0\0\n", *lines[1:]]))
    result = sort("--src", "album")
    assert result.code == 1
    assert "journal.jsonl: line 2 is damaged" in result.error_line


@pytest.mark.parametrize("others_wrote", [False, True])
def test_a_journal_read_before_is_read_again_only_where_it_has_changed(
    others_wrote: bool, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal(path, read_state(path))
    first.folder("photos")
    first.close()
    known = read_state(path)
    if others_wrote:
        other = Journal(path)
        other.folder("faces")
        other.close()
    journal = Journal(path, known)
    assert (journal.state is known) == (not others_wrote)
    journal.folder("faces/face")
    journal.close()
    assert journal.state.folders == read_state(path).folders
