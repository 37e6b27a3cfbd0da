"""Copies of each person's photos to give away, other people's faces hidden; and the count checked.

A face is hidden unless it is the person's own, or of a person who may be shown. What the detector
has missed cannot be hidden: look through the copies before you give them away. A video is left
out, as not every frame of it was looked at. A photo in which nothing is hidden is copied byte by
byte; one in which something is, is a new JPEG without EXIF.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.album.corrections.changes import was_in
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.names import NamePool
from facesort.album.records import NOT_A_FACE, BoxPx, Entry
from facesort.boxes import clip_xyxy, grow_xyxy, pixels_under
from facesort.errors import AlbumError, PhotoError, UsageError
from facesort.files import write_atomic
from facesort.photos import is_video, open_photo, read_photo_bytes

BLUR, COVER, KEEP = WAYS = ("blur", "cover", "keep")
GROWTH = 1.25  # of a box, so that hair and chin are hidden, too
MOSAIC = 6  # squares a face is reduced to before it is blurred: nothing can be restored
QUALITY = 92
SUFFIX = "_handed_over"


@dataclass(frozen=True)
class HandedOver:
    """How many ``photos`` for how many ``people``, ``hidden`` faces in them, videos ``left_out``,
    and the new ``folder``."""

    photos: int
    people: int
    hidden: int
    left_out: int
    folder: Path


def hand_over(
    album: SortedAlbum,
    people: Sequence[str],
    others: str = BLUR,
    may_be_shown: Collection[str] = (),
    as_zip: bool = False,
) -> HandedOver:
    """Write a folder or a zip for each of ``people``, in a new folder beside the sorted album.

    ``others`` says what becomes of other faces: `BLUR`, `COVER`, or `KEEP`; named people who are
    not in ``may_be_shown`` are hidden also with `KEEP`. Raises `UsageError` for unknown people,
    `AlbumError` where what was written is not what was meant.
    """
    if others not in WAYS:
        raise UsageError(f"{others!r}: expected one of {', '.join(WAYS)}")
    unknown = [name for name in people if name not in album.state.people]
    if unknown or not people:
        raise UsageError(f"{', '.join(unknown) or 'no name'}: expected names of the album's people")
    out = _new_folder(album.root)
    photos = hidden = left_out = 0
    for name in people:
        entries = [e for e in _entries(album) if _is_in(album, e, name)]
        shown = [entry for entry in entries if not is_video(entry.scan.photo)]
        left_out += len(entries) - len(shown)
        write = _Zip(out / f"{name}.zip") if as_zip else _Folder(out / name)
        pool = NamePool()
        with closing(write):
            for entry in shown:
                boxes = _to_hide(entry, name, others, may_be_shown)
                data, suffix = _copy(album, entry, boxes, others)
                wanted = Path(Path(entry.scan.photo).name).with_suffix(suffix).name
                write(pool.take("", wanted).lstrip("/"), data)
                hidden += len(boxes)
        _check(write.count(), len(shown), out, name)
        photos += len(shown)
    return HandedOver(photos, len(people), hidden, left_out, out)


def _entries(album: SortedAlbum) -> list[Entry]:
    with album.mutex:
        return [album.state.entries[photo] for photo in sorted(album.state.entries)]


def _folders(entry: Entry) -> list[str]:
    return [said or was_in(entry, n) for n, said in enumerate(entry.said)]


def _is_in(album: SortedAlbum, entry: Entry, name: str) -> bool:
    if name in _folders(entry):
        return True
    with album.mutex:
        return name in album.labels_of([entry.scan.photo]).present(entry.scan)


def _to_hide(entry: Entry, name: str, others: str, may_be_shown: Collection[str]) -> list[BoxPx]:
    def hides(folder: str) -> bool:
        if folder in (name, NOT_A_FACE) or folder in may_be_shown:
            return False
        return others != KEEP or not folder.startswith("_")

    pairs = zip(entry.scan.faces, _folders(entry), strict=True)
    return [face.xyxy_px for face, folder in pairs if hides(folder)]


def _copy(
    album: SortedAlbum, entry: Entry, boxes: Sequence[BoxPx], others: str
) -> tuple[bytes, str]:
    original = album.filer().src / entry.scan.photo
    try:
        data = read_photo_bytes(original, entry.scan.size_bytes)
    except PhotoError as error:
        raise PhotoError(f"{entry.scan.photo}: {error}") from error
    if not boxes:
        return data, Path(entry.scan.photo).suffix
    from PIL import Image

    photo = open_photo(data)
    rgb = photo.rgb.copy()
    hide = _cover if others == COVER else _blur
    height, width = rgb.shape[:2]
    grown = grow_xyxy(boxes, GROWTH) * photo.scale
    own = [
        face.xyxy_px
        for face, folder in zip(entry.scan.faces, _folders(entry), strict=True)
        if face.xyxy_px not in boxes and folder != NOT_A_FACE
    ]
    before = rgb.copy()
    for box in clip_xyxy(grown, (width, height)):
        left, top, right, bottom = pixels_under(box, (width, height))
        rgb[top:bottom, left:right] = hide(rgb[top:bottom, left:right])
    for box in _apart(own, boxes):  # a neighbour's margin does not cover the person's own face
        left, top, right, bottom = pixels_under(np.asarray(box) * photo.scale, (width, height))
        rgb[top:bottom, left:right] = before[top:bottom, left:right]
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), ".jpg"


def _apart(own: Iterable[BoxPx], others: Sequence[BoxPx]) -> list[BoxPx]:
    """Those of ``own`` that no box of the others touches."""
    return [
        box
        for box in own
        if not any(
            box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others
        )
    ]


def _blur(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A mosaic, smoothed: what is gone is gone."""
    from PIL import Image

    height, width = face.shape[:2]
    small = Image.fromarray(face).resize((MOSAIC, MOSAIC), Image.Resampling.BOX)
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))


def _cover(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.full_like(face, 128)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def __call__(self, name: str, data: bytes) -> None:
        write_atomic(self._folder / name, [data], self._folder / ".writing")

    def close(self) -> None:
        """Each file was closed when it was written."""

    def count(self) -> int:
        return len(list(self._folder.iterdir()))


class _Zip:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)  # photos do not get smaller

    def __call__(self, name: str, data: bytes) -> None:
        self._zip.writestr(name, data)

    def close(self) -> None:
        self._zip.close()

    def count(self) -> int:
        """How many files it holds; -1 where one of them is damaged."""
        with zipfile.ZipFile(self._path) as written:
            return len(written.namelist()) if written.testzip() is None else -1


def _check(found: int, wanted: int, out: Path, name: str) -> None:
    if found != wanted:
        raise AlbumError(f"{out}: {found} photos of {name} were written, {wanted} were meant")


def _new_folder(root: Path) -> Path:
    pool = NamePool(f"./{path.name}" for path in root.absolute().parent.iterdir())
    folder = root.absolute().parent / Path(pool.take(".", f"{root.absolute().name}{SUFFIX}")).name
    if shutil.disk_usage(folder.parent).free < 50 << 20:
        raise AlbumError(f"{folder}: the disk is full; free some and try again")
    folder.mkdir()
    return folder
