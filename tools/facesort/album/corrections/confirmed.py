"""The faces that a person spoke of, photo by photo: what a detector may learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facesort.album.destination import Destination
from facesort.album.journal import read_state
from facesort.album.person.clustering import is_numbered
from facesort.album.records import NOT_A_FACE, BoxPx
from facesort.album.user_labels import read_labels
from facesort.errors import UsageError
from facesort.photos import album_at


@dataclass(frozen=True)
class Confirmed:
    """``classes`` runs parallel to ``boxes_px``, in pixels of the upright photo: a class name, the
    name of a person where the album is sorted by person, or "" for a face without a correction."""

    path: Path
    boxes_px: tuple[BoxPx, ...]
    classes: tuple[str, ...]


def class_names(root: Path) -> tuple[str, ...]:
    """What the album ``root`` is sorted by: the classes of a data set made of it. A person who has
    no name, only a number of ours, is no class unless a person has put a face there."""
    dst = Destination(root)
    names, said = read_state(dst.journal).sorted_into.names, read_labels(dst.corrections).people
    return tuple(name for name in names if name in said or not is_numbered(name))


def confirmed(root: Path) -> Iterator[Confirmed]:
    """The photos of the sorted album ``root`` in which a person spoke of a face. What they called
    no face is none: it has no box."""
    dst = Destination(root)
    labels, state = read_labels(dst.corrections), read_state(dst.journal)
    if not len(labels):
        raise UsageError(f"{dst.corrections}: no correction yet; move crops, then run this again")
    labels, names = labels.within(state.sorted_into), state.sorted_into.names
    for entry in sorted(state.entries.values(), key=lambda entry: entry.scan.photo):
        said = labels.of_faces(entry.scan)
        if any(folder in names or folder == NOT_A_FACE for folder in said):
            pairs = zip(entry.scan.faces, said, strict=True)
            faces = [(face.xyxy_px, folder) for face, folder in pairs if folder != NOT_A_FACE]
            original = album_at(state.src) / entry.scan.photo
            yield Confirmed(
                original if isinstance(original, Path) else root / entry.targets[0],
                tuple(box for box, _ in faces),
                tuple(folder if folder in names else "" for _, folder in faces),
            )
