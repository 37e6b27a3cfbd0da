"""What every label format is read into: one image with its boxes and classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import Boxes, SizeWH, as_boxes
from facesort.errors import LabelError

# A face whose class nobody could tell: neither an example of a class nor background.
IGNORE = -1

# How the file name of a picture with synthetic labels begins: the mark travels with the file, and
# such a picture may only ever be trained on.
SYNTHETIC_PREFIX = "synthetic_"
RECOMBINED_PREFIX = "cross_"  # real parts of two faces put together; equally for training only


def is_synthetic(picture: Path) -> bool:
    """Whether ``picture`` is marked as holding synthetic labels."""
    return picture.name.startswith((SYNTHETIC_PREFIX, RECOMBINED_PREFIX))


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
