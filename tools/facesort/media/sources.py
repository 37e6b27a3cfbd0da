"""What a person may name as a source: a photo, folder, glob, video, camera, stream, or a list."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from facesort.errors import UsageError
from facesort.photos import is_video, list_photos
from facesort.url_secrets import masked

STDIN = "-"
SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp")
Kind = Literal["photo", "video", "stream", "camera"]
EXPECTED = "expected a photo, a folder, a video, a camera number, rtsp:// or http://, or - (a list)"


@dataclass(frozen=True)
class Source:
    """One photo or video. ``where`` is a path, an address or a camera's number; ``name`` is what
    results call it: in a folder, its path from there, with ``/``."""

    kind: Kind
    where: str
    name: str

    @property
    def moves(self) -> bool:
        return self.kind != "photo"

    @property
    def is_live(self) -> bool:
        """It has no end, and what is not looked at in time is over."""
        return self.kind in ("stream", "camera")

    @property
    def stem(self) -> str:
        """The start of the names of its files: without folders and the last suffix."""
        if self.kind == "camera":
            return f"camera{self.where}"
        if self.kind == "stream":  # an address holds what no file name may, and perhaps a password
            return "stream"
        return Path(self.name).stem


@dataclass
class Sources:
    """What was named, in order, each file once. ``missing`` is what was asked for and is not there,
    ``left_out`` what was found but not named; both with their reasons."""

    found: list[Source] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, source: Source) -> None:
        key = source.where if source.is_live else str(Path(source.where).resolve())
        if key in self._seen:
            self.left_out.append(f"{source.name}: named twice; looked at once")
            return
        self._seen.add(key)
        self.found.append(source)


def resolve(named: Sequence[str], stdin: Iterable[str] = ()) -> Sources:
    """Everything that ``named`` stands for; ``-`` is a list, one source a line, from ``stdin``.

    Raises `UsageError` where something named does not exist; in a list, that is ``missing``.
    """
    sources = Sources()
    for text in named:
        if text == STDIN:
            _add_listed(stdin, sources)
        else:
            _add(text, sources)
    return sources


def _add_listed(lines: Iterable[str], sources: Sources) -> None:
    for line in lines:
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        try:
            _add(text, sources)
        except UsageError as error:
            sources.missing.append(str(error))


def _add(text: str, sources: Sources) -> None:
    if not text:
        raise UsageError(f"an empty name; {EXPECTED}")
    path = Path(text).expanduser()
    scheme, is_address, _ = text.partition("://")
    if is_address:
        if scheme.lower() not in SCHEMES:
            raise UsageError(
                f"{masked(text)}: '{scheme}' is not read here; expected {', '.join(SCHEMES)}"
            )
        sources.add(Source("stream", text, masked(text)))
    elif path.exists():
        _add_path(path, sources)
    elif text.isdecimal():
        sources.add(Source("camera", text, f"camera {text}"))
    elif glob.has_magic(text):
        _add_matches(str(path), sources)
    else:
        raise UsageError(f"{text}: no such file; {EXPECTED}")


def _add_path(path: Path, sources: Sources) -> None:
    if not path.is_dir():
        sources.add(Source(_kind(path), str(path), path.name))
        return
    listing = list_photos(path)
    for found in listing.photos:
        sources.add(Source("photo", str(found.path), found.relative))
    for found in listing.videos:
        sources.add(Source("video", str(found.path), found.relative))
    sources.left_out += [f"{path / name}: neither photo nor video" for name in listing.others]
    sources.left_out += [f"{path / name}: folder cannot be read" for name in listing.unreadable]


def _add_matches(pattern: str, sources: Sources) -> None:
    """For shells that leave patterns alone, as Windows' do, and for patterns in quotes."""
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise UsageError(f"{pattern}: no file matches; {EXPECTED}")
    for match in matches:
        _add_path(Path(match), sources)


def _kind(path: Path) -> Kind:
    """By suffix; whatever is no video is opened as a photo, which tells what is wrong with it."""
    return "video" if is_video(path) else "photo"
