"""What every label format is read into: one image with its boxes, and a whole source of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import Boxes, SizeWH, as_boxes
from facesort.errors import LabelError

# A face of unknown class: neither an example of a class nor background.
IGNORE = -1

# How the file name of an image with synthetic labels begins: the mark travels with the file, and
# such an image may only ever be trained on.
SYNTHETIC_PREFIX = "synthetic_"
RECOMBINED_PREFIX = "cross_"  # real parts of two faces put together; equally for training only


def is_synthetic(image: Path) -> bool:
    """Whether ``image`` is marked as holding synthetic labels."""
    return image.name.startswith((SYNTHETIC_PREFIX, RECOMBINED_PREFIX))


@dataclass(frozen=True, eq=False)
class ImageLabels:
    """The boxes of one image.

    ``xyxy_px`` is (n, 4) in pixels of the upright image of ``size_wh``; ``class_id`` is (n,),
    a `FaceClass` value or `IGNORE`. Raises `LabelError` when the shapes do not belong together.
    """

    path: Path
    size_wh: SizeWH
    xyxy_px: Boxes
    class_id: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.xyxy_px.shape != (len(self.class_id), 4):
            raise LabelError(
                f"{self.path.name}: boxes of shape {self.xyxy_px.shape} for "
                f"{len(self.class_id)} classes; expected ({len(self.class_id)}, 4)"
            )

    @classmethod
    def of(
        cls, path: Path, size_wh: SizeWH, xyxy_px: ArrayLike, class_id: ArrayLike
    ) -> ImageLabels:
        ids = np.asarray(class_id, dtype=np.int64).reshape(-1)
        return cls(path, size_wh, as_boxes(xyxy_px), ids)


IGNORED = "ignored"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """``names`` by class index, ``images`` with their boxes.

    ``root`` is the folder that the images' paths are relative to. ``left_out`` counts what
    the reader could not take, by reason, so that what comes in equals what goes out plus that;
    ``notes`` are lines for the person, such as which images are missing. Of the images that
    are ``whole``, the reader has seen the end.
    """

    names: tuple[str, ...]
    images: tuple[ImageLabels, ...]
    root: Path
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    whole: frozenset[Path] = frozenset()

    def relative(self, path: Path) -> Path:
        """``path`` below ``root``; its name alone where it lies elsewhere."""
        try:
            return path.relative_to(self.root)
        except ValueError:
            return Path(path.name)

    def counts(self) -> Counter[str]:
        """Boxes per class name; those of unknown class under "ignored"."""
        return count_boxes(self.images, self.names)


def count_boxes(images: Iterable[ImageLabels], names: tuple[str, ...]) -> Counter[str]:
    """Boxes per class name; those of unknown class under "ignored"."""
    return Counter(
        names[c] if c != IGNORE else IGNORED for image in images for c in image.class_id.tolist()
    )
