"""What a model says of one image, whichever model it was: plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes


@dataclass(frozen=True, eq=False)
class Detections:
    """Faces with their class, most certain first.

    ``xyxy_px`` (n, 4) in pixels of the image given, ``class_id`` (n,), ``confidence`` (n,).
    """

    xyxy_px: Boxes
    class_id: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.class_id)


@dataclass(frozen=True, eq=False)
class FoundFaces:
    """Faces with five landmarks but no class.

    ``xyxy_px`` (n, 4), ``confidence`` (n,), ``landmarks_px`` (n, 5, 2): the eye and then the mouth
    corner at the left of the image come first: left eye, right eye, nose, left and right mouth.
    """

    xyxy_px: Boxes
    confidence: NDArray[np.float64]
    landmarks_px: NDArray[np.float64]


# find(rgb, imgsz): the image (h, w, 3) and the size at which the network sees it
FaceFinder = Callable[[NDArray[np.uint8], int], FoundFaces]
