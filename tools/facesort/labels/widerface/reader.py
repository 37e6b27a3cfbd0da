"""A face list of any of the three formats and its images, into a `LabelSet`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import SizeWH, clip_xyxy
from facesort.errors import LabelError, PhotoError
from facesort.labels import named_crops, yolo_pose
from facesort.labels.image_finder import Images
from facesort.labels.image_labels import ImageLabels, LabelSet
from facesort.labels.widerface import bbx_text, mat_file, retinaface
from facesort.labels.widerface.face_list import FaceFilter, FaceList, ListedImage, image_name
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
        for candidate in (name, name.replace("/", "_")):
            found = self._images.find(candidate)
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
    for number, row in enumerate(named_crops.read(file, "image", "width", "height"), 2):
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


_NAMED = 3  # missing images named on the screen; all of them are in the file
PLACEHOLDER = "all-zero row (no face)"


def read(path: Path) -> FaceList:
    """Read bbx_gt.txt, label.txt or .mat, whatever it is called."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise LabelError(
            f"{path}: cannot be read ({error.strerror}); is the path right?"
        ) from error
    if start.startswith(b"MATLAB") or start.startswith(b"\x89HDF"):
        return mat_file.read(path)
    if not start.strip():
        raise LabelError(f"{path}: is empty; expected bbx_gt.txt, label.txt or a .mat file")
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"#"):
        return retinaface.read(path)
    return bbx_text.read(path)


@dataclass
class Conversion:
    """Turns a `FaceList` into a `LabelSet`; afterwards ``missing`` says which images were not to
    be had, ``{name: reason}``."""

    locate: Locate
    root: Path
    wanted: FaceFilter = field(default_factory=FaceFilter)
    class_name: str = "face"
    keypoints: bool = False
    missing: dict[str, str] = field(default_factory=dict)
    _left_out: Counter[str] = field(default_factory=Counter)

    def convert(self, faces: FaceList, listed_images: Sequence[ListedImage]) -> LabelSet:
        """``images`` are those of ``faces``, perhaps behind a progress bar.

        An image all of whose faces are dropped is left out as well: with an empty label it would
        teach that faces are background. Images listed without a face stay.
        """
        self.wanted.check(faces)
        if self.keypoints and not any((p.landmarks[..., 2] >= 0).any() for p in faces.images):
            raise LabelError(
                "this list has no landmarks; only RetinaFace's label.txt of the train part does"
            )
        self._left_out[PLACEHOLDER] += faces.placeholders
        images, emptied = [], 0
        for listed in listed_images:
            found = self._place(listed)
            if found is None:
                continue
            image = self._image(listed, faces.columns, *found)
            if len(listed.xywh_px) and not len(image.class_id):
                emptied += 1
            else:
                images.append(image)
        return LabelSet(
            (self.class_name,),
            tuple(images),
            self.root,
            +self._left_out,
            self._notes(len(faces.images), emptied),
        )

    def _place(self, listed: ListedImage) -> tuple[Path, SizeWH] | None:
        try:
            return self.locate(listed.name)
        except PhotoError as error:
            self.missing[listed.name] = str(error)
            reason = "image missing" if isinstance(error, NotFound) else "image unreadable"
            self._left_out[reason] += len(listed.xywh_px)
            return None

    def _image(
        self, listed: ListedImage, columns: tuple[str, ...], path: Path, size_wh: SizeWH
    ) -> ImageLabels:
        keep = self.wanted.keep(listed, columns, self._left_out)
        boxes = clip_xyxy(listed.xyxy_px, size_wh)
        inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        self._left_out["outside the image"] += int((keep & ~inside).sum())
        keep &= inside
        ids = np.zeros(int(keep.sum()), dtype=np.int64)
        if not self.keypoints:
            return ImageLabels(path, size_wh, boxes[keep], ids)
        points = _keypoints(listed.landmarks[keep])
        return yolo_pose.PoseLabels(path, size_wh, boxes[keep], ids, points)

    def _notes(self, listed: int, emptied: int) -> tuple[str, ...]:
        notes = []
        if self.missing:
            first = ", ".join(list(self.missing)[:_NAMED])
            more = ", ..." if len(self.missing) > _NAMED else ""
            notes.append(
                f"{len(self.missing):,} of {listed:,} images missing or unreadable: {first}{more}"
            )
        if emptied:
            notes.append(f"{emptied:,} images left out: none of their faces was kept")
        return tuple(notes)


def _keypoints(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """RetinaFace's landmark states (0 visible, 1 covered, -1 unknown) as YOLO's (2, 1, 0)."""
    points = landmarks.copy()
    states = landmarks[..., 2]
    points[..., 2] = np.select(
        [states == 0, states == 1], [yolo_pose.VISIBLE, yolo_pose.COVERED], yolo_pose.UNMARKED
    )
    points[states < 0] = 0
    return points
