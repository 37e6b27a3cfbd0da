"""The sorter as a process of its own: it goes on when the tab is closed, and its progress."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import deque
from pathlib import Path

from facesort.errors import UsageError

PROGRESS = re.compile(r"^(?P<what>[\w ]+): (?P<done>\d+) of (?P<total>\d+), \d+ errors$")
LINES = 200
PROGRESS_S = "0.5"  # how often the sorter says how far it is
SORTED_SUFFIX = "_sorted"


class Sorting:
    """One sorting at a time; ``command`` starts ``sort_photos.py``."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._lines: deque[str] = deque(maxlen=LINES)
        self._done, self._total = 0, 0
        self.dst: Path | None = None

    def start(self, album: Path, examples: Path | None, by: str) -> None:
        """Sort ``album`` into a folder beside it; `UsageError` where a sorting is at work."""
        if self.is_running:
            raise UsageError("a sorting is at work; stop it first, or wait")
        if by not in ("person", "class"):
            raise UsageError(f"{by!r}: expected person or class")
        self.dst = album.parent / f"{album.name}{SORTED_SUFFIX}"
        options = ["--src", str(album), "--dst", str(self.dst), "--by", by]
        if by == "person" and examples is not None:
            options += ["--people", str(examples)]
        self._lines.clear()
        self._done = self._total = 0
        self._process = subprocess.Popen(
            [*self._command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"FACESORT_PROGRESS_S": PROGRESS_S, "PYTHONIOENCODING": "utf-8"},
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """As Ctrl-C does: what is done stays done."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    def state(self) -> dict[str, object]:
        """``running``, ``done`` (also where single photos could not be sorted), ``failed``."""
        code = None if self._process is None else self._process.poll()
        is_sorted = self.dst is not None and (self.dst / ".facesort" / "journal.jsonl").is_file()
        state = "none" if self._process is None else "running" if code is None else "failed"
        if code in (0, 1) and is_sorted:
            state = "done"
        return {
            "state": state,
            "done": self._done,
            "total": self._total,
            "lines": list(self._lines),
        }

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            found = PROGRESS.match(line.strip())
            if found:
                self._done, self._total = int(found["done"]), int(found["total"])
            else:
                self._lines.append(line.rstrip("\n"))
