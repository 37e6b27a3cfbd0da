"""What the journal of a destination adds up to: album, entries, files made, what was learned.

`State.add` takes the lines one by one, in the order in which they were written; their kinds are in
`journal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from facesort.album import journal_lines as values
from facesort.album.disk import FileSignature
from facesort.album.from_json import (
    entry_from_json,
    learned_from_json,
    people_from_json,
    scan_from_json,
)
from facesort.album.journal_lines import RunningCheck
from facesort.album.records import BoxPx, Entry, Face, Folders, Learned, Scan
from facesort.album.untrusted import text_of, texts_by_text, texts_of, whole_number
from facesort.album.user_labels import UserLabel, labels_of
from facesort.old_spelling import renamed_options
from facesort.photos import Found


@dataclass
class Learning:
    """What one learning needs to be taken back: the ``labels`` it came from, what was ``learned``
    until then, and each photo it filed anew as it was ``before``."""

    learned: Learned | None
    labels: list[UserLabel] = field(default_factory=list)
    before: dict[str, Entry] = field(default_factory=dict)
    is_applied: bool = False
    act: dict[str, Any] = field(default_factory=dict)  # of the review page: what else was done


@dataclass
class State:
    """What the lines add up to."""

    src: str = ""
    levels: int = 0
    people: tuple[str, ...] = ()
    learned: Learned | None = None
    options: dict[str, str] = field(default_factory=dict)  # of the last run that had any
    scans: dict[str, tuple[str, Scan]] = field(default_factory=dict)  # photo: detector, scan
    entries: dict[str, Entry] = field(default_factory=dict)  # photo: as it was filed last
    made: dict[str, tuple[str, FileSignature]] = field(default_factory=dict)  # path: photo, stamp
    making: dict[str, str] = field(default_factory=dict)  # path: photo; a killed run's, if any
    folders: list[str] = field(default_factory=list)
    manifests: set[str] = field(default_factory=set)
    own_manifest: str = ""  # the person's, from before our first, under its name since then
    left_by_undo: dict[str, str] | None = None
    learnings: list[Learning] = field(default_factory=list)
    reverted: list[Learning] = field(default_factory=list)  # what can be done once more
    is_unlearning: bool = False
    as_of: object = None  # what the file was like when it was read
    check: RunningCheck = field(default_factory=RunningCheck, compare=False)  # of all its lines
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

    def put_entry(self, entry: Entry, made: dict[str, FileSignature]) -> None:
        photo = entry.scan.photo
        earlier = self.entries.get(photo)
        if earlier is not None and _is_described_anew(earlier, entry):
            # no learning's doing: what is taken back later keeps the new vectors
            for learning in (*self.learnings, *self.reverted):
                if photo in learning.before:
                    before = learning.before[photo]
                    scan = _with_vectors_of(before.scan, entry.scan)
                    learning.before[photo] = replace(before, scan=scan)
        elif self.learnings and earlier is not None:
            self.learnings[-1].before.setdefault(photo, earlier)
        self.entries[photo] = entry
        self.scans.pop(photo, None)  # or a large album is in memory twice
        for path, signature in made.items():
            self.made[path] = (photo, signature)
            self.making.pop(path, None)

    def _mute(self, labels: list[UserLabel]) -> None:
        """Each goes with the learning that spoke of its face last, to be taken back with it."""
        for label in labels:
            for learning in reversed(self.learnings):
                if any(
                    (one.content, one.face) == (label.content, label.face)
                    for one in learning.labels
                ):
                    learning.labels.append(label)
                    break

    def add(self, line: dict[str, Any]) -> None:
        kind = line["kind"]
        if kind == "album":
            self.src = values.album(line["src"])
            self.levels = whole_number(line["levels"], "levels")
        elif kind == "options":
            self.options = renamed_options(texts_by_text(line["options"], "options"))
        elif kind == "people":
            self.people += people_from_json(line["names"])
        elif kind == "learned":
            self.learned = learned_from_json(line["learned"])
        elif kind == "scanned":
            self.put_scan(text_of(line["detector"], "detector"), scan_from_json(line["scan"]))
        elif kind == "folder":
            self.folders.append(values.folder_path(line["path"]))
        elif kind == "filed":
            entry = entry_from_json(line["entry"], self.sorted_into)
            self.put_entry(entry, values.made_stamps(line["made"]))
        elif kind == "making":
            photo = values.known_photo(line["photo"], self.entries)
            self.making |= dict.fromkeys(values.made_paths(line["paths"]), photo)
        elif kind == "removed":
            for path in texts_of(line["paths"], "paths"):
                self.made.pop(path, None)
                self.making.pop(path, None)
        elif kind == "said":
            labels = labels_of(line["labels"])
            if not self.is_learning:
                self.learnings.append(Learning(self.learned, act=dict(line.get("act", {}))))
                self.reverted = self.reverted[:-1] if line.get("redo") else []
            self.learnings[-1].labels += labels
        elif kind == "muted":
            self._mute(labels_of(line["labels"]))
        elif kind == "applied" and self.learnings:
            self.learnings[-1].is_applied = True
        elif kind == "unlearning":
            self.is_unlearning = True
        elif kind == "unlearned" and self.learnings:
            self.reverted.append(self.learnings.pop())
            self.is_unlearning = False
        elif kind == "sidecar":
            content = text_of(line["content"], "content")
            self.sidecars.setdefault(values.sidecar_path(line["path"]), set()).add(content)
        elif kind == "aside":
            path = values.aside_path(line["path"])
            self.own_manifest = self.own_manifest if self.manifests else path
        elif kind == "manifest":
            self.manifests.add(text_of(line["content"], "content"))
        elif kind == "undo":
            self.left_by_undo = texts_by_text(line["left"], "left")


def _is_described_anew(earlier: Entry, now: Entry) -> bool:
    """Same places and faces, other vectors."""
    old, new = earlier.scan.faces, now.scan.faces
    is_same = [face.identity for face in old] == [face.identity for face in new]
    return (
        not is_same
        and [_place(face) for face in old] == [_place(face) for face in new]
        and replace(earlier, scan=now.scan) == now
    )


def _with_vectors_of(scan: Scan, now: Scan) -> Scan:
    known = {_place(face): face.identity for face in now.faces}
    return replace(
        scan,
        faces=tuple(
            replace(face, identity=known.get(_place(face), face.identity)) for face in scan.faces
        ),
    )


def _place(face: Face) -> tuple[BoxPx, int | None]:
    return face.xyxy_px, face.frame


def _same_file(scan: Scan, found: Found) -> bool:
    return (scan.size_bytes, scan.mtime_ns) == (found.size_bytes, found.mtime_ns)
