"""What a person said of faces: permanent, above every model, one JSON line a face.

A label belongs to the bytes of a photo and a box in it, so it outlives new names, another album
folder, another destination and another detector. The file only ever grows; of two labels for one
face the later counts, and ``{"withdrawn": {the label}}`` takes one back: then the earlier counts
again. It lies open in the destination: it is the person's work, and --undo of the sorter leaves it
there.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facesort.album.names import can_be_folder
from facesort.album.records import FACE_FOLDERS, STRANGERS, BoxPx, Face, Folders, Scan
from facesort.boxes import as_boxes, iou_matrix
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.errors import AlbumError

OTHER_FOLDERS = (*FACE_FOLDERS, STRANGERS)  # all that is nobody's name
SAME_FACE_IOU = 0.5  # detectors differ in how much chin a face has, not in where it is


@dataclass(frozen=True)
class UserLabel:
    """``folder`` is the one that the person wants the face in: one of `FACE_FOLDERS`, `STRANGERS`
    or somebody's name; ``content`` the hash of the photo's bytes; ``photo`` and ``when`` are for
    who reads the file; ``frame`` is the face's in a video. Where it ``teaches`` not, it counts for
    its own face only."""

    content: str
    xyxy_px: BoxPx
    folder: str
    photo: str = ""
    when: str = ""
    frame: int | None = None
    teaches: bool = True


class UserLabels:
    """All labels of one file; `AlbumError` where it is damaged."""

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
        """All that count."""
        return [label for labels in self._by_photo.values() for label in labels]

    def within(self, folders: Folders) -> UserLabels:
        """Those that say something in an album sorted into ``folders``."""
        return UserLabels(label for label in self.every if label.folder in folders.faces)

    def add(self, label: UserLabel) -> None:
        """Take in ``label``, in place of an earlier one for the same face."""
        earlier = self._by_photo[label.content]
        others = [one for one in earlier if not _is_same_face(one, label)]
        self._by_photo[label.content] = [*others, label]

    def of_faces(self, scan: Scan) -> tuple[str, ...]:
        """The folder that a person chose for each face of ``scan``; "" where nobody did."""
        return tuple(label.folder if label else "" for label in self.on_faces(scan))

    def on_faces(self, scan: Scan) -> tuple[UserLabel | None, ...]:
        """The label of each face of ``scan``. A label goes to the face that it overlaps most, and
        no face gets two."""
        found: list[UserLabel | None] = [None] * len(scan.faces)
        if not self._of(scan):
            return tuple(found)
        iou = self._iou(scan)
        while iou.size and iou.max() >= SAME_FACE_IOU:
            label, face = np.unravel_index(int(iou.argmax()), iou.shape)
            found[face] = self._by_photo[scan.content][label]
            iou[label], iou[:, face] = 0, 0
        return tuple(found)

    def unseen(self, scan: Scan) -> tuple[Face, ...]:
        """Faces that a person knows of and ``scan`` does not: as sure as can be."""
        covered = self._iou(scan).max(axis=1, initial=0) >= SAME_FACE_IOU
        return tuple(
            Face(label.xyxy_px, _class_of(label), 1.0, frame=label.frame)
            for label, is_seen in zip(self._of(scan), covered, strict=True)
            if not is_seen and _class_of(label)
        )

    def _of(self, scan: Scan) -> Sequence[UserLabel]:
        return self._by_photo.get(scan.content, ()) if scan.content else ()

    def _iou(self, scan: Scan) -> Any:
        mine = as_boxes([label.xyxy_px for label in self._of(scan)])
        iou = iou_matrix(mine, as_boxes([face.xyxy_px for face in scan.faces]))
        same = [[one.frame == face.frame for face in scan.faces] for one in self._of(scan)]
        return iou * np.array(same, dtype=bool).reshape(iou.shape)


def _class_of(label: UserLabel) -> str:
    """The class of somebody's face is not known: a bare one, most likely."""
    if label.folder in CLASS_NAMES:
        return label.folder
    return "" if label.folder in OTHER_FOLDERS else FaceClass.face.name


def _is_same_face(one: UserLabel, other: UserLabel) -> bool:
    iou = iou_matrix(as_boxes([one.xyxy_px]), as_boxes([other.xyxy_px]))[0, 0]
    return bool(iou >= SAME_FACE_IOU) and one.frame == other.frame


def read_labels(file: Path) -> UserLabels:
    """The labels in ``file`` that count, none where it is not there."""
    return UserLabels(read_lines(file))


def read_lines(file: Path) -> list[UserLabel]:
    """Every label in ``file``, but those taken back. A torn last line is passed over."""
    lines = _whole(file.read_bytes()).split(b"\n")[:-1] if file.exists() else []
    labels: list[UserLabel | None] = []
    places: dict[UserLabel, list[int]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        try:
            label, is_withdrawn = _parsed(line)
        except (ValueError, KeyError, TypeError) as error:
            raise AlbumError(
                f"{file}: line {number} is damaged ({error}); mend or remove that line, the "
                "others are your corrections"
            ) from None
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


def _whole(data: bytes) -> bytes:
    """``data`` up to its last whole line: what a kill tore is left off, and a label to whose line
    an editor gave no end gets one."""
    last = data.rpartition(b"\n")[2]
    try:
        _parsed(last)
    except (ValueError, KeyError, TypeError):
        return data[: len(data) - len(last)]
    return data + b"\n"


def _parsed(data: bytes) -> tuple[UserLabel, bool]:
    """The label of one line, and whether the line takes it back."""
    line = json.loads(data)
    return (label_of(line["withdrawn"]), True) if "withdrawn" in line else (label_of(line), False)


def label_of(line: dict[str, Any]) -> UserLabel:
    """A label from its line; `ValueError`, `KeyError` or `TypeError` where it is none."""
    x1, y1, x2, y2 = (float(value) for value in line["xyxy_px"])
    if line["folder"] not in OTHER_FOLDERS and not can_be_folder(line["folder"]):
        raise ValueError(
            f"folder {line['folder']!r}; expected a name or one of {', '.join(OTHER_FOLDERS)}"
        )
    texts = {name: str(line.get(name, "")) for name in ("content", "photo", "when")}
    if not texts["content"] or not (x1 < x2 and y1 < y2):
        raise ValueError("expected the hash of a photo, and a box of some size")
    frame = None if line.get("frame") is None else int(line["frame"])
    teaches = line.get("teaches", True) is True
    return UserLabel(
        xyxy_px=(x1, y1, x2, y2), folder=line["folder"], frame=frame, teaches=teaches, **texts
    )
