"""What a person changed in a sorted album: compares the folders with the journal.

A crop that lies in another folder of faces/ says what that face is, also where a whole folder was
moved into another one (`unpack` takes its crops out of it). A photo that lies in another
folder of photos/ says so too where only one of its faces can be meant. All else is listed, never
guessed: a crop that is gone, a file that is not ours, a folder that is no class. By person, a new
folder is a new person.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from facesort.album.disk import FileSignature
from facesort.album.names import NamePool, can_be_folder, folded
from facesort.album.records import FACES, PHOTOS, UNSURE, Entry
from facesort.album.state import State
from facesort.album.user_labels import UserLabels
from facesort.photos.xmp import SIDECAR


@dataclass(frozen=True)
class MovedFace:
    """A person put face ``number`` of ``photo`` into ``folder``; it was in ``was``."""

    photo: str
    number: int
    folder: str
    was: str


@dataclass(frozen=True)
class MissingCrop:
    """The crop ``path``, of face ``number`` of ``photo``, is nowhere."""

    path: str
    photo: str
    number: int


@dataclass
class Changes:
    """``moved`` is old path: new path, of crops and photos alike; ``said`` what that means;
    ``gone`` are the crops that are not at their place, ``missing`` those that are nowhere;
    ``unclear`` are lines on all that is ambiguous."""

    moved: dict[str, str] = field(default_factory=dict)
    said: list[MovedFace] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    missing: list[MissingCrop] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


def find_changes(root: Path, state: State) -> Changes:
    """Compare the destination ``root`` with what the journal says of it."""
    changes = Changes()
    faces, photos = _files(root / FACES), _files(root / PHOTOS)
    _crops(root, state, faces, changes)
    _photos(root, state, photos, changes)
    return changes


def _crops(root: Path, state: State, there: set[str], changes: Changes) -> None:
    owner = {
        path: (entry, number)
        for entry in state.entries.values()
        for number, path in enumerate(entry.crops)
    }
    gone = [path for path in owner if path not in there]
    changes.gone = frozenset(gone)
    old_places = there & state.made.keys() - owner.keys()  # a run was stopped before they went
    moved, foreign = _match(root, gone, there - old_places - owner.keys(), state)
    moved |= _match(root, [path for path in gone if path not in moved], old_places, state)[0]
    second = _second_names(root, owner.keys() & there, foreign)
    moved, foreign = moved | second, foreign - {*second.values()}
    for old, new in sorted(moved.items()):
        entry, number = owner[old]
        folder = _folder(new) or _packed_in(new, state)
        if not _means_something(folder, state):
            changes.unclear.append(f"{new}: not in a folder of {FACES}/ that means something")
            continue
        changes.moved[old] = new
        if folder != _folder(old):
            changes.said.append(MovedFace(entry.scan.photo, number, folder, was_in(entry, number)))
    nowhere = sorted(set(gone) - moved.keys())
    changes.missing += [
        MissingCrop(path, owner[path][0].scan.photo, owner[path][1]) for path in nowhere
    ]
    changes.unclear += [f"{path}: not ours: added, copied or changed" for path in sorted(foreign)]


def _photos(root: Path, state: State, there: set[str], changes: Changes) -> None:
    """A photo that was moved means its face, where one face of it was in the old folder."""
    owner = {path: entry for entry in state.entries.values() for path in entry.targets}
    gone = [path for path in owner if path not in there]
    moved, foreign = _match(root, gone, there - state.made.keys() - owner.keys(), state)
    spoken = {(said.photo, said.number) for said in changes.said}
    for old, new in sorted(moved.items()):
        entry, folder = owner[old], _folder(new)
        meant = [n for n, target in enumerate(entry.face_targets) if target == old]
        if folder == _folder(old):
            changes.moved[old] = new
        elif not _means_something(folder, state) or len(meant) != 1 or _is_shared(entry, new):
            changes.unclear.append(f"{new}: moved by hand; which face is meant? move its crop")
        elif (entry.scan.photo, meant[0]) not in spoken:
            changes.moved[old] = new
            changes.said.append(
                MovedFace(entry.scan.photo, meant[0], folder, was_in(entry, meant[0]))
            )
    changes.unclear += [f"{path}: not ours: added, copied or changed" for path in sorted(foreign)]


def put_back(root: Path, state: State, labels: UserLabels, changes: Changes) -> list[MovedFace]:
    """Faces that the person moved, and, before any photo had followed, moved back: that is their
    last word. Where the photo is what was moved, its crop never left."""
    if not state.is_learning:
        return []
    contents = {label.content for label in state.learnings[-1].labels}
    spoken = {(said.photo, said.number) for said in changes.said}
    return [
        MovedFace(photo, number, was_in(entry, number), was_in(entry, number))
        for photo, entry in state.entries.items()
        if entry.scan.content in contents
        for number, label in enumerate(labels.on_faces(entry.scan))
        if label in state.learnings[-1].labels and (photo, number) not in spoken
        if label.photo == photo  # the crop of a copy, with the same bytes, never left its place
        if label.folder not in (was_in(entry, number), _folder(entry.face_targets[number]))
        # perhaps under another name; in another folder, it is in ``spoken``
        if (root / changes.moved.get(entry.crops[number], entry.crops[number])).is_file()
    ]


def was_in(entry: Entry, number: int) -> str:
    """The folder in which face ``number`` was filed."""
    return _folder(entry.crops[number]) or UNSURE


def _is_shared(entry: Entry, new: str) -> bool:
    """Is the photo in that folder already, by another of its faces?"""
    return any(Path(target).parent == Path(new).parent for target in entry.targets)


def _match(
    root: Path, gone: Iterable[str], strangers: Iterable[str], state: State
) -> tuple[dict[str, str], set[str]]:
    """Which stranger is which file that is gone: by stamp, else by name and size, if only one can
    be. Returns those, and the strangers left."""
    left = {path: signature for path in strangers if (signature := _stamp_now(root / path))}
    known = {path: state.made[path][1] for path in gone if path in state.made}
    moved: dict[str, str] = {}
    for key in (_signature, _size_and_time, _name_and_size):
        found = _groups(left, key)
        for value, paths in _groups(known, key).items():
            if len(paths) == len(found.get(value, [])) == 1:
                old, new = paths[0], found[value][0]
                moved[old] = new
                del known[old], left[new]
    return moved, set(left)


def _second_names(root: Path, crops: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Crops at their place that have a second name elsewhere, of the same file: a run was stopped
    while it moved one, and the person has dragged the other; what they did counts."""
    linked = {inode: path for path in others if (inode := _inode_of_many(root / path))}
    found = {path: _inode_of_many(root / path) for path in crops} if linked else {}
    return {path: linked[inode] for path, inode in found.items() if inode in linked}


