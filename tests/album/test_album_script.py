"""The script as a process: its help, what it imports, two at once, a closed pipe."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import fake_sort
import pytest
import sort_photos
from conftest import Album, Sort, disk_as_dict

from facesort.album.journal import read_state

HELP = Path(__file__).with_name("sort_photos_help.txt")


def words(text: str) -> str:
    """Without the line breaks, which are not the same in every Python."""
    return re.sub(r"\s+", " ", text).strip()


def test_help_is_as_written_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy; sys.argv = [sys.argv[1], '--help']\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, sort_photos.__file__],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(Path(sort_photos.__file__).parent)},
    )
    assert process.returncode == 0, process.stderr
    assert words(process.stdout) == words(HELP.read_text(encoding="utf-8"))
    assert (sort_photos.__doc__ or "").strip() in process.stdout  # the examples, line by line
    heavy = {"torch", "ultralytics", "cv2", "onnxruntime", "PIL", "numpy"}
    assert not heavy & set(process.stderr.split())


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the script as a process; each is ended and waited for, however the test goes."""
    with ExitStack() as processes:

        def start_one(*argv: str, script: str = fake_sort.__file__) -> subprocess.Popen[str]:
            command = [sys.executable, script, *argv]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True)
            processes.enter_context(process)
            processes.callback(process.kill)  # before the wait; does nothing to one that has ended
            return process

        yield start_one


def test_two_runs_at_once(full_album: Album, start: Start, tmp_path: Path) -> None:
    first = start("go.flag", "--src", "album", "--workers", "1")
    while not (tmp_path / "sorted/.facesort/journal.jsonl").exists():
        assert first.poll() is None
        time.sleep(0.01)
    for argv in (["--src", "album"], ["--undo", "--dst", "sorted"]):
        second = start(*argv)
        error = second.communicate()[1]
        assert second.returncode == 1
        assert error == (
            "error: sorted: another run is at work on this destination; wait for it to end\n"
        )
    (tmp_path / "go.flag").touch()
    assert first.communicate()[1] == ""
    assert len(disk_as_dict(tmp_path / "sorted")) > 20


def test_nobody_reads_the_output(full_album: Album, start: Start, tmp_path: Path) -> None:
    process = start("0.01", "--src", "album")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == 1  # one photo is empty
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert (tmp_path / "sorted/manifest.csv").exists()


FULL = "standard output takes no more: No space left on device; sorting on\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a POSIX shell and /dev/full")
@pytest.mark.parametrize(
    ("streams", "error"),
    [(">&-", ""), ("<&- >&- 2>&-", ""), (">/dev/full", FULL), (">/dev/full 2>/dev/full", "")],
)
def test_closed_and_full_streams(
    streams: str, error: str, album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album", "--dst", "expected")
    command = [sys.executable, fake_sort.__file__, "--src", "album"]
    shell = ["sh", "-c", f'exec "$0" "$@" {streams}', *command]
    process = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", error)
    assert disk_as_dict(tmp_path / "sorted") == disk_as_dict(tmp_path / "expected")
    read_state(tmp_path / "sorted/.facesort/journal.jsonl")


CTRL_C_AT_IMPORT = """
import os, runpy, signal, sys
module, sys.argv = sys.argv[1], sys.argv[2:]
def hook(event, args):
    if event == "import" and args[0] == module:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(hook)
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
EARLY = "stopped before anything was done\n"


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize(
    ("module", "error"),
    [
        *[(name, EARLY) for name in ("argparse", "facesort.console", "numpy", "csv")],
        ("onnxruntime", "stopped; what is done stays done; go on with: python "),
    ],
)
def test_ctrl_c_twice_while_importing(
    module: str, error: str, album: Album, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    command = [sys.executable, "-c", CTRL_C_AT_IMPORT, module, sort_photos.__file__]
    process = subprocess.run(
        [*command, "--src", "album"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 130
    assert process.stderr.startswith(error)
    assert process.stderr.strip().count("\n") == 0
    assert os.listdir(tmp_path) == ["album"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_ctrl_c_twice_while_at_work(full_album: Album, start: Start, tmp_path: Path) -> None:
    process = start("0.3", "--src", "album", "--workers", "2")
    while not (tmp_path / "sorted/.facesort/journal.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.01)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    assert process.communicate()[1] == (
        "stopped; what is done stays done; go on with: "
        f"python {fake_sort.__file__} --src album --workers 2\n"
    )
    assert process.returncode == 130
