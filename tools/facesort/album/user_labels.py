"""What a person said of faces: permanent, above every model, one JSON line a face.

A label belongs to the bytes of a photo and a box in it, so it outlives new names, another album
folder, another destination and another detector. The box is the face's name: a later label for the
same face has the same box, and counts instead; a face beside it, however much the two overlap, has
another. Where an album holds the same bytes twice, each copy keeps what was decided on it, and a
copy without a decision of its own follows the others. A label without a box says that a person is
in a photo in which no face of theirs shows. ``{"withdrawn": {the label}}`` takes a label back: then
the earlier counts again. The file only ever grows, and lies open in the destination: it is the
person's work, and --undo of the sorter leaves it there.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facesort.album.names import can_be_folder
from facesort.album.records import FACE_FOLDERS, STRANGERS, BoxPx, Face, Folders, Scan
from facesort.album.untrusted import (
    DAMAGED,
    box_px_of,
    frame_of,
    in_short,
    object_of,
    text_of,
    texts_of,
)
from facesort.boxes import as_boxes, iou_matrix
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.errors import AlbumError
from facesort.files import sync_folder

OTHER_FOLDERS = (*FACE_FOLDERS, STRANGERS)  # all that is no person's name
NO_BOX = (0.0, 0.0, 0.0, 0.0)
PRESENT, ABSENT = "yes", "no"  # of a person in a photo, whose face does not show
SAME_FACE_IOU = 0.5  # detectors differ in how much chin a face has, not in where it is
ONE_BOX_IOU = 0.8  # no detector finds two faces that overlap this much


@dataclass(frozen=True)
class UserLabel:
    """``folder`` is the one that the person wants the face in: one of `FACE_FOLDERS`, `STRANGERS`
    or a person's name; ``content`` the hash of the photo's bytes; ``photo`` and ``when`` are for
    who reads the file, and to tell copies apart; ``frame`` is the face's in a video. Where it
    ``teaches`` not, it counts for its own face only. An ``exact`` one replaces labels of the same
    box, but those of the copies that it ``keeps``; the first version of this program wrote no such
    labels, and there a later one replaced all that overlapped by `SAME_FACE_IOU`. ``present``: not
    about a face, but is the person ``folder`` in the photo without one (`PRESENT`, `ABSENT`)?"""

    content: str
    xyxy_px: BoxPx
    folder: str
    photo: str = ""
    when: str = ""
    frame: int | None = None
    teaches: bool = True
    exact: bool = False
    keeps: tuple[str, ...] = ()
    present: str = ""

    @property
    def face(self) -> tuple[BoxPx, int | None, str]:
        return self.xyxy_px, self.frame, self.folder if self.present else ""


class UserLabels:
    """Labels by the photo's bytes; of two for one face, the later counts."""

    def __init__(self, labels: Iterable[UserLabel] = ()) -> None:
        self._by_photo: dict[str, list[UserLabel]] = defaultdict(list)
        for label in labels:
            self.add(label)

    def __len__(self) -> int:
        return sum(map(len, self._by_photo.values()))

    @property
    def people(self) -> tuple[str, ...]:
        """The names that were given to faces."""
        folders = {label.folder for label in self.every}
        return tuple(sorted(folders - set(OTHER_FOLDERS)))

    @property
    def every(self) -> list[UserLabel]:
        return [label for labels in self._by_photo.values() for label in labels]

    def within(self, folders: Folders) -> UserLabels:
        """Those that say something in an album sorted into ``folders``."""
        return UserLabels(label for label in self.every if label.folder in folders.faces)

    def add(self, label: UserLabel) -> None:
        """Take in ``label``, in place of an earlier one for the same face."""
        earlier = self._by_photo[label.content]
        others = [one for one in earlier if not _replaces(label, one)]
        self._by_photo[label.content] = [*others, label]

    def label(
        self, scan: Scan, number: int, folder: str, when: str, copies: Collection[str] = ()
    ) -> UserLabel:
        """A label for face ``number`` of ``scan``, to `add`: it has the box of the label that it
        replaces. ``copies`` are other photos of the album with the same bytes: their own labels
        stand."""
        earlier = self.on_faces(scan)[number]
        box, frame = scan.faces[number].xyxy_px, scan.faces[number].frame
        box = earlier.xyxy_px if earlier else box
        label = UserLabel(scan.content, box, folder, scan.photo, when, frame, exact=True)
        return replace(label, keeps=tuple(one for one in self.beside(label) if one in copies))

    def present(self, scan: Scan, said: str = PRESENT) -> tuple[str, ...]:
        """Who is in the photo without a face that shows, as a person said; or is `ABSENT`."""
        return tuple(sorted(one.folder for one in self._counting(scan) if one.present == said))

    def beside(self, label: UserLabel) -> tuple[str, ...]:
        """The other photos of which something was said of the same face."""
        same = (one for one in self._by_photo.get(label.content, ()) if one.face == label.face)
        return tuple(sorted({one.photo for one in same} - {label.photo}))

    def of_faces(self, scan: Scan) -> tuple[str, ...]:
        """The folder that a person chose for each face of ``scan``; "" where there is none."""
        return tuple(label.folder if label else "" for label in self.on_faces(scan))

    def on_faces(self, scan: Scan) -> tuple[UserLabel | None, ...]:
        """The label of each face of ``scan``. A label goes to the face that it overlaps most, and
        no face gets two."""
        labels = [one for one in self._counting(scan) if not one.present]
        found = [-1] * len(scan.faces) if not labels else _matched(_iou(labels, scan))
        return tuple(None if label < 0 else labels[label] for label in found)

    def unseen(self, scan: Scan) -> tuple[Face, ...]:
        """Faces that a person knows of and ``scan`` does not: as sure as can be."""
        labels = [one for one in self._counting(scan) if not one.present]
        iou = _iou(labels, scan)
        seen = {*_matched(iou), *np.flatnonzero(iou.max(axis=1, initial=0) >= ONE_BOX_IOU)}
        return tuple(
            Face(label.xyxy_px, _class_of(label), 1.0, frame=label.frame)
            for number, label in enumerate(labels)
            if number not in seen and _class_of(label)
        )

    def _counting(self, scan: Scan) -> list[UserLabel]:
        """One label a face: the photo's own before a copy's, the later before the earlier."""
        found: dict[object, UserLabel] = {}
        for label in self._by_photo.get(scan.content, ()) if scan.content else ():
            earlier = found.get(label.face)
            if earlier is None or label.photo == scan.photo or earlier.photo != scan.photo:
                found[label.face] = label
        return list(found.values())