def _inode_of_many(path: Path) -> int:
    """What tells a file that has several names; 0 of one that has one, or is gone."""
    with suppress(OSError):
        status = os.lstat(path)
        return status.st_ino if status.st_nlink > 1 else 0
    return 0


def _stamp_now(path: Path) -> FileSignature | None:
    """None where the file is gone: the person may move it while we look."""
    with suppress(OSError):
        return FileSignature.of(path)
    return None


def _signature(_path: str, signature: FileSignature) -> object:
    return signature


def _size_and_time(_path: str, signature: FileSignature) -> object:
    return signature.size_bytes, signature.mtime_ns


def _name_and_size(path: str, signature: FileSignature) -> object:
    return Path(path).name, signature.size_bytes


def _groups(
    signatures: Mapping[str, FileSignature], key: Callable[[str, FileSignature], object]
) -> dict[object, list[str]]:
    groups: dict[object, list[str]] = defaultdict(list)
    for path, signature in signatures.items():
        groups[key(path, signature)].append(path)
    return groups


def _folder(path: str) -> str:
    """The folder right below the view, "" where others lie between."""
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else ""


def _packed_in(path: str, state: State) -> str:
    """``faces/Ana/Ben/1.jpg`` is in Ana: the folder of Ben was moved into hers."""
    parts = path.split("/")
    return parts[1] if len(parts) == 4 and parts[2] in state.sorted_into.faces else ""


def unpack(root: Path, state: State) -> None:
    """Where a person's folder was moved into another, put its crops beside the others'."""
    if not any(path.count("/") > 2 for path in _files(root / FACES)):
        return
    folders = {folder for folder in (root / FACES).iterdir() if folder.is_dir()}
    pool = NamePool(f"{FACES}/{f.name}/{name}" for f in folders for name in os.listdir(f))
    for path in find_changes(root, state).moved.values():
        if _packed_in(path, state):
            outer, name = path.rsplit("/", 2)[0], path.rsplit("/", 1)[1]
            os.rename(root / path, root / pool.take(outer, name))
            with suppress(OSError):
                (root / path).parent.rmdir()


def _means_something(folder: str, state: State) -> bool:
    """Is it a folder for faces? Where people are sorted, a new one is a new person's."""
    if folder in state.sorted_into.faces or not state.people:
        return folder in state.sorted_into.faces
    return can_be_folder(folder) and folded(folder) not in map(folded, state.people)


def _files(view: Path) -> set[str]:
    """Every file below ``view``, relative to its parent, but hidden ones (.DS_Store) and what lies
    beside a photo to describe it."""
    return {
        f"{folder}/{name}"
        for folder, names in _walk(view)
        for name in names
        if not name.startswith(".") and not is_sidecar(name)
    }


def stem_sidecar(path: str) -> str:
    """The side-car of a photo as Lightroom calls it: ``a.xmp`` for ``a.jpg``."""
    return str(PurePosixPath(path).with_suffix(SIDECAR))


def is_sidecar(name: str) -> bool:
    return name.lower().endswith(SIDECAR)


def _walk(view: Path) -> Iterator[tuple[str, list[str]]]:
    for top, _, names in os.walk(view):
        yield Path(top).relative_to(view.parent).as_posix(), names
