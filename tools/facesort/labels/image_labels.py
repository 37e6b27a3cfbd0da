"""What every label format is read into: one image with its boxes, and a whole source of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facesort.boxes import Boxes, SizeWH, as_boxes
from facesort.errors import LabelError
from facesort.labels.extras import NOTHING, Extras

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
    a `FaceClass` value or `IGNORE`. ``extras`` is one a box, or empty where no box has any. Raises
    `LabelError` when the shapes do not belong together.
    """

    path: Path
    size_wh: SizeWH
    xyxy_px: Boxes
    class_id: NDArray[np.int64]
    extras: tuple[Extras, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.xyxy_px.shape != (len(self.class_id), 4):
            raise LabelError(
                f"{self.path.name}: boxes of shape {self.xyxy_px.shape} for "
                f"{len(self.class_id)} classes; expected ({len(self.class_id)}, 4)"
            )
        if len(self.extras) not in (0, len(self.class_id)):
            raise LabelError(
                f"{self.path.name}: extras of {len(self.extras)} boxes; "
                f"expected {len(self.class_id)}"
            )

    @classmethod
    def of(
        cls,
        path: Path,
        size_wh: SizeWH,
        xyxy_px: ArrayLike,
        class_id: ArrayLike,
        extras: Iterable[Extras] = (),
    ) -> ImageLabels:
        ids = np.asarray(class_id, dtype=np.int64).reshape(-1)
        given = tuple(extras)
        has_some = any(one is not NOTHING and one != NOTHING for one in given)
        kept = given if has_some else ()
        return cls(path, size_wh, as_boxes(xyxy_px), ids, extras=kept)

    def only(self, keep: NDArray[np.bool_]) -> ImageLabels:
        """With those boxes of which ``keep`` is true."""
        if keep.all():
            return self
        extras = tuple(one for one, kept in zip(self.extras, keep, strict=False) if kept)
        return replace(
            self, xyxy_px=self.xyxy_px[keep], class_id=self.class_id[keep], extras=extras
        )

    def rows(self) -> Iterator[tuple[int, list[float], Extras]]:
        """Class, x1 y1 x2 y2 and extras of each box."""
        extras = self.extras or (NOTHING,) * len(self.class_id)
        return zip(self.class_id.tolist(), self.xyxy_px.tolist(), extras, strict=True)


IGNORED = "ignored"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """``names`` by class index, ``images`` with their boxes.

    ``root`` is the folder that the images' paths are relative to. ``left_out`` counts what
    the reader could not take, by reason, so that what comes in equals what goes out plus that;
    ``notes`` are lines for the person, such as which images are missing. Of the images that
    are ``whole``, the reader has seen the end. ``given`` counts the boxes of each class in the
    label files, before any was left out.
    """

    names: tuple[str, ...]
    images: tuple[ImageLabels, ...]
    root: Path
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    whole: frozenset[Path] = frozenset()
    given: Mapping[str, int] = field(default_factory=dict)

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
