"""Takes the last act back, its photos and crops too, without looking at the rest of the album."""

from __future__ import annotations

from contextlib import suppress

from facesort.album.corrections.acts import LEARNED, folders_now, moves
from facesort.album.corrections.api_records import ActResult
from facesort.album.corrections.changes import Changes
from facesort.album.corrections.relink import remove_stale_sidecars
from facesort.album.corrections.revert import revert_last, take_back, unname
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.state import Learning
from facesort.album.user_labels import withdraw_labels
from facesort.album.workspace import Workspace
from facesort.errors import UsageError


def revert(album: SortedAlbum) -> ActResult:
    """Take the last act or learning back; `UsageError` where there is none.

    Where files were moved by hand meanwhile, the whole album is compared first, as
    ``learn_corrections.py --undo`` does."""
    with album.mutex:
        with album.at_work() as workspace:
            if not album.state.learnings:
                raise UsageError("nothing to undo")
            last = album.state.learnings[-1]
            kind = last.act.get("do", LEARNED)
            photos = [photo for photo in last.before if photo in album.state.entries]
            before = folders_now(album, photos)
            is_as_filed = last.is_applied and _all_there(album, last)
            problems = _take_back(album, workspace, last) if is_as_filed else {}
        if not is_as_filed:
            revert_last(album.root, workspace.report)
            album.reload()
        return ActResult(kind, moves(before, folders_now(album, photos)), problems)


def _all_there(album: SortedAlbum, last: Learning) -> bool:
    crops = (crop for photo in last.before for crop in album.state.entries[photo].crops)
    return all((album.root / crop).is_file() for crop in crops)


def _take_back(album: SortedAlbum, workspace: Workspace, last: Learning) -> dict[str, str]:
    old_paths = album.paths_of(last.before)
    workspace.journal.unlearning()
    withdraw_labels(album.dst.corrections, last.labels)
    album.forget(last.labels)
    unname(workspace, last)
    _, problems = take_back(workspace, last, Changes(), album.pool)
    if album.state.sidecars:
        remove_stale_sidecars(workspace)
    workspace.journal.unlearned()
    workspace.journal.sync()
    album.changed(list(last.before), old_paths)
    _remove_empty_folders(album, last)
    return problems


def _remove_empty_folders(album: SortedAlbum, last: Learning) -> None:
    """Of people who were only known by what is taken back."""
    examples = album.state.learned.examples if album.state.learned else ()
    known = {one.person for one in examples}
    for name in {label.folder for label in last.labels} & {*album.state.people} - known:
        for view in ("photos", "faces"):
            with suppress(OSError):
                (album.root / view / name).rmdir()
