"""What a person can do to a sorted album, each act at once, journaled, and reversible.

An act is one learning in the journal: its labels are announced there, then kept in the file of
corrections, then the photos and crops concerned follow, then it is closed. A kill in between is
finished by `SortedAlbum.sync`. Other faces stay where they are: they are only suggested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from facesort.album.corrections.api_records import ActResult, ActSummary, Correction, Move
from facesort.album.corrections.relink import file_anew
from facesort.album.corrections.replan import planned
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.names import can_be_folder, folded
from facesort.album.records import NOT_A_FACE, UNSURE, Entry
from facesort.album.state import Learning
from facesort.album.user_labels import ABSENT, NO_BOX, OTHER_FOLDERS, PRESENT, UserLabel, UserLabels
from facesort.album.workspace import Workspace
from facesort.errors import UsageError

ASSIGN, DISMISS, MERGE, ADD, BOX, APART = "assign", "dismiss", "merge", "add", "box", "apart"
PRESENCE = "presence"
LEARNED = "learned"  # from what was moved in a file manager


def assign(
    album: SortedAlbum, corrections: Sequence[Correction], never: Sequence[Correction] = ()
) -> ActResult:
    """Put faces where a person says they belong; a face that is there already is confirmed. Those
    of ``never`` do not belong into their folder: they are unsure, and not suggested for it again.

    Raises `UsageError` for an unknown face or a name that cannot be a folder's."""
    with album.mutex:
        wrong = [Correction(one.photo, one.face, UNSURE) for one in never]
        labels = labels_for(album, [*corrections, *wrong])
        act: dict[str, Any] = {"do": ASSIGN}
        if never:
            act["never"] = [[one.photo, one.face, one.folder] for one in never]
        return carry_out(album, labels, act) if labels else ActResult(ASSIGN)


def dismiss(album: SortedAlbum, faces: Sequence[tuple[str, int]], folder: str) -> ActResult:
    """ "Not this person": the faces are unsure, and never suggested for ``folder`` again."""
    with album.mutex:
        labels = labels_for(album, [Correction(photo, n, UNSURE) for photo, n in faces])
        act = {"do": DISMISS, "folder": folder, "faces": [[p, n] for p, n in faces]}
        return carry_out(album, labels, act) if labels else ActResult(DISMISS)


def merge(album: SortedAlbum, old: str, new: str) -> ActResult:
    """Give all faces and examples of the person ``old`` to ``new``, a known name or a new one.
    Raises `UsageError` where ``old`` is not a person of the album, or ``new`` cannot be one."""
    with album.mutex:
        if old not in album.state.people or not album.is_by_person:
            raise UsageError(f"{old}: no person of this name; expected one of the album's people")
        if new in OTHER_FOLDERS:
            raise UsageError(f"{new}: no person, whose name {old} could get; move the faces there")
        if old == new:
            raise UsageError(f"{old}: has that name already")
        rows = album.table.rows_in(old)
        where = [album.table.where[row] for row in rows.tolist()]
        labels = labels_for(album, [Correction(photo, n, new) for photo, n in where], new)
        labels += _presence_renamed(album, old, new)
        return carry_out(album, labels, {"do": MERGE, "old": old, "new": new})


def set_presence(
    album: SortedAlbum, photos: Sequence[str], person: str, is_there: bool = True
) -> ActResult:
    """``person`` is in ``photos`` although no face shows it; or, said so before, is not.

    Raises `UsageError` for an unknown photo, by class, or for a name that cannot be a folder's."""
    with album.mutex:
        if not album.is_by_person or person in OTHER_FOLDERS:
            raise UsageError(f"{person}: no person; who is in a photo is asked by person only")
        check_folders(album, [person])
        labels = _presence(album, photos, person, is_there)
        act = {"do": PRESENCE, "photos": list(photos), "folder": person, "is_there": is_there}
        return carry_out(album, labels, act) if labels else ActResult(PRESENCE)


def _presence(
    album: SortedAlbum, photos: Iterable[str], person: str, is_there: bool
) -> list[UserLabel]:
    photos, when = list(dict.fromkeys(photos)), now()
    scans = [entry_of(album, photo).scan for photo in photos]
    unread = [scan.photo for scan in scans if not scan.content or scan.problem]
    if unread:
        raise UsageError(f"{unread[0]}: could not be read, so nothing can be said of it")
    known, said = album.labels_of(photos), PRESENT if is_there else ABSENT
    found = []
    for scan in scans:
        label = UserLabel(scan.content, NO_BOX, person, scan.photo, when, exact=True, present=said)
        copies = {*album.copies_of(scan.photo)}
        found.append(replace(label, keeps=tuple(sorted(copies & {*known.beside(label)}))))
        known.add(found[-1])
    return found


def _presence_renamed(album: SortedAlbum, old: str, new: str) -> list[UserLabel]:
    photos = [photo for content in album.spoken_of for photo in album.photos_of.get(content, ())]
    labels = album.labels_of(photos)
    photos = [one for one in photos if old in labels.present(album.state.entries[one].scan)]
    return _presence(album, photos, old, False) + _presence(album, photos, new, True)


