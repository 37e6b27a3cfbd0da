"""Carries a plan out, photo by photo. Every step can be repeated: what is there already is done.

A photo counts as filed once the journal says so, after all its files are in place. A kill in
between leaves files the journal does not know; the next run finds them as planned and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from facesort.album.disk import (
    CHANGED,
    DISK_FULL,
    Stamp,
    is_same_bytes,
    is_same_photo,
    put_bytes,
    put_photo,
)
from facesort.album.looking.crops import CropMemory, cut_crops
from facesort.album.looking.video import crops_of_video
from facesort.album.records import COPY, Entry, Plan
from facesort.errors import AlbumError, FacesortError, UnreachableError
from facesort.parallel import ordered_map
from facesort.photos import Place, Remote, is_video, open_photo, read_photo_bytes


@dataclass(frozen=True)
class Filed:
    """What became of one entry: the files made, or the problem that kept it from being filed."""

    entry: Entry
    made: dict[str, Stamp] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Filer:
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
        made: dict[str, Stamp] = {}
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
        if entry.scan.problem:  # not even a link to a photo that nobody can open: known, and done
            unlinked = replace(entry.scan, problem=f"{entry.scan.problem}; nor linked: {reason}")
            return Filed(replace(entry, targets=(), scan=unlinked))
        return Filed(entry, problem=reason)

    def _take_back(self, made: Iterable[str]) -> None:
        """All or nothing, or every further try would leave something behind."""
        for path in made:
            with suppress(OSError):
                (self.dst / path).unlink()

    def _put_crops(self, entry: Entry, jpegs: list[bytes], made: dict[str, Stamp]) -> None:
        for crop, jpeg in zip(entry.crops, jpegs, strict=True):
            made[crop] = self._put(
                crop,
                put=partial(put_bytes, jpeg, temp_folder=self.temp_folder),
                is_there=partial(is_same_bytes, jpeg),
            )

    def put_photo(self, entry: Entry, made: dict[str, Stamp]) -> None:
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
    ) -> Stamp:
        final = self.dst / path
        try:
            put(final)
        except FileExistsError:
            if not is_there(final):
                raise AlbumError(
                    f"{path} appeared in the destination meanwhile; run again for another name"
                ) from None
        return Stamp.of(final)


def check_unchanged(src: Place, entry: Entry) -> None:
    """Raise `AlbumError` if the photo is not the one that was looked at; of one behind a URL, that
    is found out when it is copied."""
    scan = entry.scan
    if isinstance(src, Remote):
        return
    try:
        status = (src / scan.photo).stat()
    except OSError as error:
        raise AlbumError(f"it is gone ({error.strerror}) since it was looked at") from None
    if (status.st_size, status.st_mtime_ns) != (scan.size_bytes, scan.mtime_ns):
        raise AlbumError(CHANGED)


def is_ours(filer: Filer, entry: Entry, path: str) -> bool:
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
