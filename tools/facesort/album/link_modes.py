"""Finds out, before a plan is made, which photos the disk and the system let us link."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from facesort.album.disk import OWN_PREFIX
from facesort.album.records import COPY, HARD, SYM
from facesort.errors import AlbumError
from facesort.photos import Place, Remote


def possible_links(originals: Mapping[str, Place], link: str, folder: Path) -> dict[str, str]:
    """``link`` for each photo, or ``copy`` where no hard link to it can be made in ``folder``.

    Found out by trying, once for all photos alike, because disks and systems differ more than their
    names say: other disk, no links on it, or no links to another user's files.
    """
    if link == COPY:
        return dict.fromkeys(originals, COPY)
    with TemporaryDirectory(dir=folder, prefix=OWN_PREFIX) as place:
        if link == SYM:
            _check_symlinks(Path(place), folder)
            return dict.fromkeys(originals, SYM)
        kinds = {photo: _kind(path) for photo, path in originals.items()}
        samples = {kind: originals[photo] for photo, kind in kinds.items() if kind is not None}
        probe = Path(place) / "link"
        allowed = {kind for kind, path in samples.items() if _can_link(path, probe)}
    return {photo: HARD if kind in allowed else COPY for photo, kind in kinds.items()}


def _check_symlinks(place: Path, folder: Path) -> None:
    try:
        os.symlink(place, place / "link")
    except OSError as error:
        raise AlbumError(
            f"{folder}: no symbolic links here ({error.strerror}); pass --link hard or copy"
        ) from None


def _kind(path: Place) -> tuple[int, ...] | None:
    """What a system looks at before it lets a file be linked; None if it is gone, or no file."""
    if isinstance(path, Remote):
        return None
    try:
        status = path.stat()
    except OSError:  # gone since it was listed: filing will say so
        return None
    return status.st_dev, status.st_uid, status.st_gid, status.st_mode


def _can_link(original: Place, probe: Path) -> bool:
    try:
        os.link(os.path.realpath(str(original)), probe)
    except OSError:
        return False
    probe.unlink()
    return True
