"""Boxes by hand: a face that the model has missed, a box that is not where the face is.

A face that was drawn is described as the sorter describes faces, where the album's own encoder is
at hand: then it teaches whose it is, and is found alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from facesort.album.corrections.acts import (
    ADD,
    BOX,
    carry_out,
    check_folders,
    entry_of,
    now,
)
from facesort.album.corrections.api_records import ActResult, BoxPx
from facesort.album.corrections.changes import was_in
from facesort.album.corrections.images import open_whole
from facesort.album.corrections.relink import file_anew
from facesort.album.corrections.replan import planned
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.classify import NOT_ENCODED
from facesort.album.plan import crop_name
from facesort.album.records import NOT_A_FACE, Entry, Face
from facesort.album.user_labels import ONE_BOX_IOU, UserLabel
from facesort.album.workspace import Workspace
from facesort.boxes import as_boxes, iou_matrix
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.errors import FacesortError, UsageError

SMALLEST_PX = 4.0


def add_face(
    album: SortedAlbum, photo: str, xyxy_px: BoxPx, folder: str, frame: int | None = None
) -> ActResult:
    """A face that the model has missed, drawn by hand in pixels of the upright photo."""
    with album.mutex:
        entry = entry_of(album, photo)
        box = _checked_box(xyxy_px)
        check_folders(album, [folder])
        if (box, frame) in [(face.xyxy_px, face.frame) for face in entry.scan.faces]:
            raise UsageError(f"{photo}: there is a face with this very box already")
        act = {"do": ADD, "photo": photo, "xyxy_px": list(box), "folder": folder, "frame": frame}
        content, name = entry.scan.content, entry.scan.photo
        label = UserLabel(content, box, folder, name, now(), frame, exact=True)
        return carry_out(album, [label], act, {photo: drawn(album, act)})


def move_box(album: SortedAlbum, photo: str, face: int, xyxy_px: BoxPx) -> ActResult:
    """Put the box of a face right; the face stays in its folder, confirmed."""
    with album.mutex:
        entry = entry_of(album, photo)
        if not 0 <= face < len(entry.crops):
            raise UsageError(f"{photo}: no face {face}")
        box, folder = _checked_box(xyxy_px), was_in(entry, face)
        act = {"do": BOX, "photo": photo, "face": face, "xyxy_px": list(box)}
        labels = _labels_of_move(album, entry, face, box, folder)
        return carry_out(album, labels, act, {photo: drawn(album, act)})


def drawn(album: SortedAlbum, act: Mapping[str, Any]) -> Entry:
    """The photo of an act with the face that it adds, or with the box that it moves."""
    photo, box = str(act["photo"]), _box_of(act)
    entry = album.state.entries[photo]
    faces, crops = list(entry.scan.faces), list(entry.crops)
    if act["do"] == ADD:
        folder, frame = str(act["folder"]), act["frame"]
        face = Face(box, _class_of(folder), 1.0, frame=frame)
        faces.append(_described(album, photo, face))
        crops.append(_crop(album, photo, folder, len(crops)))
        return replace(
            entry,
            scan=replace(entry.scan, faces=tuple(faces)),
            crops=tuple(crops),
            face_targets=(*entry.face_targets, entry.targets[0]),
            human=(*entry.said, folder),
            judged=(*entry.judged, NOT_ENCODED) if album.is_by_person else (),
        )
    number = int(act["face"])
    moved = replace(faces[number], xyxy_px=box, identity=None)
    faces[number] = _described(album, photo, moved)
    crops[number] = _crop(album, photo, was_in(entry, number), number)
    return replace(entry, scan=replace(entry.scan, faces=tuple(faces)), crops=tuple(crops))


def finish_drawing(album: SortedAlbum, workspace: Workspace) -> None:
    """The box of the last act, where a kill came before its photo was filed."""
    act = album.state.learnings[-1].act
    entry = album.state.entries.get(str(act.get("photo")))
    if entry is None or act.get("do") not in (ADD, BOX) or _is_drawn(entry, act):
        return
    labels = album.labels_of([entry.scan.photo])
    wanted = planned(workspace, drawn(album, act), labels, album.sure, {}, album.pool)
    file_anew(workspace, album.filer(), wanted, entry)


def _is_drawn(entry: Entry, act: Mapping[str, Any]) -> bool:
    box = _box_of(act)
    frames = [face.frame for face in entry.scan.faces if face.xyxy_px == box]
    return act.get("frame") in frames if act["do"] == ADD else bool(frames)


def _labels_of_move(
    album: SortedAlbum, entry: Entry, number: int, box: BoxPx, folder: str
) -> list[UserLabel]:
    """What is said of the new box; and that the old one is none, lest the face be found twice."""
    scan, when = entry.scan, now()
    known, copies = album.labels_of([scan.photo]), album.copies_of(scan.photo)
    old = scan.faces[number]
    iou = iou_matrix(as_boxes([old.xyxy_px]), as_boxes([box]))[0, 0]
    if iou >= ONE_BOX_IOU:
        return [known.label(scan, number, folder, when, copies)]
    gone = known.label(scan, number, NOT_A_FACE, when, copies)
    return [
        gone,
        UserLabel(scan.content, box, folder, scan.photo, when, old.frame, exact=True),
    ]


def _described(album: SortedAlbum, photo: str, face: Face) -> Face:
    """``face`` with what tells it from others; as it is, where the album's encoder is not here."""
    learned, encoder = album.state.learned, album.encoder
    if learned is None or encoder is None or encoder.embedder.fingerprint != learned.by:
        return face
    from facesort.album.person.face_encoder import with_identity

    try:
        return with_identity([face], open_whole(album, photo, face.frame), encoder)[0]
    except (FacesortError, OSError):
        return face


def _crop(album: SortedAlbum, photo: str, folder: str, number: int) -> str:
    return album.pool.take(f"faces/{folder}", crop_name(Path(photo).name, 1.0, number))


def _box_of(act: Mapping[str, Any]) -> BoxPx:
    x1, y1, x2, y2 = map(float, act["xyxy_px"])
    return x1, y1, x2, y2


def _checked_box(xyxy_px: BoxPx) -> BoxPx:
    x1, y1, x2, y2 = (round(float(value), 1) for value in xyxy_px)
    if not (x2 - x1 >= SMALLEST_PX and y2 - y1 >= SMALLEST_PX and min(x1, y1) >= 0):
        raise UsageError(f"box {(x1, y1, x2, y2)}: expected {SMALLEST_PX:g} pixels a side or more")
    return x1, y1, x2, y2


def _class_of(folder: str) -> str:
    return folder if folder in CLASS_NAMES else FaceClass.face.name