def keep_apart(album: SortedAlbum, one: str, other: str) -> ActResult:
    """Two people who look alike are two people; the pair is not suggested again."""
    with album.mutex:
        for name in (one, other):
            if name not in album.state.people:
                raise UsageError(f"{name}: no such person; expected one of the album's people")
        return carry_out(album, [], {"do": APART, "pair": sorted((one, other))})


def history(album: SortedAlbum, most: int = 50) -> list[ActSummary]:
    """The last acts, the latest first."""
    with album.mutex:
        latest = album.state.learnings[::-1][:most]
        return [
            ActSummary(
                one.act.get("do", LEARNED),
                one.labels[-1].when if one.labels else "",
                tuple(Counter(_folders(one)).most_common()),
            )
            for one in latest
        ]


def _folders(one: Learning) -> list[str]:
    """Into which each face went; of a box that was moved, its old place is none."""
    folders = [label.folder for label in UserLabels(one.labels).every]
    is_box = one.act.get("do") == BOX and len(folders) > 1
    return [folder for folder in folders if folder != NOT_A_FACE or not is_box]


def dismissed(album: SortedAlbum) -> set[tuple[str, int, str]]:
    """Photo, face and the folder it must not be suggested for."""
    acts = [one.act for one in album.state.learnings]
    by_itself = [
        [photo, number, act["folder"]]
        for act in acts
        if act.get("do") == DISMISS
        for photo, number in act["faces"]
    ]
    among_others = [one for act in acts for one in act.get("never", ())]
    every = by_itself + among_others
    return {(str(photo), int(number), str(folder)) for photo, number, folder in every}


def kept_apart(album: SortedAlbum) -> set[frozenset[str]]:
    """Pairs of people who are known to be two."""
    return {
        frozenset(map(str, one.act["pair"]))
        for one in album.state.learnings
        if one.act.get("do") == APART
    }


def carry_out(
    album: SortedAlbum,
    labels: Sequence[UserLabel],
    act: dict[str, Any],
    changed: Mapping[str, Entry] | None = None,
) -> ActResult:
    with album.at_work() as workspace:
        workspace.journal.said(labels, act, album.is_redoing)
        album.remember(labels)
        if album.is_by_person:
            names = {label.folder for label in labels} - set(OTHER_FOLDERS)
            workspace.journal.people(sorted(names - {*album.state.people}))
        if act["do"] == MERGE:
            _rename_examples(workspace, act["old"], act["new"])
        contents = dict.fromkeys(label.content for label in labels)
        photos = [photo for content in contents for photo in album.photos_of[content]]
        result = _follow(album, workspace, act["do"], photos, changed or {})
        if act["do"] == MERGE:
            with suppress(OSError):  # nobody is left of that name
                (album.root / "faces" / act["old"]).rmdir()
        workspace.journal.applied()
        workspace.journal.sync()
        return result


def _follow(
    album: SortedAlbum,
    workspace: Workspace,
    kind: str,
    photos: Iterable[str],
    changed: Mapping[str, Entry],
) -> ActResult:
    """Let ``photos`` and their crops follow; ``changed`` are entries with other faces than now."""
    photos = list(photos)
    labels, filer = album.labels_of(photos), album.filer()
    before, problems = folders_now(album, photos), dict[str, str]()
    old_paths = album.paths_of(photos)
    for photo in photos:
        old = album.state.entries[photo]
        base = changed.get(photo, old)
        wanted = planned(workspace, base, labels, album.sure, {}, album.pool)
        problems |= file_anew(workspace, filer, wanted, old)
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


def _rename_examples(workspace: Workspace, old: str, new: str) -> None:
    learned = workspace.journal.state.learned
    if learned is not None:
        examples = (
            replace(one, person=new) if one.person == old else one for one in learned.examples
        )
        workspace.journal.learned(replace(learned, examples=tuple(examples)))


def labels_for(
    album: SortedAlbum, corrections: Sequence[Correction], *folders: str
) -> list[UserLabel]:
    check_folders(album, {*folders, *(one.folder for one in corrections)})
    wanted = {(one.photo, one.face): one.folder for one in corrections}
    photos = dict.fromkeys(photo for photo, _ in wanted)
    when, found = now(), list[UserLabel]()
    for photo in photos:
        entry_of(album, photo)
    known = album.labels_of(photos)
    for (photo, number), folder in wanted.items():
        scan = album.state.entries[photo].scan
        if not 0 <= number < len(scan.faces):
            raise UsageError(f"{photo}: no face {number}")
        found.append(known.label(scan, number, folder, when, album.copies_of(photo)))
        known.add(found[-1])
    return found


def now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def entry_of(album: SortedAlbum, photo: str) -> Entry:
    try:
        return album.state.entries[photo]
    except KeyError:
        raise UsageError(f"{photo}: no photo of this album") from None


def check_folders(album: SortedAlbum, folders: Iterable[str]) -> None:
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
