"""Notices that a journal was cut or edited: each line carries a check of all lines up to it.

A line ends in ``, "check": "<16 hexadecimal digits>"}``: BLAKE2b over this line without the check
and all lines before it. What is missing at the end shows in a file beside the journal that says how
many lines were on the disk at the last sync, and their check. Journals of the first version have
neither; they are read, and protected from the first line on that is added. This tells accidents and
edits by hand, not forgeries.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from facesort.album.untrusted import DAMAGED, object_of, text_of, whole_number
from facesort.errors import AlbumError

DIGEST_BYTES = 8
SEAL = re.compile(rb', "check": "([0-9a-f]{16})"\}$')
HEAD_SUFFIX = ".head"


class RunningCheck:
    """Counts lines, and takes a check of all of them; lines are without their line break."""

    def __init__(self) -> None:
        self.lines = 0
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self._is_sealed = False

    @property
    def check(self) -> str:
        return self._hash.copy().hexdigest()

    def sealed(self, body: bytes) -> tuple[bytes, RunningCheck]:
        """``body``, an object in JSON, with its check; and the state after it."""
        after = self._after(body)
        after._is_sealed = True
        return body[:-1] + f', "check": "{after.check}"}}'.encode("ascii"), after

    def read(self, line: bytes) -> RunningCheck:
        """The state after ``line``; `ValueError` where it does not follow what was read before."""
        seal = SEAL.search(line)
        after = self._after(line if seal is None else line[: seal.start()] + b"}")
        after._is_sealed = self._is_sealed or seal is not None
        if after._is_sealed and (seal is None or seal[1].decode() != after.check):
            raise ValueError("it was edited, or lines before it were cut or edited")
        return after

    def _after(self, body: bytes) -> RunningCheck:
        after = RunningCheck()
        after.lines, after._hash = self.lines + 1, self._hash.copy()
        after._hash.update(body + b"\n")
        return after


@dataclass(frozen=True)
class Head:
    """What was on the disk at the last sync."""

    lines: int = 0
    check: str = ""

    def as_json(self) -> bytes:
        return json.dumps({"lines": self.lines, "check": self.check}).encode("ascii")


def head_path(journal: Path) -> Path:
    return journal.with_suffix(HEAD_SUFFIX)


def read_head(journal: Path) -> Head | None:
    """None where there is none; `AlbumError` where it is damaged."""
    path = head_path(journal)
    try:
        data = object_of(json.loads(path.read_bytes()))
        return Head(whole_number(data["lines"], "lines"), text_of(data["check"], "check"))
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise AlbumError(
            f"{path}: is damaged; expected how long {journal.name} is; remove it to go on without "
            "that check"
        ) from error
