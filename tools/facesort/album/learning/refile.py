"""Brings a sorted album in line with what the person said: photos follow their faces. Repeatable.

First the new places of a photo are announced, made and journaled, then the old ones go: a kill in
between leaves the photo in both, and the next run finds what is left over. A link only goes if it
is as we made it and its original is there; crops stay in the folder where the person put them, and
are named anew where they no longer lie in order: by name, what is least certain comes first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from facesort.album.carry_out import Site, write_manifest
from facesort.album.disk import Stamp, is_same_bytes, is_same_photo, put_bytes, put_photo
from facesort.album.filing import Filer, check_unchanged
from facesort.album.human import HumanLabels
from facesort.album.learning.corrections import SIDECAR, Changes
from facesort.album.names import NamePool
from facesort.album.person.judge import NOT_DESCRIBED
from facesort.album.plan import crop_name, folders_of_faces, photo_folders, placed
from facesort.album.records import HARD, STRANGERS, UNSURE, BoxPx, Entry, Judged, folder_of
from facesort.album.state import State
from facesort.album.subject import PhotoRules
from facesort.album.undo import remove_sidecars, why_kept
from facesort.errors import FacesortError

NOBODYS = (UNSURE, STRANGERS)
OUT_OF_ORDER = 0.1  # a certainty that changed by so much gives the crop another name
SURE = "999_"  # how the name of a crop begins of which a person has spoken
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
    refiled, problems = 0, dict[str, str]()
    concerned = _concerned(site, changes, labels, words)
    if concerned and not state.is_learning:
        site.journal.said([])
    for entry in concerned:
        adopted = adopt(site, entry, changes.moved)
        wanted = planned(site, adopted, labels, sure, words, pool)
        why = file_anew(site, filer, wanted, adopted)
        if not why:
            refiled += set(wanted.targets) != set(entry.targets)
        problems |= why
    remove_stale_sidecars(site)
    _remove_empty_folders(site)
    write_manifest(site)
    if state.is_learning:
        site.journal.applied()
    site.journal.sync()
    return refiled, problems


def file_anew(site: Site, filer: Filer, wanted: Entry, old: Entry) -> dict[str, str]:
    """Take a photo and its crops from the places of ``old`` to those of ``wanted``; what: why it
    could not be done, or why an old place stays."""
    left = {*old.left, *old.paths} & site.journal.state.made.keys()
    wanted = replace(wanted, left=tuple(sorted(left - set(wanted.paths))))
    try:
        made = _make(site, filer, wanted, old)
    except (FacesortError, OSError) as error:
        return {wanted.scan.photo: getattr(error, "strerror", None) or str(error)}
    site.journal.filed(wanted, made)
    return _remove_left(site, wanted)


def remove_stale_sidecars(site: Site) -> None:
    """Of photos that are elsewhere now; what the others say is brought up to date on request."""
    targets = [path for entry in site.journal.state.entries.values() for path in entry.targets]
    remove_sidecars(site.dst, site.journal.state, keep={f"{path}{SIDECAR}" for path in targets})


def _remove_empty_folders(site: Site) -> None:
    """Of photos; an empty one in faces/ is there to drag into."""
    for folder in site.journal.state.folders:
        if folder.startswith("photos/"):
            with suppress(OSError):
                (site.dst.root / folder).rmdir()


def adopt(site: Site, entry: Entry, moved: Mapping[str, str]) -> Entry:
    """The entry with its files where the person put them, which are ours to look after there."""

    def now(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(moved.get(path, path) for path in paths)

    crops, targets = now(entry.crops), now(entry.targets)
    if (crops, targets) == (entry.crops, entry.targets):
        return entry
    left = {*entry.left, *entry.paths} & site.journal.state.made.keys()
    adopted = replace(
        entry,
        targets=targets,
        crops=crops,
        face_targets=now(entry.face_targets),
        left=tuple(sorted(left - {*crops, *targets})),
    )
    new = {*adopted.paths} - {*entry.paths}
    site.journal.filed(adopted, {path: Stamp.of(site.dst.root / path) for path in sorted(new)})
    return adopted


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


def _concerned(site: Site, changes: Changes, labels: HumanLabels, words: Words) -> list[Entry]:
    """Entries that are not as the person said, or of which something was moved or left over."""
    state = site.journal.state
    others = {path for path, _ in moved_by_others(state, labels, words)}
    return [
        entry
        for entry in state.entries.values()
        if any(path in state.made for path in entry.left)
        or any(path in changes.moved or path in others for path in entry.paths)
        or _is_unlike(site.dst.root, entry, labels.of_faces(entry.scan), words)
    ]


def _is_unlike(root: Path, entry: Entry, human: Sequence[str], words: Words) -> bool:
    """Is a face not as the person said, or its crop not where it belongs by folder and name?"""
    return any(
        said and (said != old or (_is_misplaced(crop, said) and (root / crop).is_file()))
        for said, old, crop in zip(human, entry.said, entry.crops, strict=True)
    ) or any(
        not said and old != word
        for said, old, word in zip(human, entry.judged, _words_of(entry, words), strict=False)
    )


def _is_misplaced(crop: str, said: str) -> bool:
    return _named_unsure(crop) or folder_of(crop) != f"faces/{said}"


def _named_unsure(crop: str) -> bool:
    """Does the crop's name say that it is not certain? One named by the person says nothing."""
    name = Path(crop).name
    return name[:3].isdigit() and name[3:4] == "_" and not name.startswith(SURE)


