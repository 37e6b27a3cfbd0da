"""Whether two images show one person: of their labelled faces, the most alike pair counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, min_side
from facesort.errors import PhotoError
from facesort.photos import open_photo

if TYPE_CHECKING:
    from facesort.models.people.embed import OnnxEmbedder
    from facesort.models.people.points import PointFinder

SAME_PERSON = 4.0  # deviations from what two different people reach (`similarity_norm`)
MIN_SIDE_PX = 32.0  # a smaller face says too little
MOST_FACES = 4  # of an image, the largest
KEPT = 4096  # images whose vectors are remembered

Described = tuple[NDArray[np.float32], NDArray[np.int64]]  # vectors (n, d), classes (n,)


class SameFace:
    """Compares images whose faces are labelled; the models are loaded when first needed.

    ``labels_of`` gives the boxes of an image, in its pixels, and their classes (of our four).
    """

    def __init__(
        self,
        encoder: Path,
        points: Path,
        labels_of: Callable[[Path], tuple[Boxes, NDArray[np.int64]]],
    ) -> None:
        self._files, self._labels_of = (encoder, points), labels_of
        self._loaded: tuple[OnnxEmbedder, PointFinder] | None = None
        self._described = lru_cache(KEPT)(self._describe)

    def __call__(self, one: Path, other: Path) -> bool:
        (a, states), (b, other_states) = self._described(one), self._described(other)
        if not (len(a) and len(b)):
            return False
        alike = self._models()[0].likeness.of(a @ b.T, states, other_states)
        return bool(alike.max() >= SAME_PERSON)

    def _models(self) -> tuple[OnnxEmbedder, PointFinder]:
        from facesort.models.people.embed import load_embedder
        from facesort.models.people.points import load_point_finder

        if self._loaded is None:
            self._loaded = load_embedder(self._files[0]), load_point_finder(self._files[1])
        return self._loaded

    def _describe(self, image: Path) -> Described:
        boxes, classes = self._labels_of(image)
        sides = min_side(boxes)
        large = [i for i in np.argsort(-sides)[:MOST_FACES] if sides[i] >= MIN_SIDE_PX]
        no_faces = np.zeros((0, 1), dtype=np.float32), np.zeros(0, dtype=np.int64)
        if not large:
            return no_faces
        try:
            rgb = open_photo(image).rgb
        except PhotoError:
            return no_faces
        encoder, points = self._models()
        found = points.find(rgb, boxes[large])
        aligned = np.stack([encoder.align(rgb, five) for five in found])
        return encoder.embed(aligned), classes[large]
