"""Brings a sorted album in line with what the person said: photos follow their faces. Repeatable.

First the new places of a photo are announced, made and journaled, then the old ones go: a kill in
between leaves the photo in both, and the next run finds what is left over. A link only goes if it
is as we made it and its original is there; crops stay in the folder where the person put them, and
are named anew where they no longer lie in order: by name, what is least certain comes first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from facesort.album.corrections.changes import Changes, stem_sidecar
from facesort.album.corrections.replan import Words, concerned_entries, planned
from facesort.album.disk import FileSignature, is_same_photo, put_bytes, put_photo
from facesort.album.executor import PlanExecutor, check_unchanged, write_manifest
from facesort.album.link_modes import HARD
from facesort.album.names import NamePool
from facesort.album.records import BoxPx, Entry, folder_of
from facesort.album.state import State
from facesort.album.undo import remove_sidecars, why_kept
from facesort.album.user_labels import UserLabels
from facesort.album.workspace import Workspace
from facesort.errors import FacesortError
from facesort.photos.xmp import SIDECAR


def relink(
    workspace: Workspace, changes: Changes, labels: UserLabels, sure: float, words: Words
) -> tuple[int, dict[str, str]]:
    """Carry ``changes`` out; how many photos changed places, and photo: why one could not.

    For faces without a correction, the model's prediction counts: by class from the confidence
    ``sure`` on; by person, ``words`` is what it says now.
    """
    state = workspace.journal.state
    pool = NamePool([*state.paths(), *workspace.dst.names_in_use()])
    filer = PlanExecutor(workspace.src, workspace.dst.root, workspace.dst.temp_folder, decode_px=0)
    refiled, problems, is_whole = 0, dict[str, str](), True
    # what was packed into a folder of a folder since `unpack` looked is found the next time
    changes.moved = {old: new for old, new in changes.moved.items() if new.count("/") == 2}
    concerned = concerned_entries(workspace, changes, labels, words)
    if concerned and not state.is_learning:
        workspace.journal.said([])
    for entry in concerned:
        try:
            _check_in_place(workspace, entry, changes)
            adopted = adopt(workspace, entry, changes.moved)
        except FileNotFoundError as error:
            problems[entry.scan.photo] = f"{error.filename}: was moved meanwhile; run again"
            is_whole = False  # perhaps back where it was: the next run must see that (`put_back`)
            continue
        wanted = planned(workspace, adopted, labels, sure, words, pool)
        why = file_anew(workspace, filer, wanted, adopted)
        if not why:
            refiled += set(wanted.targets) != set(entry.targets)
        problems |= why
    remove_stale_sidecars(workspace)
    _remove_empty_folders(workspace)
    write_manifest(workspace)
    if state.is_learning and is_whole:
        workspace.journal.applied()
    workspace.journal.sync()
    return refiled, problems


def file_anew(
    workspace: Workspace, filer: PlanExecutor, wanted: Entry, old: Entry
) -> dict[str, str]:
    """Take a photo and its crops from the places of ``old`` to those of ``wanted``; what: why it
    could not be done, or why an old place stays."""
    left = {*old.left, *old.paths} & workspace.journal.state.made.keys()
    wanted = replace(wanted, left=tuple(sorted(left - set(wanted.paths))))
    try:
        made = _make(workspace, filer, wanted, old)
    except (FacesortError, OSError) as error:
        return {wanted.scan.photo: getattr(error, "strerror", None) or str(error)}
    workspace.journal.filed(wanted, made)
    return _remove_left(workspace, wanted)


def remove_stale_sidecars(workspace: Workspace) -> None:
    """Of photos that are elsewhere now; what the others say is brought up to date on request."""
    targets = [path for entry in workspace.journal.state.entries.values() for path in entry.targets]
    keep = {f"{path}{SIDECAR}" for path in targets} | {stem_sidecar(path) for path in targets}
    remove_sidecars(workspace.dst, workspace.journal.state, keep=keep)


def _remove_empty_folders(workspace: Workspace) -> None:
    """Of photos; an empty one in faces/ is there to drag into."""
    for folder in workspace.journal.state.folders:
        if folder.startswith("photos/"):
            with suppress(OSError):
                (workspace.dst.root / folder).rmdir()


def _check_in_place(workspace: Workspace, entry: Entry, changes: Changes) -> None:
    """Raise `FileNotFoundError` for a crop that the person has moved since ``changes`` were found:
    perhaps to where its photo is just going, which then would not count as said."""
    for crop in entry.crops:
        if crop not in changes.gone:
            os.stat(workspace.dst.root / crop)


def adopt(workspace: Workspace, entry: Entry, moved: Mapping[str, str]) -> Entry:
    """The entry with its files where the person put them, which are ours to look after there."""

    def now(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(moved.get(path, path) for path in paths)

    crops, targets = now(entry.crops), now(entry.targets)
    if (crops, targets) == (entry.crops, entry.targets):
        return entry
    left = {*entry.left, *entry.paths} & workspace.journal.state.made.keys()
    adopted = replace(
        entry,
        targets=targets,
        crops=crops,
        face_targets=now(entry.face_targets),
        left=tuple(sorted(left - {*crops, *targets})),
    )
    new = {*adopted.paths} - {*entry.paths}
    workspace.journal.filed(
        adopted, {path: FileSignature.of(workspace.dst.root / path) for path in sorted(new)}
    )
    return adopted


def clear_unfinished(workspace: Workspace) -> None:
    """Remove what a killed run put into a new place and did not get to journal; it comes again."""
    state, root = workspace.journal.state, workspace.dst.root
    for path, photo in state.making.items():
        with suppress(OSError):
            if path.startswith("faces/"):
                is_ours = _is_a_crop(state, state.entries[photo], root / path)
            else:
                is_ours = is_same_photo(workspace.src / photo, root / path)
            if is_ours:
                (root / path).unlink()
    if state.making:
        workspace.journal.removed(list(state.making))


def _is_a_crop(state: State, entry: Entry, path: Path) -> bool:
    """Is it a link to or a copy of one of the entry's crops, wherever the person has put that?"""
    known = [state.made[crop][1] for crop in entry.crops if crop in state.made]
    return any(FileSignature.of(path).same_content(signature) for signature in known)


