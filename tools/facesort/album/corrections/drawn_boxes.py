"""Boxes by hand: a face that the model has missed, a box that is not where the face is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facesort.album.corrections.acts import (
    ADD,
    BOX,
    carry_out,
    check_folders,
    entry_of,
    label_of_face,
)
from facesort.album.corrections.changes import was_in
from facesort.album.corrections.records import ActResult, BoxPx
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.person.classify import NOT_ENCODED
from facesort.album.plan import crop_name
from facesort.album.records import Face
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.errors import UsageError

SMALLEST_PX = 4.0


def add_face(
    album: SortedAlbum, photo: str, xyxy_px: BoxPx, folder: str, frame: int | None = None
) -> ActResult:
    """A face that the model has missed, drawn by hand in pixels of the upright photo."""
    with album.mutex:
        entry = entry_of(album, photo)
        box = _checked_box(xyxy_px)
        check_folders(album, [folder])
        face = Face(box, _class_of(folder), 1.0, frame=frame)
        name = crop_name(Path(photo).name, 1.0, len(entry.crops))
        wider = replace(
            entry,
            scan=replace(entry.scan, faces=(*entry.scan.faces, face)),
            crops=(*entry.crops, album.pool.take(f"faces/{folder}", name)),
            face_targets=(*entry.face_targets, entry.targets[0]),
            human=(*entry.said, folder),
            judged=(*entry.judged, NOT_ENCODED) if album.is_by_person else (),
        )
        act = {"do": ADD, "photo": photo, "xyxy_px": list(box), "folder": folder, "frame": frame}
        labels = [label_of_face(wider, len(entry.crops), folder)]
        return carry_out(album, labels, act, {photo: wider})


def move_box(album: SortedAlbum, photo: str, face: int, xyxy_px: BoxPx) -> ActResult:
    """Put the box of a face right; the face stays in its folder, confirmed."""
    with album.mutex:
        entry = entry_of(album, photo)
        if not 0 <= face < len(entry.crops):
            raise UsageError(f"{photo}: no face {face}")
        box, folder = _checked_box(xyxy_px), was_in(entry, face)
        faces, crops = list(entry.scan.faces), list(entry.crops)
        faces[face] = replace(faces[face], xyxy_px=box, identity=None)
        crops[face] = album.pool.take(f"faces/{folder}", crop_name(Path(photo).name, 1.0, face))
        moved = replace(entry, scan=replace(entry.scan, faces=tuple(faces)), crops=tuple(crops))
        act = {"do": BOX, "photo": photo, "face": face, "xyxy_px": list(box)}
        return carry_out(album, [label_of_face(moved, face, folder)], act, {photo: moved})


def _checked_box(xyxy_px: BoxPx) -> BoxPx:
    x1, y1, x2, y2 = (round(float(value), 1) for value in xyxy_px)
    if not (x2 - x1 >= SMALLEST_PX and y2 - y1 >= SMALLEST_PX and min(x1, y1) >= 0):
        raise UsageError(f"box {(x1, y1, x2, y2)}: expected {SMALLEST_PX:g} pixels a side or more")
    return x1, y1, x2, y2


def _class_of(folder: str) -> str:
    return folder if folder in CLASS_NAMES else FaceClass.face.name
