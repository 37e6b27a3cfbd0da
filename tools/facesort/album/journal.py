"""The memory of one destination: JSON lines that are only ever appended.

Kinds of lines, in the order a run writes them:

    album     src, levels: where the photos are; how many folders were made down to the destination
    options   options: the options of a run that filed photos
    people    names: more people that photos are sorted by; without any, it is by class
    learned   learned: what their examples taught
    scanned   detector, scan: a photo was looked at (a killed scan goes on from here)
    folder    path: a folder is about to be made
    filed     entry, made: a photo is in all its places; ``made`` has each new file's stamp
    aside     path: a manifest that is not as we wrote it is about to get this name
    making    photo, paths: a corrected photo is about to get these places
    removed   paths: files of ours that went, for the photo belongs elsewhere now
    said      labels: a person's words, about to be kept; the first of them begins a learning;
              act: what was done, where it was more than that; redo: it was taken back before
    muted     labels: of these, said before, nothing is learned; they go with their learning
    applied   the learning is at its end: photos have followed
    unlearning, unlearned   the last learning is about to be taken back; it was
    sidecar   path, content: hash of an XMP side-car that is about to be written
    manifest  content: hash of a manifest that is about to be written
    undo      left: undo began; ``left`` says what was gone by then, and where to

A line is one ``write``, so that it survives a kill; every `LINES_PER_SYNC` lines it is forced to
the disk, after the names of the files and folders it speaks of, so that little is lost with the
power. A torn last line is cut off when writing goes on. A journal that was cut or edited is noticed
(`journal_lines`) and refused.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from facesort.album.disk import FileSignature
from facesort.album.journal_lines import Head, fields_of, head_path, read_head
from facesort.album.records import Entry, Learned, Scan, folder_of
from facesort.album.state import State
from facesort.album.untrusted import DAMAGED, in_short, object_of
from facesort.album.user_labels import UserLabel
from facesort.errors import AlbumError
from facesort.files import fingerprint, sync_folders, write_atomic

LINES_PER_SYNC = 64


def read_state(path: Path) -> State:
    """Replay the journal; the state of a destination without one is empty. Raises `AlbumError`
    where it is not as it was written."""
    head = read_head(path)
    state = State(as_of=fingerprint(path))
    for number, line in _whole_lines(path):
        try:
            state.check = state.check.read(line[:-1])
            state.add(object_of(json.loads(line)))
        except DAMAGED as error:
            raise _damaged(path, f"line {number} is damaged ({in_short(error)})") from error
        if head and number == head.lines and state.check.check != head.check:
            raise _damaged(path, f"lines up to {number} are not as they were written")
    if head and state.check.lines < head.lines and head_path(path).exists():  # no undo meanwhile
        missing = head.lines - state.check.lines
        raise _damaged(path, f"{missing} of {head.lines} lines are missing at its end")
    return state


def _damaged(path: Path, what: str) -> AlbumError:
    return AlbumError(
        f"{path}: {what}; the files are untouched: move {path.parent.name} away and sort into a "
        "new folder"
    )


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if not path.exists():
        return
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield number, line


class Journal:
    """Appends lines to the file and adds them to ``state`` at once.

    ``known`` is what was read of it before, and is taken over where it is still so: reading a long
    journal takes seconds.
    """

    def __init__(self, path: Path, known: State | None = None) -> None:
        is_fresh = known is not None and known.as_of == fingerprint(path)
        self.state = known if known is not None and is_fresh else read_state(path)
        self._path, self._root = path, path.parent.parent
        self._unsynced_folders = set() if path.exists() else {".", "..", path.parent.name}
        self._file = open(path, "ab+", buffering=0)
        self._cut_torn_line()
        self._unsynced = 0

    def album(self, src: str, levels: int) -> None:
        self._append({"kind": "album", "src": src, "levels": levels})

    def options(self, options: dict[str, str]) -> None:
        self._append({"kind": "options", "options": options})

    def people(self, names: Iterable[str]) -> None:
        """Record those of ``names`` that are not in the journal yet."""
        new = [name for name in names if name not in self.state.people]
        if new:
            self._append({"kind": "people", "names": new})

    def learned(self, learned: Learned | None) -> None:
        if learned is not None and learned != self.state.learned:
            self._append({"kind": "learned", "learned": learned})

    def scanned(self, detector: str, scan: Scan) -> None:
        self._write({"kind": "scanned", "detector": detector, "scan": scan})
        self.state.put_scan(detector, scan)  # this very one: the plan will hold it as well

    def folder(self, path: str) -> None:
        self._unsynced_folders.add(folder_of(path) or ".")
        self._append({"kind": "folder", "path": path})

    def filed(self, entry: Entry, made: dict[str, FileSignature]) -> None:
        signatures = {path: [s.size_bytes, s.mtime_ns, s.inode] for path, s in made.items()}
        for folder in {folder_of(path) for path in made}:
            self._unsynced_folders.update((folder, folder_of(folder) or ".", "."))
        self._write({"kind": "filed", "entry": entry, "made": signatures})
        self.state.put_entry(entry, made)

    def making(self, photo: str, paths: list[str]) -> None:
        self._append({"kind": "making", "photo": photo, "paths": paths})

    def removed(self, paths: list[str]) -> None:
        self._append({"kind": "removed", "paths": paths})

    def said(
        self,
        labels: Iterable[UserLabel],
        act: dict[str, Any] | None = None,
        is_redo: bool = False,
    ) -> None:
        line = {"kind": "said", "labels": list(labels)}
        more = ({"act": act} if act else {}) | ({"redo": True} if is_redo else {})
        self._append(line | more)

    def muted(self, labels: Iterable[UserLabel]) -> None:
        self._append({"kind": "muted", "labels": list(labels)})

    def applied(self) -> None:
        self._append({"kind": "applied"})

    def unlearning(self) -> None:
        self._append({"kind": "unlearning"})

    def unlearned(self) -> None:
        self._append({"kind": "unlearned"})

    def sidecar(self, path: str, content: str) -> None:
        self._append({"kind": "sidecar", "path": path, "content": content})

    def aside(self, path: str) -> None:
        self._append({"kind": "aside", "path": path})

    def manifest(self, content: str) -> None:
        self._append({"kind": "manifest", "content": content})

    def undo(self, left: dict[str, str]) -> None:
        self._append({"kind": "undo", "left": left})
        self.sync()

    def sync(self) -> None:
        """What the journal says outlives a power cut: names first, then the lines on them."""
        if not self._unsynced and not self._unsynced_folders:
            return
        sync_folders([self._root / folder for folder in self._unsynced_folders])
        self._unsynced_folders.clear()
        os.fsync(self._file.fileno())
        if self._unsynced:
            check = self.state.check
            head = Head(check.lines, check.check).as_json()
            with suppress(OSError):  # a full disk: the head before it is not wrong either
                write_atomic(head_path(self._path), [head], self._path.with_suffix(".head.tmp"))
        self._unsynced = 0

    def close(self) -> None:
        if self._file.closed:
            return
        self.sync()
        self._file.close()
        self.state.as_of = fingerprint(Path(self._file.name))  # ours alone until here

    def _append(self, line: dict[str, Any]) -> None:
        self.state.add(json.loads(self._write(line)))

    def _write(self, line: dict[str, Any]) -> bytes:
        body, check = self.state.check.sealed(json.dumps(line, default=fields_of).encode("ascii"))
        data = body + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        if self._file.write(data) != len(data):  # the disk is full: do not leave half a line
            self._file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)
        self.state.check = check
        self._unsynced += 1
        if self._unsynced >= LINES_PER_SYNC:
            self.sync()
        return data

    def _cut_torn_line(self) -> None:
        end = size = self._file.seek(0, os.SEEK_END)
        while end > 0 and not self._is_line_end(end):
            end -= 1
        if end != size:  # it would count as changed, and two that follow it never come to rest
            self._file.truncate(end)

    def _is_line_end(self, position: int) -> bool:
        self._file.seek(position - 1)
        return self._file.read(1) == b"\n"
