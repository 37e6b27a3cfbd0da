"""A sorted album, open for corrections: what it holds is in memory, each act locks it for a moment.

Between two acts others may work here (a sorting, a learning in a terminal): what they wrote is read
before the next act. The folders and the journal stay the truth; nothing else is stored.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.album.corrections.api_records import FaceView
from facesort.album.corrections.apply import Options, apply_corrections, check_sorted
from facesort.album.corrections.changes import Changes, find_changes, put_back
from facesort.album.corrections.face_table import FaceTable
from facesort.album.corrections.quiet_reporter import LineReporter
from facesort.album.corrections.relink import clear_unfinished, relink
from facesort.album.corrections.revert import revert_last
from facesort.album.executor import PlanExecutor, write_manifest
from facesort.album.journal import Journal, read_state
from facesort.album.names import NamePool
from facesort.album.records import UNSURE, folder_of
from facesort.album.state import State
from facesort.album.user_labels import UserLabel, UserLabels, append_labels, read_lines
from facesort.album.workspace import Workspace
from facesort.errors import AlbumError, FacesortError
from facesort.photos import album_at

if TYPE_CHECKING:
    from facesort.album.person.face_encoder import FaceEncoder

LoadEncoder = Callable[[dict[str, str]], "FaceEncoder"]  # from the options of the sorting

PATIENCE_S = 3.0  # for another run to let go of the album
POLL_S = 0.05
USUALLY_SURE = 0.6  # a confidence from which on a face has its class


class SortedAlbum:
    """The album that was sorted into ``root``. Safe to use from several threads.

    Raises `UsageError` where nothing was sorted, `AlbumError` where it is half done or damaged.
    What was left undone by a kill is finished first, what was moved by hand is learned.
    ``load_encoder`` describes faces that are drawn by hand.
    """

    def __init__(self, root: Path, load_encoder: LoadEncoder | None = None) -> None:
        self.root = root
        self._load_encoder = load_encoder
        self.dst = check_sorted(root)
        self.mutex = threading.RLock()
        self.version = 0  # grows with every change
        self.is_redoing = False
        self._looked_at: dict[str, int] = {}
        self.news: list[str] = []  # what learning from the folders said
        self._is_manifest_stale = True  # a kill may have come before it
        self.state = State()
        self._load(read_state(self.dst.journal))
        self.sync()

    def _load(self, state: State) -> None:
        self.state = State()  # two of them are too much memory
        self.state = state
        self._read_labels()
        by = state.learned.by if state.learned else ""
        self.table = FaceTable(state.entries.values(), by)
        self.pool = NamePool([*state.paths(), *self.dst.names_in_use()])
        self.photos_of: dict[str, list[str]] = defaultdict(list)
        for photo, entry in state.entries.items():
            self.photos_of[entry.scan.content].append(photo)
        untaught = {c for c, lines in self.lines.items() if any(not one.teaches for one in lines)}
        self._mark_muted(photo for c in untaught for photo in self.photos_of.get(c, ()))
        self.sure = _sure_from(state)
        self.version += 1

    def _mark_muted(self, photos: Iterable[str]) -> None:
        """Tell the table which decisions of a person teach nothing."""
        for photo in photos:
            labels = self.labels_of([photo]).on_faces(self.state.entries[photo].scan)
            rows = self.table.rows_of_photo[photo]
            self.table.muted[rows] = [one is not None and not one.teaches for one in labels]

    def reload(self) -> None:
        """Read everything anew, after another function has worked here."""
        self._load(read_state(self.dst.journal))

    def _read_labels(self) -> None:
        self.lines: dict[str, list[UserLabel]] = defaultdict(list)
        self.spoken_of: set[str] = set()  # contents in which a person is, or is not, without a face
        self._take_in(read_lines(self.dst.corrections))
        self._labels_as_of = _fingerprint(self.dst.corrections)

    @property
    def is_by_person(self) -> bool:
        return bool(self.state.people)

    @property
    def folders(self) -> list[str]:
        """Where a face can be put: classes, or people with a face, an example or a folder; then
        the folders of no person."""
        with self.mutex:
            every = self.state.sorted_into
            counts, learned = self.table.counts(), self.state.learned
            known = {one.person for one in learned.examples} if learned else set()
            return [
                name
                for name in every.faces
                if name not in every.people
                or counts.get(name)
                or name in known
                or (self.root / "faces" / name).is_dir()
            ]

    @cached_property
    def encoder(self) -> FaceEncoder | None:
        """What describes the album's faces, if it is here."""
        try:
            return self._load_encoder(self.state.options) if self._load_encoder else None
        except FacesortError:
            return None

    def copies_of(self, photo: str) -> list[str]:
        """The other photos with the same bytes."""
        every = self.photos_of.get(self.state.entries[photo].scan.content, [])
        return [one for one in every if one != photo]

    @contextmanager
    def at_work(self) -> Iterator[Workspace]:
        """The album, ours alone for a moment; `AlbumError` where another run keeps it too long."""
        with self.mutex, ExitStack() as stack:
            journal = self._patiently(lambda: stack.enter_context(self.dst.opened(self.state)))
            if journal.state is not self.state:
                self._load(journal.state)
            elif self._labels_as_of != _fingerprint(self.dst.corrections):
                self._read_labels()
            yield Workspace(album_at(self.state.src), self.dst, journal, 1, LineReporter(self.news))
            self._labels_as_of = _fingerprint(self.dst.corrections)

    def _patiently(self, enter: Callable[[], Journal]) -> Journal:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return enter()
            except AlbumError:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_S)

    def filer(self) -> PlanExecutor:
        root, temp = self.dst.root, self.dst.temp_folder
        return PlanExecutor(album_at(self.state.src), root, temp, decode_px=0)

    def labels_of(self, photos: Iterable[str]) -> UserLabels:
        """What people decided about ``photos`` alone."""
        contents = {self.state.entries[photo].scan.content for photo in photos}
        labels = UserLabels(one for content in contents for one in self.lines.get(content, ()))
        return labels.within(self.state.sorted_into)

    def remember(self, labels: Iterable[UserLabel]) -> None:
        """Write ``labels`` to the file of corrections."""
        labels = list(labels)
        append_labels(self.dst.corrections, labels)
        self._take_in(labels)

    def _take_in(self, labels: Iterable[UserLabel]) -> None:
        for label in labels:
            self.lines[label.content].append(label)
            if label.present:
                self.spoken_of.add(label.content)

    def forget(self, labels: Iterable[UserLabel]) -> None:
        """``labels`` were withdrawn from the file."""
        for label in labels:
            mine = self.lines.get(label.content, [])
            for i in range(len(mine) - 1, -1, -1):
                if mine[i] == label:
                    del mine[i]
                    break

    def paths_of(self, photos: Iterable[str]) -> set[str]:
        return {path for photo in photos for path in self.state.entries[photo].paths}

    def changed(self, photos: Iterable[str], old_paths: set[str]) -> None:
        """Take over that ``photos`` were filed anew, and have left some of ``old_paths``."""
        photos = list(photos)
        now = self.paths_of(photos)
        gone = old_paths - now - self.state.made.keys()
        self.pool.give_back(gone)
        self.pool.claim(now)  # what is taken back has its old names again
        for folder in {folder_of(path) for path in gone if path.startswith("photos/")}:
            if folder in self.state.folders:
                with suppress(OSError):  # other photos are in it
                    (self.root / folder).rmdir()
        labels = self.labels_of(photos)
        for photo in photos:
            entry = self.state.entries[photo]
            self.table.put(entry, labels.of_faces(entry.scan))
        self._mark_muted(photos)
        self._is_manifest_stale = True
        self.version += 1

    def view(self, face: str) -> FaceView:
        """The face of this id; `KeyError` where there is none."""
        row = self.table.row_of[face]
        if not self.table.alive[row]:
            raise KeyError(face)
        return self.table.view(row, self.state.entries[self.table.where[row][0]])

    def flush(self) -> None:
        """Bring manifest.csv up to date; acts leave that for later, as it takes long."""
        if self._is_manifest_stale:
            with self.at_work() as workspace:
                write_manifest(workspace)
                self._is_manifest_stale = False

    def is_touched(self) -> bool:
        """Did a folder, or the journal, change since the last look? Cheap."""
        now = {
            str(folder): folder.stat().st_mtime_ns
            for view in ("faces", "photos")
            for folder in [self.root / view, *(self.root / view).glob("*/")]
        }
        now[""] = hash(_fingerprint(self.dst.journal))
        before, self._looked_at = self._looked_at, now
        return before != now

    def has_news(self) -> bool:
        """Was something moved by hand, or by another run, since the last look?"""
        with self.mutex:
            if self.state.as_of != _fingerprint(self.dst.journal):
                return True
            return _moved(self.root, self.state, self.every_label())

    def sync(self) -> list[str]:
        """Finish what a kill left, learn what was moved by hand; the lines that learning says."""
        with self.mutex:
            self.news.clear()
            if self.state.is_unlearning:
                revert_last(self.root, LineReporter(self.news))
                self.reload()
            with self.at_work() as workspace:
                if self.state.is_learning or self.state.making:
                    self._finish(workspace)
                is_moved = _moved(self.root, self.state, self.every_label())
            if is_moved:
                apply_corrections(
                    self.root, Options(apply=True, sure=self.sure), LineReporter(self.news)
                )
                self.reload()
            return list(self.news)

    def _finish(self, workspace: Workspace) -> None:
        """An act that was killed half way: what was said counts, and photos follow."""
        from facesort.album.corrections.drawn_boxes import finish_drawing

        clear_unfinished(workspace)
        if self.state.is_learning:
            known = {label for labels in self.lines.values() for label in labels}
            self.remember(one for one in self.state.learnings[-1].labels if one not in known)
            finish_drawing(self, workspace)
            workspace.journal.people(self.every_label().people if self.is_by_person else ())
        labels = self.every_label().within(self.state.sorted_into)
        relink(workspace, find_changes(self.root, self.state), labels, self.sure, {})
        self._load(self.state)

    def every_label(self) -> UserLabels:
        return UserLabels(label for labels in self.lines.values() for label in labels)


def _moved(root: Path, state: State, labels: UserLabels) -> bool:
    changes: Changes = find_changes(root, state)
    changes.said += put_back(root, state, labels, changes)
    return bool(changes.moved or changes.said)


def _sure_from(state: State) -> float:
    """From which confidence on a face has a class: as the sorting had it, as far as it shows."""
    filed = [
        (face.confidence, crop)
        for entry in state.entries.values()
        if not entry.judged
        for face, crop, said in zip(entry.scan.faces, entry.crops, entry.said, strict=True)
        if not said
    ]
    named = [confidence for confidence, crop in filed if not crop.startswith(f"faces/{UNSURE}/")]
    return min(named, default=USUALLY_SURE)


def _fingerprint(path: Path) -> object:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
