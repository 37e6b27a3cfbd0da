"""Images without copyright that facesort carries, and the places of the faces on them.

Where each comes from and its licence: README.md beside this file. From them come the sample album
and the sample data set; masks and sunglasses are drawn onto the faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.classes import FaceClass
from facesort.photos import open_photo

Pixels = NDArray[np.uint8]
Landmarks = tuple[tuple[int, int], ...]  # left eye, right eye, nose, left and right mouth corner

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class SampleImage:
    """A bundled image; ``face_xyxy`` and ``landmarks_xy`` are pixels, None without a face."""

    file: str
    landmarks_xy: Landmarks | None = None
    face_xyxy: tuple[int, int, int, int] | None = None

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    def wearing(self, face_class: FaceClass, rng: np.random.Generator) -> Pixels:
        """The image, (height, width, 3) RGB, with what ``face_class`` names drawn on the face."""
        from facesort.dataset.synthesize import draw_mask, draw_sunglasses

        rgb: Pixels = open_photo(self.path).rgb
        if self.landmarks_xy and face_class.mouth_covered:
            rgb = draw_mask(rgb, self.landmarks_xy, rng)
        if self.landmarks_xy and face_class.eyes_covered:
            rgb = draw_sunglasses(rgb, self.landmarks_xy, rng)
        return rgb


ASTRONAUT = SampleImage(
    "astronaut.jpg",
    ((203, 104), (248, 104), (224, 128), (204, 143), (243, 144)),
    (177, 64, 271, 178),
)
HOPPER = SampleImage(
    "grace_hopper.jpg",
    ((224, 190), (305, 186), (265, 232), (233, 277), (297, 275)),
    (172, 122, 356, 330),
)
CAT, COFFEE, ROCKET = SampleImage("cat.jpg"), SampleImage("coffee.jpg"), SampleImage("rocket.jpg")

PORTRAITS = (ASTRONAUT, HOPPER)
WITHOUT_FACES = (CAT, COFFEE, ROCKET)
