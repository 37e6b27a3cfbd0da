"""Which faces of a list are worth having: by size and by WIDER FACE's attributes, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import min_side
from facesort.errors import LabelError
from facesort.labels.widerface.face_list import FaceList, ListedImage

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
