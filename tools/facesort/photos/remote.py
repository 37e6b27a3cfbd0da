"""Albums behind a URL: s3://, gs://, sftp:// and whatever else fsspec knows. Read, never written.

Nothing is contacted but the store of that URL. How to log in comes from fsspec's configuration or
the environment alone: a URL is kept in plans and journals, so it must not hold a password.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from facesort.errors import AlbumError, UnreachableError, UsageError, first_line
from facesort.file_names import why_outside
from facesort.photos.listing import (
    LEADS_OUT,
    PHOTO_SUFFIXES,
    VIDEO_SUFFIXES,
    Found,
    Listing,
    is_hidden_name,
    is_video,
    leads_inside,
)
from facesort.url_secrets import masked, secret_in

URL = re.compile(r"[a-z][a-z0-9+.-]+://")  # a drive of Windows has one letter
CHUNK_BYTES = 8 << 20
PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    **dict.fromkeys(("http", "https"), "aiohttp requests"),
    "smb": "smbprotocol",
    "webdav": "webdav4[fsspec]",
}
TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified")  # what stores call it
TAGS = ("ETag", "etag", "checksum", "sha")


@dataclass(frozen=True)
class Status:
    """``mtime_ns`` is of whole seconds: HTTP knows no others, and a store may tell more of it in a
    listing than when asked for one file.

    Where a store keeps no time, minus a hash of its ETag takes that place, or 0. That is safe: both
    numbers only save us from reading again what is filed already. What is filed has the hash of the
    bytes that were looked at, and undo compares byte by byte where there is no time. At worst, with
    0, a photo that was edited to the very size it had is not news.
    """

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Remote:
    """An album behind ``url``, or with ``relative``, a file in it: as much of a `Path` as we need.

    Only ``url`` is ever parsed: in the name of a photo, ``#``, ``%`` and ``?`` are letters. What a
    store answers in its own exceptions comes as `OSError`.
    """

    url: str
    relative: str = ""

    def __truediv__(self, relative: str) -> Remote:
        return Remote(self.url, relative)

    def __str__(self) -> str:
        return f"{self.url}/{self.relative}" if self.relative else self.url

    def absolute(self) -> Remote:
        return self

    resolve = absolute

    @property
    def on_disk(self) -> Path | None:
        """Where it is, for file:// only."""
        from fsspec.implementations.local import LocalFileSystem

        store, path = self._opened()
        return Path(path) if isinstance(store, LocalFileSystem) else None

    def status(self) -> Status:
        store, path = self._opened()
        with _as_os_error(self):
            return status_of(store.info(path))

    def read_bytes(self) -> bytes:
        """All of it, in one request."""
        store, path = self._opened()
        with _as_os_error(self):
            return bytes(store.cat_file(path))

    def chunks(self) -> Iterator[bytes]:
        store, path = self._opened()
        with _as_os_error(self), store.open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def _opened(self) -> tuple[Any, str]:
        store, root = _store(self.url)
        return store, f"{root.rstrip('/')}/{self.relative}" if self.relative else root


Place = Path | Remote


def album_at(text: str) -> Place:
    """The album at a path or a URL; `UsageError` for a URL that cannot be one of ours."""
    if not URL.match(text):
        return Path(text)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError as error:
        raise UsageError(
            f"{masked(text)}: no URL ({error}); expected s3://bucket/album or so"
        ) from error
    is_asked = "a query (?...)" if parts.scheme.startswith("http") and parts.query else ""
    if secret := secret_in(text) or is_asked:
        raise UsageError(
            f"{parts.scheme}://{host}: has {secret}, and a password in the URL would be kept in "
            "plans and journals; tell fsspec by its configuration (~/.config/fsspec) or the "
            "environment"
        )
    if "::" in text:
        raise UsageError(f"{text}: URLs in one another (::) are not read; unpack it first")
    if parts.scheme in ("file", "local") and parts.netloc:
        raise UsageError(f"{text}: expected a whole path: {parts.scheme}:///photos/album")
    return Remote(text.rstrip("/") if parts.path.strip("/") or parts.netloc else text)


@functools.lru_cache(maxsize=8)
def _store(url: str) -> tuple[Any, str]:
    """fsspec's file system and the album's path in it; `UsageError` where a package is missing."""
    protocol = url.partition("://")[0]
    try:
        import fsspec

        store, path = fsspec.url_to_fs(url)
    except ImportError as error:
        package = PACKAGES.get(protocol) if error.name != "fsspec" else "fsspec"
        how = f"python -m pip install {package}" if package else first_line(error)
        raise UsageError(f"{url}: what reads {protocol}:// is not installed: {how}") from error
    except Exception as error:  # of every kind: unknown protocols, hosts that do not answer
        raise AlbumError(f"{url}: cannot be opened ({first_line(error)})") from error
    return store, str(path)


