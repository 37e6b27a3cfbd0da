"""The memory of one destination: JSON lines that are only ever appended.

Kinds of lines, in the order a run writes them:

    album     src, levels: where the photos are; how many folders were made down to the destination
    options   options: what a run that filed photos was told
    people    names: more people that photos are sorted by; without any, it is by class
    learned   learned: what their examples taught
    scanned   detector, scan: a photo was looked at (a killed scan goes on from here)
    folder    path: a folder is about to be made
    filed     entry, made: a photo is in all its places; ``made`` has each new file's stamp
    aside     path: a manifest that is not as we wrote it is about to get this name
    making    photo, paths: a corrected photo is about to get these places
    removed   paths: files of ours that went, for the photo belongs elsewhere now
    said      labels: a person's words, about to be kept; the first of them begins a learning
    applied   the learning is at its end: photos have followed
    unlearning, unlearned   the last learning is about to be taken back; it was
    sidecar   path, content: hash of an XMP side-car that is about to be written
    manifest  content: hash of a manifest that is about to be written
    undo      left: undo began; ``left`` says what was gone by then, and where to

A line is one ``write``, so that it survives a kill; every `LINES_PER_SYNC` lines it is forced to
the disk, so that little is lost with the power. A torn last line is cut off when writing goes on.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facesort.album.disk import Stamp
from facesort.album.from_json import (
    entry_from_json,
    learned_from_json,
    people_from_json,
    scan_from_json,
)
from facesort.album.human import HumanLabel, label_of
from facesort.album.records import Entry, Folders, Learned, Scan
from facesort.errors import AlbumError
from facesort.photos import Found

LINES_PER_SYNC = 64


@dataclass
class Learning:
    """What one learning needs to be taken back: the ``labels`` it came from, what was ``learned``
    until then, and each photo it filed anew as it was ``before``."""

    learned: Learned | None
    labels: list[HumanLabel] = field(default_factory=list)
    before: dict[str, Entry] = field(default_factory=dict)
    is_applied: bool = False


@dataclass
class State:
    """What the lines add up to."""

    src: str = ""
    levels: int = 0
    people: tuple[str, ...] = ()
    learned: Learned | None = None
    options: dict[str, str] = field(default_factory=dict)  # of the last run that told them
    scans: dict[str, tuple[str, Scan]] = field(default_factory=dict)  # photo: detector, scan
    entries: dict[str, Entry] = field(default_factory=dict)  # photo: as it was filed last
    made: dict[str, tuple[str, Stamp]] = field(default_factory=dict)  # path: photo, stamp
    making: dict[str, str] = field(default_factory=dict)  # path: photo; a killed run's, if any
    folders: list[str] = field(default_factory=list)
    manifests: set[str] = field(default_factory=set)
    own_manifest: str = ""  # the person's, from before our first, under its name since then
    left_by_undo: dict[str, str] | None = None
    learnings: list[Learning] = field(default_factory=list)
    is_unlearning: bool = False
    as_of: object = None  # what the file was like when it was read
    sidecars: dict[str, set[str]] = field(default_factory=dict)  # path: hashes

    @property
    def sorted_into(self) -> Folders:
        return Folders(self.people)

    @property
    def is_learning(self) -> bool:
        """Has a learning begun that was not applied yet?"""
        return bool(self.learnings) and not self.learnings[-1].is_applied

    def knows(self, found: Found) -> bool:
        """Is this photo filed, and has not changed since? One that could not be read is not."""
        scan = self.filed_scan(found.relative)
        return scan is not None and _same_file(scan, found) and scan.was_read

    def filed_scan(self, photo: str) -> Scan | None:
        """What was seen on the photo when it was filed last."""
        return self.entries[photo].scan if photo in self.entries else None

    def has_content(self, scan: Scan) -> bool:
        """Is the photo filed with these very bytes (or, unread then and now, with none)?"""
        filed = self.filed_scan(scan.photo)
        return filed is not None and filed.content == scan.content

    def paths(self) -> set[str]:
        """Every path this destination ever gave away."""
        planned = {path for entry in self.entries.values() for path in entry.paths}
        return planned | self.made.keys()

    def scan_of(self, found: Found, detector: str) -> Scan | None:
        """What ``detector`` saw on this very photo in a run that did not get to file it."""
        by, scan = self.scans.get(found.relative, ("", None))
        if scan is None or by != detector or not scan.was_read or not _same_file(scan, found):
            return None
        return scan

    def put_scan(self, detector: str, scan: Scan) -> None:
        self.scans[scan.photo] = (detector, scan)

    def put_entry(self, entry: Entry, made: dict[str, Stamp]) -> None:
        photo = entry.scan.photo
        if self.learnings and photo in self.entries:
            self.learnings[-1].before.setdefault(photo, self.entries[photo])
        self.entries[photo] = entry
        self.scans.pop(photo, None)  # or a large album is in memory twice
        for path, stamp in made.items():
            self.made[path] = (photo, stamp)
            self.making.pop(path, None)

    def add(self, line: dict[str, Any]) -> None:
        kind = line["kind"]
        if kind == "album":
            self.src, self.levels = line["src"], line["levels"]
        elif kind == "options":
            self.options = line["options"]
        elif kind == "people":
            self.people += people_from_json(line["names"])
        elif kind == "learned":
            self.learned = learned_from_json(line["learned"])
        elif kind == "scanned":
            self.put_scan(line["detector"], scan_from_json(line["scan"]))
        elif kind == "folder":
            self.folders.append(line["path"])
        elif kind == "filed":
            entry = entry_from_json(line["entry"], self.sorted_into)
            made = {sys.intern(path): Stamp(*stamp) for path, stamp in line["made"].items()}
            self.put_entry(entry, made)
        elif kind == "making":
            self.making |= dict.fromkeys(line["paths"], line["photo"])
        elif kind == "removed":
            for path in line["paths"]:
                self.made.pop(path, None)
                self.making.pop(path, None)
        elif kind == "said":
            if not self.is_learning:
                self.learnings.append(Learning(self.learned))
            self.learnings[-1].labels += map(label_of, line["labels"])
        elif kind == "applied" and self.learnings:
            self.learnings[-1].is_applied = True
        elif kind == "unlearning":
            self.is_unlearning = True
        elif kind == "unlearned" and self.learnings:
            self.learnings.pop()
            self.is_unlearning = False
        elif kind == "sidecar":
            self.sidecars.setdefault(line["path"], set()).add(line["content"])
        elif kind == "aside":
            self.own_manifest = self.own_manifest if self.manifests else line["path"]
        elif kind == "manifest":
            self.manifests.add(line["content"])
        elif kind == "undo":
            self.left_by_undo = line["left"]


def _same_file(scan: Scan, found: Found) -> bool:
    return (scan.size_bytes, scan.mtime_ns) == (found.size_bytes, found.mtime_ns)


def read_state(path: Path) -> State:
    """Replay the journal; the state of a destination without one is empty."""
    state = State(as_of=_fingerprint(path))
    if path.exists():
        for number, line in _whole_lines(path):
            try:
                state.add(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise AlbumError(
                    f"{path}: line {number} is damaged ({error!r}); the files are untouched: move "
                    f"{path.parent.name} away and sort into a new folder"
                ) from None
    return state


def _fingerprint(path: Path) -> object:
    """Another one after any change."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
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
        is_fresh = known is not None and known.as_of == _fingerprint(path)
        self.state = known if known is not None and is_fresh else read_state(path)
        self._file = open(path, "ab+", buffering=0)
        self._cut_torn_line()
        self._unsynced = 0

    def album(self, src: str, levels: int) -> None:
        self._append({"kind": "album", "src": src, "levels": levels})

    def options(self, options: dict[str, str]) -> None:
        self._append({"kind": "options", "options": options})

    def people(self, names: Iterable[str]) -> None:
        """Those of ``names`` that are not told yet."""
        new = [name for name in names if name not in self.state.people]
        if new:
            self._append({"kind": "people", "names": new})

    def learned(self, learned: Learned | None) -> None:
        if learned is not None and learned != self.state.learned:
            self._append({"kind": "learned", "learned": asdict(learned)})

    def scanned(self, detector: str, scan: Scan) -> None:
        self._write({"kind": "scanned", "detector": detector, "scan": asdict(scan)})
        self.state.put_scan(detector, scan)  # this very one: the plan will hold it as well

    def folder(self, path: str) -> None:
        self._append({"kind": "folder", "path": path})

    def filed(self, entry: Entry, made: dict[str, Stamp]) -> None:
        stamps = {path: [s.size_bytes, s.mtime_ns, s.inode] for path, s in made.items()}
        self._write({"kind": "filed", "entry": asdict(entry), "made": stamps})
        self.state.put_entry(entry, made)

    def making(self, photo: str, paths: list[str]) -> None:
        self._append({"kind": "making", "photo": photo, "paths": paths})

    def removed(self, paths: list[str]) -> None:
        self._append({"kind": "removed", "paths": paths})

    def said(self, labels: Iterable[HumanLabel]) -> None:
        self._append({"kind": "said", "labels": [asdict(label) for label in labels]})

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
        os.fsync(self._file.fileno())
        self._unsynced = 0

    def close(self) -> None:
        self.sync()
        self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        self.state.add(json.loads(self._write(line)))

    def _write(self, line: dict[str, Any]) -> bytes:
        data = (json.dumps(line) + "\n").encode("ascii")
        end = self._file.seek(0, os.SEEK_END)
        if self._file.write(data) != len(data):  # the disk is full: do not leave half a line
            self._file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)
        self._unsynced += 1
        if self._unsynced >= LINES_PER_SYNC:
            self.sync()
        return data

    def _cut_torn_line(self) -> None:
        end = self._file.seek(0, os.SEEK_END)
        while end > 0 and not self._is_line_end(end):
            end -= 1
        self._file.truncate(end)

    def _is_line_end(self, position: int) -> bool:
        self._file.seek(position - 1)
        return self._file.read(1) == b"\n"