def _iou(labels: Sequence[UserLabel], scan: Scan) -> Any:
    """(labels, faces); 0 where they are of different frames."""
    mine = as_boxes([label.xyxy_px for label in labels])
    iou = iou_matrix(mine, as_boxes([face.xyxy_px for face in scan.faces]))
    same = [[one.frame == face.frame for face in scan.faces] for one in labels]
    return iou * np.array(same, dtype=bool).reshape(iou.shape)


def _matched(iou: Any) -> list[int]:
    """The label of each face, -1 where there is none; the pairs that overlap most come first."""
    found, left = [-1] * iou.shape[1], iou.copy()
    while left.size and left.max() >= SAME_FACE_IOU:
        label, face = np.unravel_index(int(left.argmax()), left.shape)
        found[face] = int(label)
        left[label], left[:, face] = 0, 0
    return found


def _class_of(label: UserLabel) -> str:
    """The class of a named face is not known: a bare one, most likely."""
    if label.folder in CLASS_NAMES:
        return label.folder
    return "" if label.folder in OTHER_FOLDERS else FaceClass.face.name


def _replaces(label: UserLabel, earlier: UserLabel) -> bool:
    """Is ``earlier`` about the same face, and does it count no more?"""
    if label.face == earlier.face:
        return earlier.photo not in label.keeps
    if label.exact or earlier.exact or label.frame != earlier.frame:
        return False
    if label.when and label.when == earlier.when:  # one learning says one thing of a face
        return False
    iou = iou_matrix(as_boxes([label.xyxy_px]), as_boxes([earlier.xyxy_px]))[0, 0]
    return bool(iou >= SAME_FACE_IOU)