def check_reachable(album: Remote) -> None:
    """Raise `UnreachableError` where this machine cannot read it, or else it would take every
    single photo for one that cannot be read."""
    try:
        album.status()
    except (UsageError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise UnreachableError(
            f"{album}: cannot be read on machine {platform.node()}: {why}; once it can, run the "
            "same command again: it goes on from there"
        ) from error


def list_remote(album: Remote) -> Listing:
    """As `listing.list_photos`; videos are refused, for OpenCV wants files."""
    store, root = album._opened()
    closed: list[str] = []
    try:
        with _as_os_error(album):
            store.invalidate_cache()
            # flat stores answer for the whole album at once
            flat = store.async_impl
            files = store.find(root, detail=True) if flat else _walk(store, root, closed)
            if not files:
                store.info(root)
            for name in [name for name, info in files.items() if info.get("size", 0) is None]:
                files[name] = store.info(name)  # HTTP lists names only
            store.invalidate_cache()
    except FileNotFoundError as error:
        raise UsageError(
            f"{album}: no such folder, or nothing in it; expected the one that holds your photos"
        ) from error
    except OSError as error:
        raise AlbumError(
            f"{album}: cannot be listed ({error.strerror}); check the address, your login "
            "and your rights"
        ) from error
    if root in files:
        raise UsageError(f"{album}: is a file; expected the folder that holds your photos")
    prefix = f"{root.rstrip('/')}/"
    names = {name.removeprefix(prefix): info for name, info in files.items()}
    return _listing(album, names, tuple(sorted(name.removeprefix(prefix) for name in closed)))


def _walk(store: Any, root: str, closed: list[str]) -> dict[str, dict[str, Any]]:
    """As fsspec's ``find``, which falls silent at folders that are ``closed``."""
    files, folders = dict[str, dict[str, Any]](), [root]
    while folders:
        folder = folders.pop()
        try:
            infos = store.ls(folder, detail=True)
        except OSError:
            if folder == root:
                raise
            closed.append(folder)
            continue
        for info in infos:
            if info["type"] != "directory":
                files[info["name"]] = info
            elif info["name"] != folder and not is_hidden_name(info["name"].rpartition("/")[2]):
                folders.append(info["name"])
    return files


def _listing(
    album: Remote, files: Mapping[str, Mapping[str, Any]], unreadable: tuple[str, ...]
) -> Listing:
    photos, others, refused = [], [], dict[str, str]()
    for name, info in sorted(files.items()):
        parts, suffix = name.split("/"), os.path.splitext(name)[1].lower()
        if info["type"] == "directory" or name.endswith("/") or any(map(is_hidden_name, parts)):
            continue
        is_file = info["type"] in ("file", "link") or info.get("islink")
        if not is_file or suffix not in PHOTO_SUFFIXES | VIDEO_SUFFIXES:
            others.append(name)
        elif is_video(name):
            refused[name] = "is a video behind a URL; expected photos; copy it into a folder"
        elif why := why_outside(name) or _why_elsewhere(album, name, info):
            refused[name] = why
        else:
            status = status_of(info)
            photos.append(found_at(album / name, name, status.size_bytes, status.mtime_ns))
    return Listing(tuple(photos), (), tuple(others), unreadable, refused)


def _why_elsewhere(album: Remote, name: str, info: Mapping[str, Any]) -> str:
    """Why ``name`` is refused as a link; only on a disk (file://) are links followed."""
    root = album.on_disk if info.get("islink") else None
    return "" if root is None or leads_inside(root / name, root) else LEADS_OUT


def found_at(where: Place, relative: str, size_bytes: int, mtime_ns: int) -> Found:
    if isinstance(where, Path):
        return Found(where, relative, size_bytes, mtime_ns)
    return Found(Path(relative), relative, size_bytes, mtime_ns, where)


def status_of(info: Mapping[str, Any]) -> Status:
    size_bytes = int(info.get("size") or 0)
    seconds = next((s for s in map(_seconds, map(info.get, TIMES)) if s is not None), None)
    if seconds is not None:
        return Status(size_bytes, seconds * 10**9)
    tag = next((str(info[name]) for name in TAGS if info.get(name)), "")
    hashed = int.from_bytes(blake2b(tag.encode(), digest_size=6).digest(), "big") if tag else 0
    return Status(size_bytes, -hashed)


def _seconds(time: Any) -> int | None:
    """Since 1970; None where it is no time."""
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time.replace("Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
    return int(time // 1) if isinstance(time, (int, float)) else None


@contextmanager
def _as_os_error(what: Remote) -> Iterator[None]:
    """Every store has exceptions of its own; those of a disk keep what they say. Where a photo
    cannot be had, it may be the store that is gone: then `UnreachableError`."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(what)) from None
    except PermissionError as error:
        raise PermissionError(errno.EACCES, first_line(error), str(what)) from error
    except Exception as error:
        if what.relative:
            check_reachable(Remote(what.url))
        reason = error.strerror if isinstance(error, OSError) and error.strerror else None
        raise OSError(errno.EIO, reason or first_line(error), str(what)) from error
