"""Executes a plan, photo by photo: room, folders, files, manifest; each step is repeatable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from facesort.album.disk import (
    CHANGED,
    FileSignature,
    is_same_bytes,
    is_same_photo,
    put_bytes,
    put_photo,
)
from facesort.album.journal import Journal
from facesort.album.link_modes import COPY
from facesort.album.manifest import manifest_csv
from facesort.album.names import NamePool
from facesort.album.person.clustering import is_numbered
from facesort.album.plan import needed_bytes
from facesort.album.records import VIEWS, Entry, Plan, folder_of
from facesort.album.saved_plan import save_plan
from facesort.album.scanning.face_crops import CropMemory, cut_crops
from facesort.album.scanning.video_scan import crops_of_video
from facesort.album.summary import readable
from facesort.album.workspace import Workspace
from facesort.errors import AlbumError, FacesortError, UnreachableError
from facesort.files import DISK_FULL, write_atomic
from facesort.parallel import ordered_map
from facesort.photos import Place, Remote, content_hash, is_video, open_photo, read_photo_bytes


def execute(plan: Plan, workspace: Workspace, memory: CropMemory | None = None) -> dict[str, str]:
    """File what the journal does not yet know as filed; returns photo: why it could not be."""
    dst, journal = workspace.dst, workspace.journal
    left = left_to_file(plan, journal.state.entries)
    _check_room(dst.root, needed_bytes(left), memory)
    try:
        if not dst.pending_plan.exists():  # else it is this one, and a killed run's
            save_plan(plan, dst.pending_plan)
        journal.people(plan.people)
        journal.learned(plan.learned)
        _make_folders(dst.root, plan, journal)
        problems = _file(left, plan, workspace, memory)
        write_manifest(workspace)
        journal.sync()
        dst.pending_plan.unlink()
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        left = left_to_file(plan, journal.state.entries)
        raise AlbumError(
            f"{dst.root}: the disk is full after {len(plan.entries) - len(left)} of "
            f"{len(plan.entries)} photos; free about {readable(needed_bytes(left))} and run the "
            f"same command again: it goes on from there"
        ) from error
    return problems


def _check_room(dst: Path, needed: int, memory: CropMemory | None) -> None:
    """Where there is no room beside the memory, it is forgotten: its crops can be cut again."""
    if memory is not None and needed > _free_bytes(dst):
        memory.forget()
    free = _free_bytes(dst)
    if needed > free:
        raise AlbumError(
            f"{dst}: not enough room: about {readable(needed)} needed, {readable(free)} free; "
            f"free some or choose another --dst"
        )


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _make_folders(dst: Path, plan: Plan, journal: Journal) -> None:
    """Those the plan fills, and every folder a crop can be dragged to."""
    wanted = {folder_of(path) for path in plan.paths}
    # a number without a face says nothing to the person, and nothing can be dragged there
    wanted |= {f"faces/{name}" for name in plan.folders.faces if not is_numbered(name)}
    for folder in sorted({*VIEWS} | wanted):
        if not (dst / folder).exists():
            journal.folder(folder)
            (dst / folder).mkdir(exist_ok=True)


def _file(
    entries: list[Entry], plan: Plan, workspace: Workspace, memory: CropMemory | None
) -> dict[str, str]:
    filer = PlanExecutor(
        workspace.src, workspace.dst.root, workspace.dst.temp_folder, plan.decode_px, memory
    )
    total, problems = len(plan.entries), {}
    with workspace.report.progress("filing", total, total - len(entries)) as progress:
        for filed in filer.file_all(entries, workspace.workers):
            if filed.problem:
                problems[filed.entry.scan.photo] = filed.problem
            else:
                workspace.journal.filed(filed.entry, filed.made)
            progress.step(failed=bool(filed.problem))
    return problems


def write_manifest(workspace: Workspace) -> None:
    """Replace the manifest if it says something new; one that a person edited is set aside."""
    state = workspace.journal.state
    put_manifest(workspace, manifest_csv(state.entries.values(), state.sorted_into))


def put_manifest(workspace: Workspace, data: bytes) -> None:
    """As `write_manifest`, with the manifest made before."""
    dst, journal = workspace.dst, workspace.journal
    old = dst.manifest.read_bytes() if dst.manifest.exists() else None
    if old == data:
        return
    if old is not None and content_hash(old) not in journal.state.manifests:
        aside = NamePool(f"./{name}" for name in os.listdir(dst.root)).take(".", dst.manifest.name)
        journal.aside(aside)
        dst.manifest.rename(dst.root / aside)
        workspace.report.say(
            f"{dst.manifest.name} is not as it was written here (you edited it, or the "
            f"journal lost lines): that version is now {Path(aside).name}"
        )
    journal.manifest(content_hash(data))
    write_atomic(dst.manifest, [data], dst.temp_folder / dst.manifest.name)


@dataclass(frozen=True)
class Filed:
    """What became of one entry: the files made, or the problem that kept it from being filed."""

    entry: Entry
    made: dict[str, FileSignature] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class PlanExecutor:
    """Knows the folders; ``memory`` holds the crops that the scan has cut."""

    src: Place
    dst: Path
    temp_folder: Path
    decode_px: int
    memory: CropMemory | None = None

    def file_all(self, entries: Iterable[Entry], workers: int) -> Iterator[Filed]:
        """File each entry, in order; raises `OSError` when the disk is full."""
        with_crops = ((entry, self._remembered(entry)) for entry in entries)
        return ordered_map(lambda pair: self._file(*pair), with_crops, workers)

    def crops(self, entry: Entry) -> list[bytes]:
        """The entry's crops, cut from the original once more."""
        if not entry.crops:
            return []
        original = self.src / entry.scan.photo
        if isinstance(original, Path) and is_video(original):
            return crops_of_video(original, entry.scan)
        photo = open_photo(read_photo_bytes(original, entry.scan.size_bytes), self.decode_px)
        return cut_crops(photo, entry.scan)

    def _remembered(self, entry: Entry) -> list[bytes] | None:
        return self.memory.take(entry.scan) if self.memory else None

    def _file(self, entry: Entry, crops: list[bytes] | None) -> Filed:
        made: dict[str, FileSignature] = {}
        try:
            check_unchanged(self.src, entry)
            self._put_crops(entry, self.crops(entry) if crops is None else crops, made)
            self.put_photo(entry, made)
            return Filed(replace(entry, link=self._link_made(entry)), made)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            reason = f"cannot be filed: {error.strerror or error}"
        except UnreachableError:
            raise
        except FacesortError as error:
            reason = str(error)
        self._take_back(made)
        if entry.scan.problem:  # not even a link to an unreadable photo: known, and done
            unlinked = replace(entry.scan, problem=f"{entry.scan.problem}; nor linked: {reason}")
            return Filed(replace(entry, targets=(), scan=unlinked))
        return Filed(entry, problem=reason)

    def _take_back(self, made: Iterable[str]) -> None:
        """All or nothing, or every further try would leave something behind."""
        for path in made:
            with suppress(OSError):
                (self.dst / path).unlink()

    def _put_crops(self, entry: Entry, jpegs: list[bytes], made: dict[str, FileSignature]) -> None:
        for crop, jpeg in zip(entry.crops, jpegs, strict=True):
            made[crop] = self._put(
                crop,
                put=partial(put_bytes, jpeg, temp_folder=self.temp_folder),
                is_there=partial(is_same_bytes, jpeg),
            )

    def put_photo(self, entry: Entry, made: dict[str, FileSignature]) -> None:
        """Put the photo of ``entry`` into all its places, and their stamps into ``made``."""
        original = self.src / entry.scan.photo
        for target in entry.targets:
            put = partial(put_photo, original, link=entry.link, temp_folder=self.temp_folder)
            made[target] = self._put(
                target,
                put=partial(put, seen=entry.scan),
                is_there=partial(is_same_photo, original),
            )
            if isinstance(original, Remote):  # sent for once, however many places it has
                original = self.dst / target

    def _link_made(self, entry: Entry) -> str:
        """``copy`` where the disk refused at least one of the hard links."""
        original = self.src / entry.scan.photo
        if isinstance(original, Remote):
            return COPY
        linked = all((self.dst / target).samefile(original) for target in entry.targets)
        return entry.link if linked else COPY

    def _put(
        self, path: str, put: Callable[[Path], None], is_there: Callable[[Path], bool]
    ) -> FileSignature:
        final = self.dst / path
        try:
            put(final)
        except FileExistsError:
            if not is_there(final):
                raise AlbumError(
                    f"{path} appeared in the destination meanwhile; run again for another name"
                ) from None
        return FileSignature.of(final)


