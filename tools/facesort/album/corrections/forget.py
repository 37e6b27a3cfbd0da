"""Deletes all that is known of faces, and no photo: crops, vectors, corrections, journal."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.enrollment import FOLDER as WHICH_FACE
from facesort.album.scanning.detection_cache import FILE
from facesort.album.undo import remove_sidecars


def forget(album: SortedAlbum, cache: Path | None = None) -> int:
    """Delete the face data of ``album``, and what the models saw in any (the ``cache``); how many
    files went. The sorted photos stay where they are, without a memory of what made them; files in
    faces/ that are not ours stay, too."""
    with album.mutex:
        with album.at_work() as workspace:
            state, dst = workspace.journal.state, album.dst
            crops = [path for path in state.made if path.startswith("faces/")]
            gone = len(remove_sidecars(dst, state))
            own = [dst.root / path for path in crops]
            own += [dst.corrections, dst.manifest, dst.saved_plan]
            own += sorted((dst.root / WHICH_FACE).rglob("*.jpg"))
            if cache is not None:
                own += sorted(cache.glob(f"{FILE}*"))
            gone += sum(map(_remove, own))
            for folder in sorted((dst.root / "faces").rglob("*"), reverse=True):
                _remove_folder(folder)
            for folder in (*(dst.root / WHICH_FACE).glob("*"), dst.root / WHICH_FACE):
                _remove_folder(folder)
            _remove_folder(dst.root / "faces")
            gone += sum(len(names) for _, _, names in os.walk(dst.state_folder))
        shutil.rmtree(dst.state_folder)
    return gone


def _remove(path: Path) -> bool:
    with suppress(OSError):
        path.unlink()
        return True
    return False


def _remove_folder(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