def _make(
    workspace: Workspace, filer: PlanExecutor, wanted: Entry, adopted: Entry
) -> dict[str, FileSignature]:
    """Put the photo and its crops where they are not yet; the stamps of all that is ours now."""
    root, made = workspace.dst.root, dict[str, FileSignature]()
    targets = tuple(path for path in wanted.targets if path not in adopted.targets)
    pairs = _pairs(adopted, wanted)
    moving = [(old, new) for old, new in pairs if old and old != new]
    crops = [(old, new) for old, new in moving if (root / old).is_file()]
    # gone, or moved on by the person this very moment: by its stamp it is found again
    known = workspace.journal.state.made
    made |= {new: known[old][1] for old, new in {*moving} - {*crops} if old in known}
    to_cut = [n for n, (old, _) in enumerate(pairs) if old is None]
    new = [*targets, *(path for _, path in crops), *(wanted.crops[n] for n in to_cut)]
    if new:
        check_unchanged(filer.src, wanted)
        workspace.journal.making(wanted.scan.photo, new)
        for folder in {folder_of(path) for path in new}:
            if not (root / folder).exists():
                workspace.journal.folder(folder)
                (root / folder).mkdir(exist_ok=True)
        filer.put_photo(replace(wanted, targets=targets), made)
        for crop, path in crops:
            put_photo(root / crop, root / path, HARD, workspace.dst.temp_folder)
            made[path] = FileSignature.of(root / path)
        jpegs = filer.crops(wanted) if to_cut else []
        for n in to_cut:
            put_bytes(jpegs[n], root / wanted.crops[n], workspace.dst.temp_folder)
            made[wanted.crops[n]] = FileSignature.of(root / wanted.crops[n])
    kept = {*wanted.crops, *wanted.targets} - made.keys()
    return made | {
        path: FileSignature.of(root / path) for path in kept if os.path.lexists(root / path)
    }


def _pairs(old: Entry, new: Entry) -> list[tuple[str | None, str]]:
    """The old and the new crop of each face of ``new``; None for one that was drawn or moved."""
    before, now = map(_places, (old, new))
    if before == now:
        return list(zip(old.crops, new.crops, strict=True))
    known = dict(zip(before, old.crops, strict=True))
    return [(known.get(place), crop) for place, crop in zip(now, new.crops, strict=True)]


def _places(entry: Entry) -> list[tuple[BoxPx, int | None]]:
    return [(face.xyxy_px, face.frame) for face in entry.scan.faces]


def _remove_left(workspace: Workspace, entry: Entry) -> dict[str, str]:
    """Remove the former places; path: why one stays."""
    state, kept = workspace.journal.state, {}
    paths = [path for path in entry.left if path in state.made]
    for path in paths:
        final = workspace.dst.root / path
        if os.path.lexists(final):
            photo = None if path.startswith("faces/") else entry.scan.photo
            why = why_kept(final, state.made[path][1], photo, state.src)
            if why:
                kept[path] = why
            else:
                final.unlink()
    if paths:
        workspace.journal.removed(paths)
    return kept
