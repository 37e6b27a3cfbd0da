"""The images behind a face: its crop, and the whole photo or frame of a video, as JPEG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.errors import PhotoError
from facesort.photos import Photo, is_video, list_photos, open_photo, read_photo_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE_PX = 1600  # of a photo as it is shown
THUMB_PX = 320  # longer side of a crop as it is shown
SMALL_BYTES = 40_000  # a crop of no more is shown as it is
QUALITY = 85


def crop_jpeg(album: SortedAlbum, face: str) -> bytes:
    """The crop of a face, no larger than it is shown. `KeyError` for an unknown face, `PhotoError`
    where its file is gone or is no image."""
    with album.mutex:
        view = album.view(face)
        path = album.root / album.state.entries[view.photo].crops[view.face]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path.name}: {error.strerror}") from error
    return data if len(data) <= SMALL_BYTES else _shrunk(data, path)


def _shrunk(data: bytes, path: Path) -> bytes:
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", (THUMB_PX, THUMB_PX))
        return _jpeg(image.convert("RGB"), THUMB_PX)
    except OSError as error:
        raise PhotoError(f"{path.name}: {error}") from error


def example_jpeg(album: SortedAlbum, person: str) -> bytes:
    """The first photo among the examples of ``person``, for whom no face of the album stands yet.
    `KeyError` for somebody who is not of this album, `PhotoError` where no photo is there."""
    from PIL import Image

    with album.mutex:
        if person not in album.state.people:
            raise KeyError(person)
        given, src = album.state.options.get("people", ""), Path(album.state.src)
    # a path that is relative began where the sorting was started: beside the album, mostly
    folders = (place / given / person for place in (Path(), album.root.parent, src.parent))
    there = next((folder for folder in folders if given and folder.is_dir()), None)
    found = list_photos(there).photos if there else []
    if not found:
        raise PhotoError(f"{person}: no example is here")
    opened = open_photo(read_photo_bytes(found[0].path), THUMB_PX)
    return _jpeg(Image.fromarray(opened.rgb), THUMB_PX)


def open_whole(album: SortedAlbum, photo: str, frame: int | None) -> Photo:
    """The photo, or a frame of a video; at least `LONG_SIDE_PX` long, where it has as much.
    `KeyError` for a photo that is not of this album, `PhotoError` where it cannot be opened."""
    with album.mutex:
        scan = album.state.entries[photo].scan
        original = album.filer().src / photo
    if frame is not None and isinstance(original, Path) and is_video(original):
        return _frame(original, frame)
    return open_photo(read_photo_bytes(original, scan.size_bytes), LONG_SIDE_PX)


def photo_jpeg(
    album: SortedAlbum, photo: str, frame: int | None, long_side_px: int = LONG_SIDE_PX
) -> tuple[bytes, tuple[int, int]]:
    """The whole photo, at most so long, and the size (w, h) that its boxes speak of."""
    from PIL import Image

    opened = open_whole(album, photo, frame)
    return _jpeg(Image.fromarray(opened.rgb), long_side_px), opened.size_wh


def _frame(video: Path, index: int) -> Photo:
    from facesort.photos.video import Video

    with Video(video) as opened:
        for frame in opened.frames_at({index}, index):
            return Photo(frame.rgb, (frame.rgb.shape[1], frame.rgb.shape[0]), 1.0)
    raise PhotoError(f"{video.name}: has no frame {index}")


def _jpeg(image: Image, long_side_px: int) -> bytes:
    image.thumbnail((long_side_px, long_side_px))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
