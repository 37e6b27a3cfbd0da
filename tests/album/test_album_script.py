"""The script as a process: its help, what it imports, two at once, a closed pipe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import fake_sort
import sort_photos
from conftest import Album, disk_as_dict

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


def start(cwd: Path, *argv: str) -> subprocess.Popen[str]:
    command = [sys.executable, fake_sort.__file__, *argv]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True)


def test_two_runs_at_once(full_album: Album, tmp_path: Path) -> None:
    first = start(tmp_path, "0.3", "--src", "album", "--workers", "1")
    while not (tmp_path / "sorted/.facesort/journal.jsonl").exists():
        assert first.poll() is None
        time.sleep(0.01)
    for argv in (["--src", "album"], ["--undo", "--dst", "sorted"]):
        second = start(tmp_path, *argv)
        error = second.communicate()[1]
        assert second.returncode == 1
        assert error == (
            "error: sorted: another run is at work on this destination; wait for it to end\n"
        )
    assert first.communicate()[1] == ""
    assert len(disk_as_dict(tmp_path / "sorted")) > 20


def test_nobody_reads_the_output(full_album: Album, tmp_path: Path) -> None:
    process = start(tmp_path, "0.01", "--src", "album")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == 1  # one photo is empty
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert (tmp_path / "sorted/manifest.csv").exists()
