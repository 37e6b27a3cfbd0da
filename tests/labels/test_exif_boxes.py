"""Boxes drawn on the stored image lie on the same thing in the upright one."""

from pathlib import Path

import numpy as np
import pytest
from label_samples import EXIF_ORIENTATION, draw
from PIL import Image

from facesort.boxes import as_boxes
from facesort.errors import PhotoError
from facesort.labels import voc
from facesort.labels.image_finder import shape_of, to_upright
from facesort.labels.image_labels import ImageLabels
from facesort.labels.resolve import Reading
from facesort.photos import open_photo

STORED_WH, BOX = (64, 48), (8, 4, 24, 36)


def saved_image(path: Path, orientation: int) -> Path:
    """White on black where `BOX` is, as stored."""
    pixels = np.zeros((STORED_WH[1], STORED_WH[0], 3), np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def white(path: Path) -> list[int]:
    rows, columns = np.nonzero(open_photo(path).rgb[..., 0] > 127)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_box_follows_the_image(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = saved_image(tmp_path / f"a.{suffix}", orientation)
    shape = shape_of(path)
    assert shape.orientation == orientation
    assert shape.stored_wh == STORED_WH and shape.size_wh == open_photo(path).size_wh
    np.testing.assert_array_equal(to_upright(as_boxes([BOX]), shape), [white(path)])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_voc_label_of_the_stored_image(tmp_path: Path, orientation: int) -> None:
    """From 5 on, its size says so; for 2 to 4 sizes are equal, so the person has to."""
    path = saved_image(tmp_path / "a.png", orientation)
    stored = ImageLabels.of(path, STORED_WH, [BOX], [0])
    (tmp_path / "a.xml").write_text(voc.render(stored, ("face",)))
    reading = Reading(tmp_path, boxes_of="auto" if orientation >= 5 else "stored")
    (image,) = voc.read_folder(tmp_path / "a.xml", reading).images
    assert image.size_wh == open_photo(path).size_wh
    np.testing.assert_array_equal(image.xyxy_px, [white(path)])


def test_no_boxes(tmp_path: Path) -> None:
    shape = shape_of(draw(tmp_path / "a.jpg", (9, 5), 6))
    assert to_upright(as_boxes([]), shape).shape == (0, 4)


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no image")
    with pytest.raises(PhotoError):
        shape_of(tmp_path / "a.jpg")
