"""What a whole label source is read into, whatever its format: class names and labelled images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from facesort.labels.image_labels import IGNORE, ImageLabels

IGNORED = "ignored"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """``names`` by class index, ``images`` with their boxes.

    ``root`` is the folder that the pictures' paths are told relative to. ``left_out`` counts what
    the reader could not take, by reason, so that what comes in equals what goes out plus that;
    ``notes`` are lines for the person, such as which pictures are missing. Of the pictures that
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
