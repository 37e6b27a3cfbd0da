"""What a person can do to a sorted album, each act at once, journaled, and reversible.

An act is one learning in the journal: its labels are announced there, then kept in the file of
corrections, then the photos and crops concerned follow, then it is closed. A kill in between is
finished by `SortedAlbum.sync`. Other faces stay where they are: they are only suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from facesort.album.carry_out import Site
from facesort.album.corrections.records import ActResult, ActSummary, BoxPx, Correction, Move
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.human import OTHER_FOLDERS, HumanLabel
from facesort.album.learning.corrections import was_in
from facesort.album.learning.refile import file_anew, planned
from facesort.album.names import can_be_folder, folded
from facesort.album.person.judge import NOT_DESCRIBED
from facesort.album.plan import crop_name
from facesort.album.records import UNSURE, Entry, Face
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.errors import UsageError

ASSIGN, DISMISS, MERGE, ADD, BOX, APART = "assign", "dismiss", "merge", "add", "box", "apart"
LEARNED = "learned"  # from what was moved in a file manager
SMALLEST_PX = 4.0


def assign(album: SortedAlbum, corrections: Sequence[Correction]) -> ActResult:
    """Put faces where a person says they belong; a face that is there already is confirmed.

    Raises `UsageError` for an unknown face or a name that cannot be a folder's."""
    with album.mutex:
        labels = _labels(album, corrections)
        return _carry_out(album, labels, {"do": ASSIGN}) if labels else ActResult(ASSIGN)


def dismiss(album: SortedAlbum, faces: Sequence[tuple[str, int]], folder: str) -> ActResult:
    """ "Not this person": the faces are unsure, and never suggested for ``folder`` again."""
    with album.mutex:
        labels = _labels(album, [Correction(photo, n, UNSURE) for photo, n in faces])
        act = {"do": DISMISS, "folder": folder, "faces": [[p, n] for p, n in faces]}
        return _carry_out(album, labels, act) if labels else ActResult(DISMISS)


def merge(album: SortedAlbum, old: str, new: str) -> ActResult:
    """All faces of the person ``old`` are ``new``'s, a name of somebody or a new one; so are the
    examples. Raises `UsageError` where ``old`` is nobody."""
    with album.mutex:
        if old not in album.state.people or not album.is_by_person:
            raise UsageError(f"{old}: nobody of this name; expected one of the album's people")
        if old == new:
            raise UsageError(f"{old}: has that name already")
        rows = album.table.rows_in(old)
        where = [album.table.where[row] for row in rows.tolist()]
        labels = _labels(album, [Correction(photo, n, new) for photo, n in where], new)
        return _carry_out(album, labels, {"do": MERGE, "old": old, "new": new})


def add_face(
    album: SortedAlbum, photo: str, xyxy_px: BoxPx, folder: str, frame: int | None = None
) -> ActResult:
    """A face that the model has missed, drawn by hand in pixels of the upright photo."""
    with album.mutex:
        entry = _entry(album, photo)
        box = _checked_box(xyxy_px)
        _check_folders(album, [folder])
        face = Face(box, _class_of(folder), 1.0, frame=frame)
        name = crop_name(Path(photo).name, 1.0, len(entry.crops))
        wider = replace(
            entry,
            scan=replace(entry.scan, faces=(*entry.scan.faces, face)),
            crops=(*entry.crops, album.pool.take(f"faces/{folder}", name)),
            face_targets=(*entry.face_targets, entry.targets[0]),
            human=(*entry.said, folder),
            judged=(*entry.judged, NOT_DESCRIBED) if album.is_by_person else (),
        )
        act = {"do": ADD, "photo": photo, "xyxy_px": list(box), "folder": folder, "frame": frame}
        labels = [_label(wider, len(entry.crops), folder)]
        return _carry_out(album, labels, act, {photo: wider})


