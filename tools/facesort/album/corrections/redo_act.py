"""Does once more what was taken back last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from facesort.album.corrections.acts import (
    ADD,
    APART,
    ASSIGN,
    BOX,
    DISMISS,
    MERGE,
    PRESENCE,
    assign,
    dismiss,
    keep_apart,
    merge,
    set_presence,
)
from facesort.album.corrections.api_records import ActResult, Correction
from facesort.album.corrections.drawn_boxes import add_face, move_box
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.user_labels import UserLabel, UserLabels
from facesort.errors import UsageError


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