def read_labels(file: Path) -> UserLabels:
    """The labels in ``file`` that count, none where it is not there."""
    return UserLabels(read_lines(file))


def read_lines(file: Path) -> list[UserLabel]:
    """Every label in ``file``, but those taken back. A torn last line and empty lines are passed
    over."""
    lines = _whole(file.read_bytes()).split(b"\n")[:-1] if file.exists() else []
    labels: list[UserLabel | None] = []
    places: dict[UserLabel, list[int]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            label, is_withdrawn = _parsed(line)
        except DAMAGED as error:
            raise AlbumError(
                f"{file}: line {number} is damaged ({in_short(error)}); fix or remove that line, "
                "the others are your corrections"
            ) from error
        if not is_withdrawn:
            places[label].append(len(labels))
            labels.append(label)
        elif places[label]:
            labels[places[label].pop()] = None
    return [label for label in labels if label is not None]


def append_labels(file: Path, labels: Iterable[UserLabel]) -> None:
    """Add lines to ``file``; what a kill tore is closed off first."""
    _append(file, (asdict(label) for label in labels))


def withdraw_labels(file: Path, labels: Iterable[UserLabel]) -> int:
    """Take back those of ``labels`` that still count in ``file``; how many did."""
    back = list((Counter(read_lines(file)) & Counter(labels)).elements())
    _append(file, ({"withdrawn": asdict(label)} for label in back))
    return len(back)


def _append(file: Path, lines: Iterable[dict[str, Any]]) -> None:
    data = b"".join(json.dumps(line).encode("ascii") + b"\n" for line in lines)
    if not data:
        return
    is_new = not file.exists()
    with open(file, "ab+") as stream:
        stream.seek(0)
        old = stream.read()
        whole = _whole(old)
        if not old.startswith(whole):  # only the line break was missing
            stream.write(b"\n")
        else:
            stream.truncate(len(whole))
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        sync_folder(file.parent)


def _whole(data: bytes) -> bytes:
    """``data`` up to its last whole line: what a kill tore is left off, and a label to whose line
    an editor gave no end gets one."""
    last = data.rpartition(b"\n")[2]
    try:
        _parsed(last)
    except DAMAGED:
        return data[: len(data) - len(last)]
    return data + b"\n"


def _parsed(data: bytes) -> tuple[UserLabel, bool]:  # and whether the line takes it back
    line = object_of(json.loads(data))
    return (label_of(line["withdrawn"]), True) if "withdrawn" in line else (label_of(line), False)


def labels_of(lines: Any) -> list[UserLabel]:
    if isinstance(lines, list):
        return [label_of(line) for line in lines]
    raise TypeError(f"{lines!r}: expected a list of labels")


def label_of(line: Any) -> UserLabel:
    """A label from its line; one of `DAMAGED` where it is none."""
    line = object_of(line)
    folder, content = text_of(line["folder"], "folder"), text_of(line.get("content"), "content")
    if folder not in OTHER_FOLDERS and not can_be_folder(folder):
        raise ValueError(f"folder {folder!r}; expected a name or one of {', '.join(OTHER_FOLDERS)}")
    if not content:
        raise ValueError("content is empty; expected the hash of a photo")
    present = line.get("present", "")
    if present not in ("", PRESENT, ABSENT):
        raise ValueError(f"present {present!r}; expected {PRESENT!r}, {ABSENT!r} or nothing")
    return UserLabel(
        content=content,
        xyxy_px=NO_BOX if present else box_px_of(line["xyxy_px"]),
        folder=folder,
        photo=str(line.get("photo", "")),
        when=str(line.get("when", "")),
        frame=frame_of(line.get("frame")),
        teaches=line.get("teaches", True) is True,
        exact=line.get("exact", False) is True,
        keeps=texts_of(line.get("keeps", []), "keeps"),
        present=present,
    )
