"""Where the images of a face list lie and how large they are: from a folder, or from a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from facesort.boxes import SizeWH
from facesort.errors import LabelError, PhotoError
from facesort.labels import crop_tables
from facesort.labels.image_finder import Images
from facesort.labels.widerface.face_list import image_name
from facesort.photos import open_photo

# the path and size of a listed image; `NotFound` or another `PhotoError` where there is none
Locate: TypeAlias = Callable[[str], tuple[Path, SizeWH]]


class NotFound(PhotoError):
    """A listed image that is not there; the rest of the list goes on."""


class Folder:
    """Finds listed images under a folder, which may keep WIDER FACE's event folders or not.

    ``event/name.jpg`` is a file whose path ends so, however deep, or one right in the folder called
    ``name.jpg`` or ``event_name.jpg``, unless that could be another listed image as well.
    """

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        self.root = root
        self._images = Images(root)
        self._claims = Counter(flat for name in names for flat in {*_flat_stems(name)})

    def find(self, name: str) -> Path:
        """The path of image ``name``; `NotFound` where none can be meant."""
        reason = "is not there"
        for told in (name, name.replace("/", "_")):
            found = self._images.find(told)
            if isinstance(found, str):
                reason = found
            elif self._is_meant(found, name):
                return found
        raise NotFound(reason)

    def _is_meant(self, found: Path, name: str) -> bool:
        path = found.relative_to(self.root).with_suffix("").as_posix().casefold()
        nested = PurePosixPath(name).with_suffix("").as_posix().casefold()
        return f"/{path}".endswith(f"/{nested}") or self._claims[path] == 1

    def locate(self, name: str) -> tuple[Path, SizeWH]:
        """Where image ``name`` is, and its size when upright."""
        path = self.find(name)
        # one pixel: as small as the decoder can, so that whole data sets are quick
        return path, open_photo(path, min_long_side_px=1).size_wh


def _flat_stems(name: str) -> Iterable[str]:
    path = PurePosixPath(name.casefold()).with_suffix("")
    return path.name, path.as_posix().replace("/", "_")


def sizes_from_table(file: Path) -> Mapping[str, SizeWH]:
    """Sizes of upright images by name, from a CSV file with columns image, width, height."""
    sizes: dict[str, SizeWH] = {}
    for number, row in enumerate(crop_tables.read(file, "image", "width", "height"), 2):
        where = f"{file.name}: line {number}"
        try:
            size_wh = int(row["width"]), int(row["height"])
        except (TypeError, ValueError):
            size_wh = 0, 0
        if min(size_wh) < 1:
            raise LabelError(
                f"{where}: size {row['width']} x {row['height']}; expected whole pixels from 1"
            )
        name = image_name(row["image"], where)
        if sizes.setdefault(name, size_wh) != size_wh:
            raise LabelError(f"{where}: {name} has two sizes; keep one")
    return sizes


def in_table(sizes: Mapping[str, SizeWH], folder: Folder | None) -> Locate:
    """Sizes from a table, paths from a folder; without one, where they would lie."""

    def locate(name: str) -> tuple[Path, SizeWH]:
        if name not in sizes:
            raise NotFound("is not in the table of sizes")
        return (folder.find(name) if folder else Path(name)), sizes[name]

    return locate
