"""What every list of faces is read into, and which of its faces are kept, by size and attribute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import Boxes, as_boxes, min_side
from facesort.errors import LabelError

LANDMARKS = 5  # eye, eye, nose, mouth corner, mouth corner; each pair left to right in the image


@dataclass(frozen=True, eq=False)
class ListedImage:
    """The faces that a list has of one image.

    ``name`` is its path in the data set, with ``/``. ``xywh_px`` is (n, 4): left, top, width,
    height as listed, possibly without area. ``attributes`` is (n, number of columns), negative
    where unknown. ``landmarks`` is (n, k, 3): x, y in pixels and 0 visible, 1 covered, -1 unknown;
    k is `LANDMARKS`, or 0 in formats without any.
    """

    name: str
    xywh_px: Boxes
    attributes: NDArray[np.float64]
    landmarks: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.xywh_px)
        if self.attributes.ndim != 2 or len(self.attributes) != n or len(self.landmarks) != n:
            raise LabelError(
                f"{self.name}: {n} boxes, attributes of shape {self.attributes.shape}, landmarks "
                f"of shape {self.landmarks.shape}; expected one row of each a face"
            )

    @classmethod
    def of(
        cls, name: str, xywh_px: ArrayLike, attributes: ArrayLike, landmarks: ArrayLike = ()
    ) -> ListedImage:
        """``landmarks`` may be given flat; columns follow from the number of boxes."""
        boxes = as_boxes(xywh_px)
        columns = np.asarray(attributes, dtype=np.float64)
        points = np.asarray(landmarks, dtype=np.float64)
        count = points.size // (3 * len(boxes)) if len(boxes) else 0
        return cls(name, boxes, columns, points.reshape(len(boxes), count, 3))

    @property
    def xyxy_px(self) -> Boxes:
        return np.concatenate([self.xywh_px[:, :2], self.xywh_px[:, :2] + self.xywh_px[:, 2:]], 1)


@dataclass(frozen=True, eq=False)
class FaceList:
    """A whole list: ``columns`` names the attributes of every image.

    ``placeholders`` counts the all-zero rows that stand for "no face here"; they are no faces.
    """

    columns: tuple[str, ...]
    images: tuple[ListedImage, ...]
    placeholders: int = 0

    @property
    def face_count(self) -> int:
        return sum(len(image.xywh_px) for image in self.images)


def is_placeholder(xywh_px: ArrayLike) -> bool:
    """Whether these boxes of one image are the single all-zero row that means "no face"."""
    boxes = as_boxes(xywh_px)
    return len(boxes) == 1 and not boxes.any()


def text_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, numbered from 1; any line ends, BOM or not."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LabelError(
            f"{path}: cannot be read ({error.strerror}); is the path right?"
        ) from error
    except UnicodeDecodeError as error:
        raise LabelError(f"{path}: not a text file; expected a list of faces") from error
    return numbered(text)


def numbered(text: str) -> list[tuple[int, str]]:
    """The lines of ``text`` that are not blank, numbered from 1."""
    lines = ((n, line.strip(" \t")) for n, line in enumerate(re.split("\r\n?|\n", text), 1))
    return [(n, line) for n, line in lines if line]


def image_name(text: str, where: str) -> str:
    """An image's path in the data set, with ``/``; `LabelError` if it leads out of there."""
    path = PureWindowsPath(text)  # knows both separators
    if path.anchor or ".." in path.parts or not path.parts:
        raise LabelError(f"{where}: image '{text}'; expected a path such as event/name.jpg")
    return path.as_posix()


def numbers(line: str) -> list[float] | None:
    """The numbers of a line, None if it holds anything else (infinity and NaN are no numbers)."""
    try:
        values = [float(field) for field in line.split()]
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def as_text(values: ArrayLike) -> Iterator[str]:
    """Numbers as these lists write them: whole ones without a point, others as short as exact."""
    for value in np.asarray(values, dtype=np.float64).ravel().tolist():
        yield str(int(value)) if value.is_integer() else repr(value)


# what --drop names: the column, and the value that drops a face
DROPPABLE: Mapping[str, tuple[str, int]] = MappingProxyType(
    {"invalid": ("invalid", 1), "uncounted": ("counted", 0)}
)


@dataclass(frozen=True)
class FaceFilter:
    """What a face must be to be kept.

    ``min_size_px``: its shorter side, as listed. ``drop``: names of `DROPPABLE`. ``at_most``: the
    largest value of an attribute, such as ``{"blur": 1}``; an unknown (negative) value passes.
    """

    min_size_px: float = 0
    drop: tuple[str, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)

    def check(self, faces: FaceList) -> None:
        """Raises `LabelError` where the list does not have what is to be filtered by."""
        wanted = [*self.at_most, *(DROPPABLE[name][0] for name in self.drop)]
        for column in wanted:
            if column not in faces.columns:
                known = ", ".join(faces.columns) or "none"
                raise LabelError(
                    f"this list has no column {column}; it has {known}; leave that filter out"
                )

    def keep(
        self, image: ListedImage, columns: tuple[str, ...], dropped: Counter[str]
    ) -> NDArray[np.bool_]:
        """Which faces stay, (n,); the others are counted in ``dropped``, each for the first
        reason that holds for it."""
        keep = np.ones(len(image.xywh_px), dtype=bool)
        for reason, bad in self._tests(image, columns):
            dropped[reason] += int((keep & bad).sum())
            keep &= ~bad
        return keep

    def _tests(
        self, image: ListedImage, columns: tuple[str, ...]
    ) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        side = min_side(image.xyxy_px)
        yield "without area", side <= 0
        for name in self.drop:
            column, value = DROPPABLE[name]
            yield name, image.attributes[:, columns.index(column)] == value
        for column, limit in self.at_most.items():
            yield f"{column} above {limit:g}", image.attributes[:, columns.index(column)] > limit
        yield f"smaller than {self.min_size_px:g} px", side < self.min_size_px
