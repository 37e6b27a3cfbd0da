"""Takes the last act back, its photos and crops too, or does once more what was taken back last;
without looking at the rest of the album."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from facesort.album.corrections.acts import (
    ADD,
    APART,
    ASSIGN,
    BOX,
    DISMISS,
    LEARNED,
    MERGE,
    PRESENCE,
    assign,
    dismiss,
    folders_now,
    keep_apart,
    merge,
    moves,
    set_presence,
)
from facesort.album.corrections.api_records import ActResult, Correction
from facesort.album.corrections.changes import Changes
from facesort.album.corrections.drawn_boxes import add_face, move_box
from facesort.album.corrections.relink import remove_stale_sidecars
from facesort.album.corrections.revert import revert_last, take_back, unname
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.records import VIEWS
from facesort.album.state import Learning
from facesort.album.user_labels import UserLabel, UserLabels, withdraw_labels
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
        for view in VIEWS:
            with suppress(OSError):
                (album.root / view / name).rmdir()


def redo(album: SortedAlbum) -> ActResult:
    """Do once more what was taken back last; `UsageError` where there is nothing."""
    with album.mutex:
        if not album.state.reverted:
            raise UsageError("nothing to redo")
        last = album.state.reverted[-1]
        act = dict(last.act)
        kind = act.get("do", ASSIGN)
        before = len(album.state.reverted)
        album.is_redoing = True
        try:
            result = _again(album, kind, act, last.labels)
        finally:
            album.is_redoing = False
        if len(album.state.reverted) == before:  # its photos are gone: it can never be done again
            raise UsageError("cannot be redone: its photos are no longer in this album")
        return result


def _again(
    album: SortedAlbum, kind: str, act: dict[str, Any], labels: Sequence[UserLabel]
) -> ActResult:
    if kind == DISMISS:
        return dismiss(album, [(str(p), int(n)) for p, n in act["faces"]], str(act["folder"]))
    if kind == APART:
        return keep_apart(album, *map(str, act["pair"]))
    if kind == PRESENCE:
        photos = [str(photo) for photo in act["photos"]]
        return set_presence(album, photos, str(act["folder"]), bool(act["is_there"]))
    if kind == MERGE:
        return merge(album, str(act["old"]), str(act["new"]))
    if kind == ADD:
        x1, y1, x2, y2 = act["xyxy_px"]
        return add_face(album, act["photo"], (x1, y1, x2, y2), act["folder"], act["frame"])
    if kind == BOX:
        x1, y1, x2, y2 = act["xyxy_px"]
        return move_box(album, act["photo"], act["face"], (x1, y1, x2, y2))
    found = UserLabels(labels)
    never = [Correction(str(p), int(n), str(folder)) for p, n, folder in act.get("never", ())]
    wrong = {(one.photo, one.face) for one in never}
    right = [
        Correction(photo, number, label.folder)
        for photo in dict.fromkeys(label.photo for label in labels)
        if photo in album.state.entries
        for number, label in enumerate(found.on_faces(album.state.entries[photo].scan))
        if label and label.photo == photo and (photo, number) not in wrong
    ]
    return assign(album, right, [one for one in never if one.photo in album.state.entries])
