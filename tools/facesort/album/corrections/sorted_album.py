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
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.album.corrections.api_records import FaceView
from facesort.album.corrections.apply import Options, apply_corrections, check_sorted
from facesort.album.corrections.changes import find_changes
from facesort.album.corrections.face_table import FaceTable, sure_from
from facesort.album.corrections.folder_watch import FolderWatch, moved_by_hand
from facesort.album.corrections.relink import clear_unfinished, relink
from facesort.album.corrections.revert import revert_last
from facesort.album.executor import PlanExecutor, put_manifest
from facesort.album.journal import Journal, read_state
from facesort.album.manifest import manifest_csv
from facesort.album.names import NamePool
from facesort.album.records import folder_of
from facesort.album.state import State
from facesort.album.user_labels import UserLabel, UserLabels, append_labels, read_lines
from facesort.album.workspace import Workspace
from facesort.errors import AlbumError, FacesortError
from facesort.files import fingerprint
from facesort.photos import album_at
from facesort.reporter import LineReporter

if TYPE_CHECKING:
    from facesort.album.person.face_encoder import FaceEncoder

LoadEncoder = Callable[[dict[str, str]], "FaceEncoder"]  # from the options of the sorting

PATIENCE_S = 3.0  # for another run to let go of the album
POLL_S = 0.05


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
        self._watch = FolderWatch(root, self.dst.journal)
        self.is_redoing = False
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
        self.sure = sure_from(state.entries.values())
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
        self._labels_as_of = fingerprint(self.dst.corrections)

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
            self._watch.look()
            journal = self._patiently(lambda: stack.enter_context(self.dst.opened(self.state)))
            if journal.state is not self.state:
                self._load(journal.state)
            elif self._labels_as_of != fingerprint(self.dst.corrections):
                self._read_labels()
            yield Workspace(album_at(self.state.src), self.dst, journal, 1, LineReporter(self.news))
            self._labels_as_of = fingerprint(self.dst.corrections)
            stack.close()
            self._watch.skip()

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
        table = self.table  # one and the same: another thread may read the album anew
        row = table.row_of[face]
        if not table.alive[row]:
            raise KeyError(face)
        return table.view(row, self.state.entries[table.where[row][0]])

    def flush(self) -> None:
        """Bring manifest.csv up to date; acts leave that for later, as it takes long."""
        while self._is_manifest_stale:
            self.try_flush()

    def try_flush(self) -> None:
        """As `flush`, but acts go on meanwhile, and where one did, the manifest stays as it is."""
        with self.mutex:
            if not self._is_manifest_stale:
                return
            version, into = self.version, self.state.sorted_into
            entries = list(self.state.entries.values())
        data = manifest_csv(entries, into)
        with self.at_work() as workspace:
            if self.version == version:
                put_manifest(workspace, data)
                self._is_manifest_stale = False

    def is_touched(self) -> bool:
        """Did others change a folder, or the journal? Cheap."""
        with self.mutex:
            return self._watch.look()

    def has_news(self) -> bool:
        """Was something moved by hand, or by another run, since the last look? Acts go on
        meanwhile; where one did, the answer is that it is not known yet: no."""
        with self.mutex:
            self._watch.look()
            if self.state.as_of != fingerprint(self.dst.journal):
                return True
            version, labels = self.version, self.every_label()
            now = replace(self.state, entries=dict(self.state.entries), made=dict(self.state.made))
        is_moved = moved_by_hand(self.root, now, labels)
        with self.mutex:
            if self.version != version:
                return False
            self._watch.is_touched = is_moved
            return is_moved

    def sync(self) -> list[str]:
        """Finish what a kill left, learn what was moved by hand; the lines that learning says."""
        with self.mutex:
            self.news.clear()
            self._watch.look()
            self._watch.is_touched = False
            if self.state.is_unlearning:
                revert_last(self.root, LineReporter(self.news))
                self.reload()
            with self.at_work() as workspace:
                # a learner's, which knows what was moved back; ours have an act
                is_learners = self.state.is_learning and not self.state.learnings[-1].act
                if not is_learners and (self.state.is_learning or self.state.making):
                    self._finish(workspace)
                is_moved = is_learners or moved_by_hand(self.root, self.state, self.every_label())
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