def _is_reordered(old: Judged, word: Judged) -> bool:
    return (
        word != NOT_DESCRIBED
        and word.folder == old.folder
        and abs(word.certainty - old.certainty) >= OUT_OF_ORDER
    )


def planned(
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
    crops = [
        _crop_place(site, entry, number, said, judged[number] if judged else None, pool)
        for number, said in enumerate(human)
    ]
    return placed(replace(entry, judged=judged), targets, crops, faces, human)


def _crop_place(
    site: Site, entry: Entry, number: int, said: str, word: Judged | None, pool: NamePool
) -> str:
    """Where the crop of a face belongs, by folder and by name; one that is gone stays gone."""
    crop, name = entry.crops[number], Path(entry.scan.photo).name
    if not (site.dst.root / crop).is_file():
        return crop
    if said:
        place = f"faces/{said}", crop_name(name, 1.0, number)
        return pool.take(*place) if _is_misplaced(crop, said) else crop
    if word is None or word == entry.judged[number]:
        return crop
    folder = f"faces/{word.folder}" if _is_new(entry.judged[number], word) else folder_of(crop)
    return pool.take(folder, crop_name(name, word.certainty, number))


def _words_of(entry: Entry, words: Words) -> tuple[Judged, ...]:
    now = words.get(entry.scan.photo, entry.judged)
    pairs = zip(entry.judged, now, strict=True)
    return tuple(w if _is_new(old, w) or _is_reordered(old, w) else old for old, w in pairs)


def _make(site: Site, filer: Filer, wanted: Entry, adopted: Entry) -> dict[str, Stamp]:
    """Put the photo and its crops where they are not yet; the stamps of all that is ours now."""
    root, made = site.dst.root, dict[str, Stamp]()
    targets = tuple(path for path in wanted.targets if path not in adopted.targets)
    pairs = _pairs(adopted, wanted)
    crops = [(old, new) for old, new in pairs if old and old != new and (root / old).is_file()]
    to_cut = [n for n, (old, _) in enumerate(pairs) if old is None]
    new = [*targets, *(path for _, path in crops), *(wanted.crops[n] for n in to_cut)]
    if new:
        check_unchanged(filer.src, wanted)
        site.journal.making(wanted.scan.photo, new)
        for folder in {folder_of(path) for path in new}:
            if not (root / folder).exists():
                site.journal.folder(folder)
                (root / folder).mkdir()
        filer.put_photo(replace(wanted, targets=targets), made)
        for crop, path in crops:
            put_photo(root / crop, root / path, HARD, site.dst.temp_folder)
            made[path] = Stamp.of(root / path)
        jpegs = filer.crops(wanted) if to_cut else []
        for n in to_cut:
            put_bytes(jpegs[n], root / wanted.crops[n], site.dst.temp_folder)
            made[wanted.crops[n]] = Stamp.of(root / wanted.crops[n])
    kept = {*wanted.crops, *wanted.targets} - made.keys()
    return made | {path: Stamp.of(root / path) for path in kept if os.path.lexists(root / path)}


def _pairs(old: Entry, new: Entry) -> list[tuple[str | None, str]]:
    """The old and the new crop of each face of ``new``; None for one that was drawn or moved."""
    before, now = map(_places, (old, new))
    if before == now:
        return list(zip(old.crops, new.crops, strict=True))
    known = dict(zip(before, old.crops, strict=True))
    return [(known.get(place), crop) for place, crop in zip(now, new.crops, strict=True)]


def _places(entry: Entry) -> list[tuple[BoxPx, int | None]]:
    return [(face.xyxy_px, face.frame) for face in entry.scan.faces]


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