def move_box(album: SortedAlbum, photo: str, face: int, xyxy_px: BoxPx) -> ActResult:
    """Put the box of a face right; the face stays in its folder, confirmed."""
    with album.mutex:
        entry = _entry(album, photo)
        if not 0 <= face < len(entry.crops):
            raise UsageError(f"{photo}: no face {face}")
        box, folder = _checked_box(xyxy_px), was_in(entry, face)
        faces, crops = list(entry.scan.faces), list(entry.crops)
        faces[face] = replace(faces[face], xyxy_px=box, identity=None)
        crops[face] = album.pool.take(f"faces/{folder}", crop_name(Path(photo).name, 1.0, face))
        moved = replace(entry, scan=replace(entry.scan, faces=tuple(faces)), crops=tuple(crops))
        act = {"do": BOX, "photo": photo, "face": face, "xyxy_px": list(box)}
        return _carry_out(album, [_label(moved, face, folder)], act, {photo: moved})


def keep_apart(album: SortedAlbum, one: str, other: str) -> ActResult:
    """Two people who look alike are two people; the pair is not suggested again."""
    with album.mutex:
        for name in (one, other):
            if name not in album.state.people:
                raise UsageError(f"{name}: nobody of this name; expected one of the album's people")
        return _carry_out(album, [], {"do": APART, "pair": sorted((one, other))})


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
    album: SortedAlbum, kind: str, act: dict[str, Any], labels: Sequence[HumanLabel]
) -> ActResult:
    if kind == DISMISS:
        return dismiss(album, [(str(p), int(n)) for p, n in act["faces"]], str(act["folder"]))
    if kind == APART:
        return keep_apart(album, *map(str, act["pair"]))
    if kind == MERGE:
        return merge(album, str(act["old"]), str(act["new"]))
    if kind == ADD:
        x1, y1, x2, y2 = act["xyxy_px"]
        return add_face(album, act["photo"], (x1, y1, x2, y2), act["folder"], act["frame"])
    if kind == BOX:
        x1, y1, x2, y2 = act["xyxy_px"]
        return move_box(album, act["photo"], act["face"], (x1, y1, x2, y2))
    places = {
        (face.xyxy_px, face.frame, photo): number
        for photo in {label.photo for label in labels} & album.state.entries.keys()
        for number, face in enumerate(album.state.entries[photo].scan.faces)
    }
    found = [(places.get((one.xyxy_px, one.frame, one.photo)), one) for one in labels]
    return assign(
        album, [Correction(one.photo, n, one.folder) for n, one in found if n is not None]
    )


def history(album: SortedAlbum, most: int = 50) -> list[ActSummary]:
    """The last acts, the latest first."""
    with album.mutex:
        latest = album.state.learnings[::-1][:most]
        return [
            ActSummary(
                one.act.get("do", LEARNED),
                one.labels[-1].when if one.labels else "",
                tuple(Counter(label.folder for label in one.labels).most_common()),
            )
            for one in latest
        ]


def dismissed(album: SortedAlbum) -> set[tuple[str, int, str]]:
    """Photo, face and the folder it must not be suggested for."""
    return {
        (str(photo), int(number), str(one.act["folder"]))
        for one in album.state.learnings
        if one.act.get("do") == DISMISS
        for photo, number in one.act["faces"]
    }


def kept_apart(album: SortedAlbum) -> set[frozenset[str]]:
    """Pairs of people who are known to be two."""
    return {
        frozenset(map(str, one.act["pair"]))
        for one in album.state.learnings
        if one.act.get("do") == APART
    }


def _carry_out(
    album: SortedAlbum,
    labels: Sequence[HumanLabel],
    act: dict[str, Any],
    changed: Mapping[str, Entry] | None = None,
) -> ActResult:
    with album.at_work() as site:
        site.journal.said(labels, act, album.is_redoing)
        album.remember(labels)
        if album.is_by_person:
            names = {label.folder for label in labels} - set(OTHER_FOLDERS)
            site.journal.people(sorted(names - {*album.state.people}))
        if act["do"] == MERGE:
            _rename_examples(site, act["old"], act["new"])
        contents = dict.fromkeys(label.content for label in labels)
        photos = [photo for content in contents for photo in album.photos_of[content]]
        result = _follow(album, site, act["do"], photos, changed or {})
        site.journal.applied()
        site.journal.sync()
        return result


