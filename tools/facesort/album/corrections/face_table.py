"""All faces of a sorted album as columns, so that questions about 54,000 of them take no time.

It is read from the journal's entries and follows them act by act; it decides nothing and is never
written anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.api_records import FaceView
from facesort.album.corrections.changes import was_in
from facesort.album.person.face_encoder import quality_of
from facesort.album.person.identification import vector_from_text
from facesort.album.person.quality import LEARNING, NAMING
from facesort.album.records import NOT_A_FACE, UNSURE, Entry, Face
from facesort.album.salience import MAIN_SHARE, weight
from facesort.classes import CLASS_NAMES

SPARE_ROWS = 64
USUALLY_SURE = 0.6  # a confidence from which on a face has its class

Vectors = NDArray[np.float16]
Rows = NDArray[np.int64]


class FaceTable:
    """Columns of equal length, a row a face. ``folder`` indexes ``folders``, ``state`` is the
    class index of what is worn; ``vectors`` are zero where a face was not described."""

    def __init__(self, entries: Iterable[Entry], described_by: str = "") -> None:
        self.described_by = described_by
        self.folders: list[str] = []
        self.ids: list[str] = []
        self.where: list[tuple[str, int]] = []
        self.row_of: dict[str, int] = {}
        self.rows_of_photo: dict[str, list[int]] = {}
        self._index: dict[str, int] = {}
        ordered = sorted(entries, key=lambda entry: entry.scan.photo)
        count = sum(len(entry.scan.faces) for entry in ordered)
        self._make_columns(count + SPARE_ROWS, _dimensions(ordered, described_by))
        for number, entry in enumerate(ordered):
            self._put(entry, entry.said, number)
        self._photos = len(ordered)

    def __len__(self) -> int:
        return len(self.ids)

    def put(self, entry: Entry, said: Sequence[str]) -> None:
        """Take over what became of ``entry``; ``said`` what a person decided of each face."""
        rows = self.rows_of_photo.get(entry.scan.photo, [])
        number = int(self.photo[rows[0]]) if rows else self._photos
        self._photos += not rows
        self._put(entry, said, number)

    def folder_index(self, name: str) -> int:
        """The number of a folder, a new one where it is not known yet."""
        if name not in self._index:
            self._index[name] = len(self.folders)
            self.folders.append(name)
        return self._index[name]

    def rows_in(self, folder: str) -> Rows:
        """Faces in ``folder``, the least certain first, those decided by a person last."""
        number = self._index.get(folder, -1)
        n = len(self)
        rows = np.flatnonzero(self.alive[:n] & (self.folder[:n] == number))
        order = np.lexsort((rows, self.certainty[rows], self.confirmed[rows]))
        return np.asarray(rows[order])

    def counts(self) -> dict[str, int]:
        """How many faces each folder has."""
        n = len(self)
        every = np.bincount(self.folder[:n][self.alive[:n]], minlength=len(self.folders))
        return {name: int(every[i]) for i, name in enumerate(self.folders)}

    def covers(self) -> dict[str, str]:
        """For each folder the id of a face that stands for it: the surest, a bare one first."""
        rows = np.flatnonzero(self.alive[: len(self)])
        folder, best = self.folder[rows], dict[str, str]()
        worth = self.certainty[rows] + self.confirmed[rows] - self.state[rows]
        for number, name in enumerate(self.folders):
            mine = np.flatnonzero(folder == number)
            if len(mine):
                best[name] = self.ids[rows[mine[worth[mine].argmax()]]]
        return best

    def view(self, row: int, entry: Entry) -> FaceView:
        photo, number = self.where[row]
        face = entry.scan.faces[number]
        judged = entry.judged[number] if entry.judged else None
        return FaceView(
            self.ids[row],
            photo,
            number,
            self.folders[int(self.folder[row])],
            float(self.certainty[row]),
            judged.likeliest if judged else face.class_name,
            bool(self.confirmed[row]),
            bool(self.is_main[row]),
            face.frame,
            face.xyxy_px,
        )

    def _make_columns(self, size: int, dimensions: int) -> None:
        self.folder = np.zeros(size, np.int32)
        self.certainty = np.zeros(size, np.float32)
        self.confidence = np.zeros(size, np.float32)  # the detector's, of what is worn
        self.confirmed = np.zeros(size, np.bool_)
        self.is_main = np.zeros(size, np.bool_)
        self.alive = np.zeros(size, np.bool_)
        self.can_name = np.zeros(size, np.bool_)
        self.can_teach = np.zeros(size, np.bool_)
        self.muted = np.zeros(size, np.bool_)  # decided by a person, and yet no example
        self.state = np.zeros(size, np.int8)
        self.photo = np.zeros(size, np.int32)
        self.vectors: Vectors = np.zeros((size, dimensions), np.float16)  # as they are stored

    def _grow(self) -> None:
        for name, column in list(vars(self).items()):
            if isinstance(column, np.ndarray):
                more = np.zeros((len(self) // 4 + SPARE_ROWS, *column.shape[1:]), column.dtype)
                setattr(self, name, np.concatenate([column, more]))

    def _put(self, entry: Entry, said: Sequence[str], photo_number: int) -> None:
        old = self.rows_of_photo.get(entry.scan.photo, [])
        self.alive[old] = False
        rows: list[int] = []
        main = _main(entry, said)
        for number, face in enumerate(entry.scan.faces):
            twins = sum(_place(face) == _place(one) for one in entry.scan.faces[:number])
            key = face_id(entry.scan.photo, face, twins)
            row = self.row_of.get(key)
            if row is None:
                row = self._new_row(key, face)
            self.where[row] = (entry.scan.photo, number)
            self.photo[row] = photo_number
            self.folder[row] = self.folder_index(was_in(entry, number))
            self.confirmed[row] = bool(said[number])
            self.certainty[row] = _certainty(entry, number, said[number])
            self.is_main[row] = main[number]
            self.alive[row] = True
            rows.append(row)
        self.rows_of_photo[entry.scan.photo] = rows

    def _new_row(self, key: str, face: Face) -> int:
        if len(self) == len(self.alive):
            self._grow()
        row = len(self)
        self.ids.append(key)
        self.where.append(("", 0))
        self.row_of[key] = row
        self.state[row] = CLASS_NAMES.index(face.class_name)
        self.confidence[row] = face.confidence
        if face.identity is not None and face.identity.by == self.described_by:
            self.vectors[row] = vector_from_text(face.identity.vector)
            self.can_name[row] = not quality_of(face).reject_reason(NAMING)
            self.can_teach[row] = not quality_of(face).reject_reason(LEARNING)
        return row


def face_id(photo: str, face: Face, twins: int = 0) -> str:
    """11 characters, safe in a URL; ``twins``: faces before it with the very same box."""
    text = f"{photo}\0{_place(face)}\0{twins}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _place(face: Face) -> object:
    return face.xyxy_px, face.frame


def _certainty(entry: Entry, number: int, said: str) -> float:
    if said:
        return 1.0
    return entry.judged[number].certainty if entry.judged else entry.scan.faces[number].confidence


def _main(entry: Entry, said: Sequence[str]) -> list[bool]:
    folders = [said[n] or was_in(entry, n) for n in range(len(entry.scan.faces))]
    weights = [
        0.0 if folder == NOT_A_FACE else weight(face)
        for face, folder in zip(entry.scan.faces, folders, strict=True)
    ]
    heaviest = max(weights, default=0.0)
    return [0 < own >= MAIN_SHARE * heaviest for own in weights]


def _dimensions(entries: Iterable[Entry], by: str) -> int:
    for entry in entries:
        for face in entry.scan.faces:
            if face.identity is not None and face.identity.by == by:
                return len(vector_from_text(face.identity.vector))
    return 0


def sure_from(entries: Iterable[Entry]) -> float:
    """From which confidence on a face has a class: as the sorting had it, as far as it shows."""
    filed = [
        (face.confidence, crop)
        for entry in entries
        if not entry.judged
        for face, crop, said in zip(entry.scan.faces, entry.crops, entry.said, strict=True)
        if not said
    ]
    named = [confidence for confidence, crop in filed if not crop.startswith(f"faces/{UNSURE}/")]
    return min(named, default=USUALLY_SURE)
