"""The photos of a sorted album, by ids that say nothing of a path; and the burst around each."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from facesort.album.corrections.api_records import FaceView
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.records import NO_FACE
from facesort.photos import is_video


@dataclass(frozen=True)
class PhotoView:
    """A photo with the faces that are known on it; ``previous`` and ``next`` are the ids of its
    neighbours in the order of the camera, "" at the ends; ``present`` who is in it although no face
    shows it."""

    id: str
    photo: str
    is_video: bool
    faces: tuple[FaceView, ...]
    present: tuple[str, ...]
    previous: str
    next: str


def photo_id(photo: str) -> str:
    """11 characters, safe in a URL."""
    digest = hashlib.blake2b(photo.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


class PhotoIndex:
    """Ids of the photos of ``album``; follows it when photos were added."""

    def __init__(self, album: SortedAlbum) -> None:
        self._album = album
        self._photos: list[str] = []
        self._place: dict[str, int] = {}
        self._of = 0
        self._without: tuple[int, list[str]] = (-1, [])  # at which version, ids

    def photo(self, wanted: str) -> str:
        """The photo of this id; `KeyError` where there is none."""
        self._refresh()
        return self._photos[self._place[wanted]]

    def view(self, wanted: str) -> PhotoView:
        with self._album.mutex:
            self._refresh()
            place = self._place[wanted]
            photo = self._photos[place]
            table, entry = self._album.table, self._album.state.entries[photo]
            faces = tuple(table.view(r, entry) for r in table.rows_of_photo.get(photo, ()))
            around = (self._id_at(place - 1), self._id_at(place + 1))
            present = self._album.labels_of([photo]).present(entry.scan)
            return PhotoView(wanted, photo, is_video(photo), faces, present, *around)

    def without_faces(self) -> list[str]:
        """Ids of the photos in which no face was found."""
        with self._album.mutex:
            self._refresh()
            if self._without[0] != self._album.version:
                entries, folder = self._album.state.entries, f"photos/{NO_FACE}/"
                found = [
                    photo_id(photo)
                    for photo in self._photos
                    if entries[photo].targets and entries[photo].targets[0].startswith(folder)
                ]
                self._without = self._album.version, found
            return list(self._without[1])

    def present(self) -> dict[str, list[str]]:
        """Person: ids of the photos in which they are although no face shows it."""
        with self._album.mutex:
            self._refresh()
            found: dict[str, list[str]] = {}
            photos_of = self._album.photos_of
            spoken = [p for content in self._album.spoken_of for p in photos_of.get(content, ())]
            for photo in sorted(spoken):
                scan = self._album.state.entries[photo].scan
                for person in self._album.labels_of([photo]).present(scan):
                    found.setdefault(person, []).append(photo_id(photo))
            return found

    def _id_at(self, place: int) -> str:
        return photo_id(self._photos[place]) if 0 <= place < len(self._photos) else ""

    def _refresh(self) -> None:
        with self._album.mutex:
            if self._of != len(self._album.state.entries):
                self._photos = sorted(self._album.state.entries)
                self._place = {photo_id(photo): i for i, photo in enumerate(self._photos)}
                self._of = len(self._photos)
