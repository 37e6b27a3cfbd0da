"""Open Images CSV: codes and what they mean, flags, and what is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import open_images
from facesort.labels.extras import Extras
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import Reading

# the columns and the kind of rows of validation-annotations-bbox.csv, version 7
BOXES = f"""{",".join(open_images.COLUMNS)}
0001eeaf4aed83f9,xclick,/m/0dzct,1,0.1,0.5,0.2,0.4,1,0,0,0,0
0001eeaf4aed83f9,xclick,/m/017ftj,1,0.2,0.3,0.2,0.3,0,1,0,1,0
0001eeaf4aed83f9,activemil,/m/0dzct,0.5,0.6,0.9,0.1,0.4,-1,-1,1,-1,-1
000595fe6fee6369,xclick,/m/0dzct,1,0.1,nothing,0.2,0.4,0,0,0,0,0
"""
CLASSES = "/m/0dzct,Human face\n/m/017ftj,Sunglasses\n"


def read(tmp_path: Path, text: str = BOXES) -> LabelSet:
    for name in ("0001eeaf4aed83f9.jpg", "000595fe6fee6369.jpg", "empty.jpg"):
        draw(tmp_path / "images" / name, (100, 50))
    (tmp_path / "validation-annotations-bbox.csv").write_text(text)
    return open_images.read(tmp_path, Reading(tmp_path / "images", drop_bad=True))


@pytest.mark.parametrize("header", ["", "LabelName,DisplayName\n"])
def test_boxes_with_their_flags(header: str, tmp_path: Path) -> None:
    (tmp_path / "class-descriptions-boxable.csv").write_text(header + CLASSES)
    (tmp_path / "images.csv").write_text("ImageID,Subset\nempty,validation\ngone,validation\n")
    labels = read(tmp_path)
    assert labels.counts() == {"Human face": 1, "Sunglasses": 1, "ignored": 1}
    first = labels.images[0]
    assert first.xyxy_px[0] == pytest.approx([10, 10, 50, 20])
    assert first.extras == (
        Extras(occluded=True),
        Extras(truncated=True, attributes=(("IsDepiction", "1"),)),
        Extras(confidence=0.5),
    )
    assert [image.path.name for image in labels.images if not len(image.class_id)] == [
        "000595fe6fee6369.jpg",  # its box is none
        "empty.jpg",
    ]
    assert sum(labels.left_out.values()) == 1


def test_without_descriptions_the_code_is_the_name(tmp_path: Path) -> None:
    assert set(read(tmp_path).counts()) == {"/m/0dzct", "/m/017ftj", "ignored"}


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\xff", "ImageID,LabelName,XMin\n"])
def test_what_is_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode("latin-1"))
    assert not open_images.is_open_images(file.read_bytes())
    with pytest.raises(LabelError, match=r"a\.csv: .*expected Open Images"):
        open_images.read(file, Reading(tmp_path))
