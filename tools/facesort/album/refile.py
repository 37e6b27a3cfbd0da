"""Brings a sorted album in line with what the person said: photos follow their faces. Repeatable.

First the new places of a photo are made and journaled, then the old ones go: a kill in between
leaves the photo in both, and the next run finds what is left over. A link only goes if it is as we
made it and its original is there; crops stay where the person put them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from facesort.album.carry_out import Site, write_manifest
from facesort.album.corrections import Changes
from facesort.album.disk import Stamp
from facesort.album.filing import Filer, check_unchanged
from facesort.album.human import HumanLabels
from facesort.album.journal import State
from facesort.album.names import NamePool
from facesort.album.plan import folders_of_faces, photo_folders
from facesort.album.records import Entry, Folders, folder_of
from facesort.album.undo import why_kept
from facesort.errors import FacesortError


def refile(
    site: Site, changes: Changes, labels: HumanLabels, sure: float
) -> tuple[int, dict[str, str]]:
    """Carry ``changes`` out; how many photos changed places, and photo: why one could not.

    ``sure`` is the confidence from which the model's own word counts, for faces of which nobody
    spoke.
    """
    state = site.journal.state
    pool = NamePool([*state.paths(), *site.dst.names_in_use()])
    filer = Filer(site.src, site.dst.root, site.dst.temp_folder, decode_px=0)
    refiled, problems = 0, {}
    for entry in _concerned(state, changes, labels):
        adopted = _adopt(entry, changes.moved)
        wanted = _planned(adopted, labels, sure, pool, state.sorted_into)
        try:
            made = _make(site, filer, wanted, adopted)
        except (FacesortError, OSError) as error:
            problems[entry.scan.photo] = getattr(error, "strerror", None) or str(error)
            continue
        site.journal.filed(wanted, made)
        refiled += set(wanted.targets) != set(entry.targets)
        problems |= _remove_stale(site, entry.scan.photo)
    write_manifest(site)
    site.journal.sync()
    return refiled, problems


def _concerned(state: State, changes: Changes, labels: HumanLabels) -> list[Entry]:
    """Entries that are not as the person said, or of which something was moved or left over."""
    stale = {photo for photo, _ in _stale(state)}
    return [
        entry
        for entry in state.entries.values()
        if entry.scan.photo in stale
        or any(path in changes.moved for path in entry.paths)
        or any(
            said and said != old
            for said, old in zip(labels.of_faces(entry.scan), entry.said, strict=True)
        )
    ]


def _adopt(entry: Entry, moved: Mapping[str, str]) -> Entry:
    """The entry with its files where the person put them."""

    def now(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(moved.get(path, path) for path in paths)

    return replace(
        entry,
        targets=now(entry.targets),
        crops=now(entry.crops),
        face_targets=now(entry.face_targets),
    )


def _planned(
    entry: Entry, labels: HumanLabels, sure: float, pool: NamePool, folders: Folders
) -> Entry:
    """Where the photo belongs now; a place that it has, it keeps."""
    human = labels.of_faces(entry.scan)
    faces = folders_of_faces(entry.scan, sure, human, entry.judged)
    has = {folder_of(path).split("/")[1]: path for path in entry.targets}
    name = Path(entry.scan.photo).name
    targets = {
        folder: has.get(folder) or pool.take(f"photos/{folder}", name)
        for folder in photo_folders(entry.scan, faces, folders)
    }
    first = next(iter(targets.values()))
    return replace(
        entry,
        targets=tuple(targets.values()),
        face_targets=tuple(targets.get(folder, first) for folder in faces),
        human=human if any(human) else (),
    )


def _make(site: Site, filer: Filer, wanted: Entry, adopted: Entry) -> dict[str, Stamp]:
    """Put the photo where it is not yet; the stamps of all that is ours now."""
    root, made = site.dst.root, dict[str, Stamp]()
    new = tuple(path for path in wanted.targets if path not in adopted.targets)
    if new:
        check_unchanged(filer.src, wanted)
        for folder in {folder_of(path) for path in new}:
            if not (root / folder).exists():
                site.journal.folder(folder)
                (root / folder).mkdir()
        filer.put_photo(replace(wanted, targets=new), made)
    kept = {*wanted.crops, *wanted.targets} - made.keys()
    return made | {path: Stamp.of(root / path) for path in kept if os.path.lexists(root / path)}


def _stale(state: State) -> list[tuple[str, str]]:
    """(photo, path) of files of ours that no entry names any more."""
    named: dict[str, set[str]] = defaultdict(set)
    for entry in state.entries.values():
        named[entry.scan.photo].update(entry.paths)
    corrected = {entry.scan.photo for entry in state.entries.values() if entry.human}
    return [
        (photo, path)
        for path, (photo, _) in state.made.items()
        if photo in corrected and path not in named[photo]
    ]


def _remove_stale(site: Site, photo: str) -> dict[str, str]:
    """Remove the photo's former places; path: why one stays."""
    state, kept = site.journal.state, {}
    paths = [path for owner, path in _stale(state) if owner == photo]
    for path in paths:
        final = site.dst.root / path
        if os.path.lexists(final):
            why = why_kept(final, state.made[path][1], photo, state.src)
            if why:
                kept[path] = why
            else:
                final.unlink()
    if paths:
        site.journal.removed(paths)
    return kept
