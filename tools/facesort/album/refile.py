"""Brings a sorted album in line with what the person said: photos follow their faces. Repeatable.

First the new places of a photo are announced, made and journaled, then the old ones go: a kill in
between leaves the photo in both, and the next run finds what is left over. A link only goes if it
is as we made it and its original is there; crops stay where the person put them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from facesort.album.carry_out import Site, write_manifest
from facesort.album.corrections import Changes
from facesort.album.disk import Stamp, is_same_bytes, is_same_photo, put_bytes
from facesort.album.filing import Filer, check_unchanged
from facesort.album.human import HumanLabels
from facesort.album.journal import State
from facesort.album.judge import NOT_DESCRIBED
from facesort.album.names import NamePool
from facesort.album.plan import crop_name, folders_of_faces, photo_folders, placed
from facesort.album.records import STRANGERS, UNSURE, Entry, Judged, folder_of
from facesort.album.subject import PhotoRules
from facesort.album.undo import why_kept
from facesort.errors import FacesortError

NOBODYS = (UNSURE, STRANGERS)
Words = Mapping[str, tuple[Judged, ...]]  # photo: the model's word on each face


def refile(
    site: Site, changes: Changes, labels: HumanLabels, sure: float, words: Words
) -> tuple[int, dict[str, str]]:
    """Carry ``changes`` out; how many photos changed places, and photo: why one could not.

    Of faces of which nobody spoke, the model's own word counts: by class from the confidence
    ``sure`` on; by person, ``words`` is what it says now.
    """
    state = site.journal.state
    pool = NamePool([*state.paths(), *site.dst.names_in_use()])
    filer = Filer(site.src, site.dst.root, site.dst.temp_folder, decode_px=0)
    refiled, problems = 0, {}
    for entry in _concerned(state, changes, labels, words):
        adopted = _adopt(entry, changes.moved)
        wanted = _planned(site, adopted, labels, sure, words, pool)
        left = {*entry.left, *entry.paths, *adopted.paths} & state.made.keys()
        wanted = replace(wanted, left=tuple(sorted(left - set(wanted.paths))))
        try:
            made = _make(site, filer, wanted, adopted)
        except (FacesortError, OSError) as error:
            problems[entry.scan.photo] = getattr(error, "strerror", None) or str(error)
            continue
        site.journal.filed(wanted, made)
        refiled += set(wanted.targets) != set(entry.targets)
        problems |= _remove_left(site, wanted)
    write_manifest(site)
    site.journal.sync()
    return refiled, problems


def clear_unfinished(site: Site) -> None:
    """Remove what a killed run put into a new place and did not get to journal; it comes again."""
    state, root = site.journal.state, site.dst.root
    for path, photo in state.making.items():
        with suppress(OSError):
            if path.startswith("faces/"):
                crops = [root / crop for crop in state.entries[photo].crops]
                is_ours = any(is_same_bytes(crop.read_bytes(), root / path) for crop in crops)
            else:
                is_ours = is_same_photo(site.src / photo, root / path)
            if is_ours:
                (root / path).unlink()
    if state.making:
        site.journal.removed(list(state.making))


def moved_by_others(state: State, labels: HumanLabels, words: Words) -> list[tuple[str, str]]:
    """Crops of which nobody spoke and that go elsewhere, by what was learned: path, new folder."""
    return [
        (entry.crops[number], words[photo][number].folder)
        for photo, entry in state.entries.items()
        if photo in words
        for number, said in enumerate(labels.of_faces(entry.scan))
        if not said and _is_new(entry.judged[number], words[photo][number])
    ]


def _is_new(old: Judged, word: Judged) -> bool:
    """A face with a name leaves that folder for somebody else's, never for nobody's: the person
    has seen it there, and let it stand."""
    named_no_more = word.folder in NOBODYS and old.folder not in NOBODYS
    return word != NOT_DESCRIBED and word.folder != old.folder and not named_no_more


def _concerned(state: State, changes: Changes, labels: HumanLabels, words: Words) -> list[Entry]:
    """Entries that are not as the person said, or of which something was moved or left over."""
    others = {path for path, _ in moved_by_others(state, labels, words)}
    return [
        entry
        for entry in state.entries.values()
        if any(path in state.made for path in entry.left)
        or any(path in changes.moved or path in others for path in entry.paths)
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
    site: Site, entry: Entry, labels: HumanLabels, sure: float, words: Words, pool: NamePool
) -> Entry:
    """Where the photo and its crops belong now; a place that is right already, they keep."""
    human = labels.of_faces(entry.scan)
    judged = _words_of(entry, words)
    faces = folders_of_faces(entry.scan, sure, human, judged)
    has = {folder_of(path).split("/")[1]: path for path in entry.targets}
    name, seen = Path(entry.scan.photo).name, entry.scan.faces
    rules = PhotoRules.of_options(site.journal.state.options)
    counting = rules.folders(seen, faces, human)
    targets = {
        folder: has.get(folder)
        or pool.take(f"photos/{folder}", rules.name(name, folder, seen, faces))
        for folder in photo_folders(entry.scan, counting, site.journal.state.sorted_into)
    }
    crops = list(entry.crops)
    for number, word in enumerate(judged):
        if _is_new(entry.judged[number], word) and not human[number]:
            if (site.dst.root / crops[number]).is_file():  # the person deletes for good
                new_name = crop_name(name, word.certainty, number)
                crops[number] = pool.take(f"faces/{word.folder}", new_name)
    return placed(replace(entry, judged=judged), targets, crops, faces, human)


def _words_of(entry: Entry, words: Words) -> tuple[Judged, ...]:
    now = words.get(entry.scan.photo, entry.judged)
    pairs = zip(entry.judged, now, strict=True)
    return tuple(word if _is_new(old, word) else old for old, word in pairs)


def _make(site: Site, filer: Filer, wanted: Entry, adopted: Entry) -> dict[str, Stamp]:
    """Put the photo and its crops where they are not yet; the stamps of all that is ours now."""
    root, made = site.dst.root, dict[str, Stamp]()
    targets = tuple(path for path in wanted.targets if path not in adopted.targets)
    crops = [(old, new) for old, new in zip(adopted.crops, wanted.crops, strict=True) if old != new]
    new = [*targets, *(path for _, path in crops)]
    if new:
        check_unchanged(filer.src, wanted)
        site.journal.making(wanted.scan.photo, new)
        for folder in {folder_of(path) for path in new}:
            if not (root / folder).exists():
                site.journal.folder(folder)
                (root / folder).mkdir()
        filer.put_photo(replace(wanted, targets=targets), made)
        for crop, path in crops:
            put_bytes((root / crop).read_bytes(), root / path, site.dst.temp_folder)
            made[path] = Stamp.of(root / path)
    kept = {*wanted.crops, *wanted.targets} - made.keys()
    return made | {path: Stamp.of(root / path) for path in kept if os.path.lexists(root / path)}


def _remove_left(site: Site, entry: Entry) -> dict[str, str]:
    """Remove the former places; path: why one stays."""
    state, kept = site.journal.state, {}
    paths = [path for path in entry.left if path in state.made]
    for path in paths:
        final = site.dst.root / path
        if os.path.lexists(final):
            photo = None if path.startswith("faces/") else entry.scan.photo
            why = why_kept(final, state.made[path][1], photo, state.src)
            if why:
                kept[path] = why
            else:
                final.unlink()
    if paths:
        site.journal.removed(paths)
    return kept
