"""Finds the photos and videos of an album: nested folders, links, odd names; nothing is opened."""

from __future__ import annotations

import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.errors import AlbumError, UsageError

if TYPE_CHECKING:
    from facesort.photos.remote import Remote

PHOTO_SUFFIXES: frozenset[str] = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .tif .tiff .bmp .heic .heif .hif .avif".split()
)
VIDEO_SUFFIXES: frozenset[str] = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .mts .m2ts .mpg .mpeg .wmv .3gp .3g2 .flv".split()
)
# What operating systems, cameras and network drives leave behind (compared without case);
# names that begin with a dot are left out as well.
SYSTEM_NAMES: frozenset[str] = frozenset(
    [
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx"),
        *("$recycle.bin", "system volume information", "lost+found"),
    ]
)
LEADS_OUT = "is a link that leads out of the album; copy what it leads to into the album"
_WINDOWS_HIDDEN_OR_SYSTEM = 0x2 | 0x4


@dataclass(frozen=True)
class Found:
    """A file that calls itself a photo or a video. ``relative`` is its path in the album, with
    ``/``; bytes that are no Unicode stay in it as the system gave them (surrogateescape). Of one
    that is ``remote``, behind a URL, ``path`` is but the name."""

    path: Path
    relative: str
    size_bytes: int
    mtime_ns: int
    remote: Remote | None = None

    @property
    def place(self) -> Path | Remote:
        return self.remote or self.path


@dataclass(frozen=True)
class Listing:
    """What an album holds, each part sorted; together, every file that is not hidden."""

    photos: tuple[Found, ...]
    videos: tuple[Found, ...]
    others: tuple[str, ...]  # neither photo nor video, and links that lead nowhere
    unreadable: tuple[str, ...] = ()  # folders that cannot be entered
    refused: dict[str, str] = field(default_factory=dict)  # what cannot be taken: why

    @property
    def files(self) -> tuple[Found, ...]:
        """Photos and videos, sorted."""
        return tuple(sorted((*self.photos, *self.videos), key=_relative))


@dataclass
class _Walk:
    """The lists being filled, and the folders still to enter: linked ones after all real ones,
    so that a photo keeps the name of its real folder."""

    photos: list[Found] = field(default_factory=list)
    videos: list[Found] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    folders: deque[tuple[Path, str]] = field(default_factory=deque)
    linked: deque[tuple[Path, str]] = field(default_factory=deque)
    seen: set[tuple[int, int]] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    only_in: Path | None = None


def list_photos(root: Path, links_out: bool = True) -> Listing:
    """Every photo under ``root``, hidden and system files left out; each folder is entered once,
    however many links lead to it. Without ``links_out``, symbolic links that lead out of ``root``
    are not followed but ``refused``."""
    _require_folder(root)
    walk = _Walk(folders=deque([(root, "")]), only_in=None if links_out else root)
    while walk.folders or walk.linked:
        folder, prefix = (walk.folders or walk.linked).popleft()
        _enter(walk, folder, prefix)
    photos, videos = (tuple(sorted(found, key=_relative)) for found in (walk.photos, walk.videos))
    others, unreadable = tuple(sorted(walk.others)), tuple(sorted(walk.unreadable))
    return Listing(photos, videos, others, unreadable, walk.refused)


def is_video(path: str | Path) -> bool:
    """By its suffix; a photo is recognised by its content."""
    return os.path.splitext(path)[1].lower() in VIDEO_SUFFIXES


def leads_inside(link: Path, root: Path) -> bool:
    """Does the symbolic link ``link`` end below ``root``, itself perhaps reached by a link?"""
    return Path(os.path.realpath(link)).is_relative_to(os.path.realpath(root))


def _relative(found: Found) -> str:
    return found.relative


def _require_folder(root: Path) -> None:
    if not root.exists():
        raise UsageError(f"{root}: no such folder; expected the folder that holds your photos")
    if not root.is_dir():
        raise UsageError(f"{root}: is a file; expected the folder that holds your photos")
    try:
        os.scandir(root).close()
    except OSError as error:
        raise AlbumError(
            f"{root}: cannot be read ({error.strerror}); give yourself read access to the folder"
        ) from error


def _enter(walk: _Walk, folder: Path, prefix: str) -> None:
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in walk.seen:
            return
        walk.seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not _is_hidden(entry):
                    _take(walk, entry, prefix + entry.name)
    except OSError:
        walk.unreadable.append(prefix.rstrip("/"))


def _take(walk: _Walk, entry: os.DirEntry[str], relative: str) -> None:
    """Put one entry of a folder where it belongs."""
    try:
        status = entry.stat()
    except OSError:  # a link that leads nowhere or in circles, or a file that just vanished
        walk.others.append(relative)
        return
    if walk.only_in and entry.is_symlink() and not leads_inside(Path(entry.path), walk.only_in):
        walk.refused[relative] = LEADS_OUT
        return
    suffix = os.path.splitext(entry.name)[1].lower()
    if stat.S_ISDIR(status.st_mode):
        queue = walk.linked if entry.is_symlink() else walk.folders
        queue.append((Path(entry.path), relative + "/"))
    elif suffix in PHOTO_SUFFIXES | VIDEO_SUFFIXES and stat.S_ISREG(status.st_mode):
        found = Found(Path(entry.path), relative, status.st_size, status.st_mtime_ns)
        (walk.videos if suffix in VIDEO_SUFFIXES else walk.photos).append(found)
    else:
        walk.others.append(relative)


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if is_hidden_name(entry.name):
        return True
    if os.name != "nt":
        return False
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & _WINDOWS_HIDDEN_OR_SYSTEM)


def is_hidden_name(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_NAMES