def check_unchanged(src: Place, entry: Entry) -> None:
    """Raise `AlbumError` if the photo is not the one that was looked at; of one behind a URL, that
    is found out when it is copied."""
    scan = entry.scan
    if isinstance(src, Remote):
        return
    try:
        status = (src / scan.photo).stat()
    except OSError as error:
        raise AlbumError(f"it is gone ({error.strerror}) since it was looked at") from error
    if (status.st_size, status.st_mtime_ns) != (scan.size_bytes, scan.mtime_ns):
        raise AlbumError(CHANGED)


def is_ours(filer: PlanExecutor, entry: Entry, path: str) -> bool:
    """Would filing ``entry`` make exactly the file that now is at ``path``?"""
    final = filer.dst / path
    try:
        if path in entry.targets:
            return is_same_photo(filer.src / entry.scan.photo, final)
        return is_same_bytes(filer.crops(entry)[entry.crops.index(path)], final)
    except (OSError, FacesortError):
        return False


def left_to_file(plan: Plan, filed: dict[str, Entry]) -> list[Entry]:
    """The entries of ``plan`` that the journal does not know as filed, in this state."""
    return [
        entry
        for entry in plan.entries
        if entry.scan.photo not in filed
        or filed[entry.scan.photo].scan.content != entry.scan.content
    ]
