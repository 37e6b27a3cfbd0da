"""What a model saw in a photo, kept beyond a destination, so that sorting the same album by another
rule does not look again.

One SQLite file. A photo is known by the hash of its bytes, and only together with who looked
(model, size, thresholds). It holds boxes and classes: no image, no name of a file or of a person,
nothing that would tell whose a face is. It is only a memory: where it is damaged, locked or full,
it is done without; a kill loses at most the last looks, a power cut perhaps all.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from facesort.album.from_json import face_from_json
from facesort.album.records import Face
from facesort.reporter import Reporter

FILE = "looks.sqlite"
DETECTIONS = 2  # raise it when the same model would see something else: letterbox, suppression
MOST_DETECTIONS = 500_000  # about 150 MB; then the oldest go
DETECTIONS_PER_COMMIT = 100
WAIT_S = 5.0  # for another run that is writing

_TABLE = """CREATE TABLE IF NOT EXISTS looks
    (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, seen TEXT NOT NULL)"""
_ADD = "INSERT OR REPLACE INTO looks (key, seen) VALUES (?, ?)"
_TRIM = "DELETE FROM looks WHERE number <= (SELECT max(number) FROM looks) - ?"


@dataclass(frozen=True)
class CachedScan:
    """The faces of a photo and the scale at which they were found, as in `records.Scan`."""

    scale: float
    faces: tuple[Face, ...]


@dataclass
class DetectionCache:
    """What ``who`` saw. Safe to call from several threads, and beside other runs."""

    who: str
    database: sqlite3.Connection | None = None
    hits: int = 0
    problem: sqlite3.Error | None = None
    _new: dict[bytes, str] = field(default_factory=dict)
    _own: set[bytes] = field(default_factory=set)  # a second copy of a photo is no earlier run's
    _lock: Lock = field(default_factory=Lock)

    def get(self, content: str) -> CachedScan | None:
        """What was seen in the photo with this `content_hash`."""
        with self._lock:
            row = self._run("SELECT seen FROM looks WHERE key = ?", [(self._key(content),)])
            seen = _seen_from_text(row[0]) if row else None
            self.hits += seen is not None and self._key(content) not in self._own
        return seen

    def put(self, content: str, seen: CachedScan) -> None:
        faces = [[*face.xyxy_px, face.class_name, face.confidence] for face in seen.faces]
        with self._lock:
            self._new[self._key(content)] = json.dumps([seen.scale, faces])
            self._own.add(self._key(content))
            if len(self._new) >= DETECTIONS_PER_COMMIT:
                self._commit()

    def flush(self) -> None:
        with self._lock:
            self._commit()
            self._run(_TRIM, [(MOST_DETECTIONS,)])

    def _key(self, content: str) -> bytes:
        return hashlib.blake2b(
            f"{DETECTIONS} {self.who} {content}".encode(), digest_size=16
        ).digest()

    def _commit(self) -> None:
        self._run(_ADD, list(self._new.items()))
        self._new.clear()

    def _run(self, statement: str, rows: list[tuple[object, ...]]) -> tuple[str] | None:
        """The first row of the answer, if any; after a first failure, nothing more is tried."""
        if self.database is None or not rows:
            return None
        try:
            with self.database:
                if statement.startswith("SELECT"):
                    answer: tuple[str] | None = self.database.execute(statement, rows[0]).fetchone()
                    return answer
                self.database.executemany(statement, rows)
        except sqlite3.Error as error:
            self.problem, self.database = error, None
        return None


@contextmanager
def opened(folder: Path | None, who: str, report: Reporter) -> Iterator[DetectionCache]:
    """The cache in ``folder``, which is made; without one, or where it cannot be used, one that
    knows nothing and keeps nothing."""
    cache = DetectionCache(who)
    if folder is not None:
        try:
            cache.database = _open(folder)
        except (OSError, sqlite3.Error) as error:
            report.say(f"cache {folder}: not used ({error}); every photo is looked at")
    database = cache.database
    try:
        yield cache
    finally:
        cache.flush()
        if database is not None:
            database.close()
        if folder is not None and cache.problem is not None:
            report.say(f"cache {folder}: not used to its end ({cache.problem})")
            if _is_damage(cache.problem):
                (folder / FILE).unlink(missing_ok=True)


def _open(folder: Path) -> sqlite3.Connection:
    """One that is damaged is begun anew."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _connect(folder / FILE)
    except sqlite3.Error as error:
        if not _is_damage(error):
            raise
        (folder / FILE).unlink(missing_ok=True)
        return _connect(folder / FILE)


def _is_damage(error: sqlite3.Error) -> bool:
    """Locked, read-only, full: then nothing is wrong with the file."""
    return not isinstance(error, sqlite3.OperationalError)


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=WAIT_S, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = OFF")  # a kill loses nothing, a power cut may
        with database:
            database.execute(_TABLE)
        database.execute("SELECT key, seen FROM looks LIMIT 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _seen_from_text(text: str) -> CachedScan | None:
    """None where it is not as we write it."""
    try:
        scale, faces = json.loads(text)
        return CachedScan(float(scale), tuple(map(_face, faces)))
    except (ValueError, KeyError, TypeError):
        return None


def _face(row: list[object]) -> Face:
    *box, class_name, confidence = row
    return face_from_json({"xyxy_px": box, "class_name": class_name, "confidence": confidence})