def _follow(
    album: SortedAlbum, site: Site, kind: str, photos: Iterable[str], changed: Mapping[str, Entry]
) -> ActResult:
    """Let ``photos`` and their crops follow; ``changed`` are entries with other faces than now."""
    photos = list(photos)
    labels, filer = album.labels_of(photos), album.filer()
    before, problems = folders_now(album, photos), dict[str, str]()
    old_paths = album.paths_of(photos)
    for photo in photos:
        old = album.state.entries[photo]
        base = changed.get(photo, old)
        wanted = planned(site, base, labels, album.sure, {}, album.pool)
        problems |= file_anew(site, filer, wanted, old)
    album.changed(photos, old_paths)
    return ActResult(kind, moves(before, folders_now(album, photos)), problems)


def folders_now(album: SortedAlbum, photos: Iterable[str]) -> dict[str, str]:
    """The folder of each face of ``photos``, by the face's id."""
    table = album.table
    rows = [row for photo in photos for row in table.rows_of_photo.get(photo, ())]
    return {table.ids[row]: table.folders[int(table.folder[row])] for row in rows}


def moves(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Move, ...]:
    every = dict.fromkeys([*before, *after])
    found = (Move(face, before.get(face, ""), after.get(face, "")) for face in every)
    return tuple(one for one in found if one.before != one.after)


def _rename_examples(site: Site, old: str, new: str) -> None:
    learned = site.journal.state.learned
    if learned is not None:
        examples = (
            replace(one, person=new) if one.person == old else one for one in learned.examples
        )
        site.journal.learned(replace(learned, examples=tuple(examples)))


def _labels(
    album: SortedAlbum, corrections: Sequence[Correction], *folders: str
) -> list[HumanLabel]:
    _check_folders(album, {*folders, *(one.folder for one in corrections)})
    found: dict[tuple[str, int], HumanLabel] = {}
    for one in corrections:
        entry = _entry(album, one.photo)
        if not 0 <= one.face < len(entry.scan.faces):
            raise UsageError(f"{one.photo}: no face {one.face}")
        found[one.photo, one.face] = _label(entry, one.face, one.folder)
    return list(found.values())


def _label(entry: Entry, number: int, folder: str) -> HumanLabel:
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    scan, face = entry.scan, entry.scan.faces[number]
    return HumanLabel(scan.content, face.xyxy_px, folder, scan.photo, when, face.frame)


def _entry(album: SortedAlbum, photo: str) -> Entry:
    try:
        return album.state.entries[photo]
    except KeyError:
        raise UsageError(f"{photo}: no photo of this album") from None


def _check_folders(album: SortedAlbum, folders: Iterable[str]) -> None:
    """Raise `UsageError` unless each is a folder for faces or can become a person's."""
    for folder in folders:
        if folder in album.state.sorted_into.faces:
            continue
        if not album.is_by_person:
            names = ", ".join(album.state.sorted_into.faces)
            raise UsageError(f"{folder!r}: no class; expected one of {names}")
        if not can_be_folder(folder) or len(folder.encode()) > 200:
            raise UsageError(f"{folder!r}: cannot be the name of a person's folder; choose another")
        twins = [name for name in album.state.people if folded(name) == folded(folder)]
        if twins:
            raise UsageError(
                f"{folder!r}: there is {twins[0]!r} already, which only looks different"
            )


def _checked_box(xyxy_px: BoxPx) -> BoxPx:
    x1, y1, x2, y2 = (round(float(value), 1) for value in xyxy_px)
    if not (x2 - x1 >= SMALLEST_PX and y2 - y1 >= SMALLEST_PX and min(x1, y1) >= 0):
        raise UsageError(f"box {(x1, y1, x2, y2)}: expected {SMALLEST_PX:g} pixels a side or more")
    return x1, y1, x2, y2


def _class_of(folder: str) -> str:
    return folder if folder in CLASS_NAMES else FaceClass.face.name
