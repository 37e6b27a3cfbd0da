"""Which photos of a sorted album are the same, byte for byte: one face, with a crop in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from facesort.album.records import Entry


def copies_by_photo(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """The other photos with the same bytes; no entry for a photo that is there once."""
    photos: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.scan.content:
            photos[entry.scan.content].append(entry.scan.photo)
    return {
        photo: frozenset(same) - {photo}
        for same in photos.values()
        if len(same) > 1
        for photo in same
    }
