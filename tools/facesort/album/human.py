"""What a person said of faces: permanent, above every model, one JSON line a face.

A label belongs to the bytes of a photo and a box in it, so it outlives new names, another album
folder, another destination and another detector. The file only ever grows; of two labels for one
face the later counts. It lies open in the destination: it is the person's work, and --undo leaves
it there.
"""

from __future__ import annotations

import json
from collections import defaultdict
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
class HumanLabel:
    """``folder`` is the one that the person wants the face in: one of `FACE_FOLDERS`, `STRANGERS`
    or somebody's name; ``content`` the hash of the photo's bytes; ``photo`` and ``when`` are for
    who reads the file; ``frame`` is the face's in a video."""

    content: str
    xyxy_px: BoxPx
    folder: str
    photo: str = ""
    when: str = ""
    frame: int | None = None


class HumanLabels:
    """All labels of one file; `AlbumError` where it is damaged."""

    def __init__(self, labels: Iterable[HumanLabel] = ()) -> None:
        self._by_photo: dict[str, list[HumanLabel]] = defaultdict(list)
        for label in labels:
            self.add(label)

    def __len__(self) -> int:
        return sum(map(len, self._by_photo.values()))

    @property
    def people(self) -> tuple[str, ...]:
        """The names that were given to faces."""
        folders = {label.folder for labels in self._by_photo.values() for label in labels}
        return tuple(sorted(folders - set(OTHER_FOLDERS)))

    def within(self, folders: Folders) -> HumanLabels:
        """Those that say something in an album sorted into ``folders``."""
        every = [label for labels in self._by_photo.values() for label in labels]
        return HumanLabels(label for label in every if label.folder in folders.faces)

    def add(self, label: HumanLabel) -> None:
        """Take in ``label``, in place of an earlier one for the same face."""
        earlier = self._by_photo[label.content]
        others = [one for one in earlier if not _is_same_face(one, label)]
        self._by_photo[label.content] = [*others, label]

    def of_faces(self, scan: Scan) -> tuple[str, ...]:
        """The folder that a person chose for each face of ``scan``; "" where nobody did. A label
        goes to the face that it overlaps most, and no face gets two."""
        folders = [""] * len(scan.faces)
        iou = self._iou(scan)
        while iou.size and iou.max() >= SAME_FACE_IOU:
            label, face = np.unravel_index(int(iou.argmax()), iou.shape)
            folders[face] = self._by_photo[scan.content][label].folder
            iou[label], iou[:, face] = 0, 0
        return tuple(folders)

    def unseen(self, scan: Scan) -> tuple[Face, ...]:
        """Faces that a person knows of and ``scan`` does not: as sure as can be."""
        covered = self._iou(scan).max(axis=1, initial=0) >= SAME_FACE_IOU
        return tuple(
            Face(label.xyxy_px, _class_of(label), 1.0, frame=label.frame)
            for label, is_seen in zip(self._of(scan), covered, strict=True)
            if not is_seen and _class_of(label)
        )

    def _of(self, scan: Scan) -> Sequence[HumanLabel]:
        return self._by_photo.get(scan.content, ()) if scan.content else ()

    def _iou(self, scan: Scan) -> Any:
        mine = as_boxes([label.xyxy_px for label in self._of(scan)])
        iou = iou_matrix(mine, as_boxes([face.xyxy_px for face in scan.faces]))
        same = [[one.frame == face.frame for face in scan.faces] for one in self._of(scan)]
        return iou * np.array(same, dtype=bool).reshape(iou.shape)


def _class_of(label: HumanLabel) -> str:
    """The class of somebody's face is not known: a bare one, most likely."""
    if label.folder in CLASS_NAMES:
        return label.folder
    return "" if label.folder in OTHER_FOLDERS else FaceClass.face.name


def _is_same_face(one: HumanLabel, other: HumanLabel) -> bool:
    iou = iou_matrix(as_boxes([one.xyxy_px]), as_boxes([other.xyxy_px]))[0, 0]
    return bool(iou >= SAME_FACE_IOU) and one.frame == other.frame


def read_labels(file: Path) -> HumanLabels:
    """The labels in ``file``, none where it is not there. A torn last line is passed over."""
    lines = _whole(file.read_bytes()).split(b"\n")[:-1] if file.exists() else []
    labels = HumanLabels()
    for number, line in enumerate(lines, start=1):
        try:
            labels.add(_label(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise AlbumError(
                f"{file}: line {number} is damaged ({error}); mend or remove that line, the "
                "others are your corrections"
            ) from None
    return labels


def append_labels(file: Path, labels: Iterable[HumanLabel]) -> None:
    """Add lines to ``file``; what a kill tore is closed off first."""
    data = b"".join(json.dumps(asdict(label)).encode("ascii") + b"\n" for label in labels)
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
        _label(json.loads(last))
    except (ValueError, KeyError, TypeError):
        return data[: len(data) - len(last)]
    return data + b"\n"


def _label(line: dict[str, Any]) -> HumanLabel:
    x1, y1, x2, y2 = (float(value) for value in line["xyxy_px"])
    if line["folder"] not in OTHER_FOLDERS and not can_be_folder(line["folder"]):
        raise ValueError(
            f"folder {line['folder']!r}; expected a name or one of {', '.join(OTHER_FOLDERS)}"
        )
    texts = {name: str(line.get(name, "")) for name in ("content", "photo", "when")}
    if not texts["content"] or not (x1 < x2 and y1 < y2):
        raise ValueError("expected the hash of a photo, and a box of some size")
    frame = None if line.get("frame") is None else int(line["frame"])
    return HumanLabel(xyxy_px=(x1, y1, x2, y2), folder=line["folder"], frame=frame, **texts)
