"""Drawn images and label sets that the tests of the label formats share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet

# names in subfolders, with blanks, in Unicode; one name in two folders
SIZES = {
    "a.jpg": (64, 48),
    "kids/ä 日本 b.jpg": (40, 90),
    "kids/a.png": (200, 100),
    "c.d.jpg": (33, 33),
}
NAMES = ("face", "masked", "sunglasses", "masked_sunglasses")
EXIF_ORIENTATION = 0x0112


def draw(path: Path, size_wh: tuple[int, int], orientation: int | None = None) -> Path:
    """A grey image, perhaps with an EXIF orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation is not None:
        exif[EXIF_ORIENTATION] = orientation
    Image.new("RGB", size_wh, "grey").save(path, exif=exif)
    return path


def draw_all(root: Path) -> Path:
    for name, size_wh in SIZES.items():
        draw(root / name, size_wh)
    return root


@st.composite
def boxes(draw_value: st.DrawFn, size_wh: tuple[int, int]) -> list[float]:
    """A box inside the image with sides of at least a pixel."""
    out = []
    for length in size_wh:
        low = draw_value(st.floats(0, length - 1, width=32))
        out.append((low, draw_value(st.floats(low + 1, length))))
    (x1, x2), (y1, y2) = out
    return [x1, y1, x2, y2]


@st.composite
def label_sets(draw_value: st.DrawFn, root: Path, ignored: bool = True) -> LabelSet:
    """Labels for the images of `draw_all`, some without a face, some of unknown class."""
    images = []
    for name, size_wh in SIZES.items():
        rows = draw_value(
            st.lists(
                st.tuples(st.integers(IGNORE if ignored else 0, 3), boxes(size_wh)), max_size=4
            )
        )
        ids, values = [r[0] for r in rows], [r[1] for r in rows]
        images.append(ImageLabels.of(root / name, size_wh, values, ids))
    return LabelSet(NAMES, tuple(images), root)


def assert_same(found: LabelSet, expected: LabelSet, atol_px: float) -> None:
    """The same images (by their place below the root) with the same boxes, in their order."""
    by_name = {found.relative(image.path): image for image in found.images}
    assert sorted(by_name) == sorted(expected.relative(image.path) for image in expected.images)
    for image in expected.images:
        other = by_name[expected.relative(image.path)]
        assert other.size_wh == image.size_wh
        assert _class_names(found, other) == _class_names(expected, image)
        np.testing.assert_allclose(other.xyxy_px, image.xyxy_px, atol=atol_px, rtol=0)


def _class_names(labels: LabelSet, image: ImageLabels) -> Sequence[str]:
    return [labels.names[c] if c != IGNORE else "ignored" for c in image.class_id]
