"""Parquet labels: as other programs write them, and each way to be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from label_samples import draw

from facesort.dataset.convert.label_reader import tell_format
from facesort.errors import LabelError
from facesort.labels import parquet
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import Reading

FACE = {"image": "sub/ü.jpg", "x1": 1, "y1": 2, "x2": 11, "y2": 7, "class": "face"}


def read(tmp_path: Path, *rows: dict[str, Any], drop_bad: bool = False) -> LabelSet:
    draw(tmp_path / "images" / "sub" / "ü.jpg", (64, 48))
    pd.DataFrame(rows, columns=list(rows[0])).to_parquet(tmp_path / "labels.parquet", index=False)
    return parquet.read(tmp_path / "labels.parquet", Reading(tmp_path / "images", drop_bad))


def test_as_pandas_writes_it(tmp_path: Path) -> None:
    labels = read(tmp_path, FACE, {**FACE, "class": "masked"}, {**FACE, "class": "ignore"})
    assert labels.names == ("face", "masked")
    assert labels.images[0].class_id.tolist() == [0, 1, IGNORE]
    assert labels.images[0].xyxy_px.tolist() == [[1, 2, 11, 7]] * 3
    assert tell_format(tmp_path / "labels.parquet") == "parquet"


def test_empty_columns_are_a_image_without_a_face(tmp_path: Path) -> None:
    labels = read(tmp_path, FACE | dict.fromkeys(("x1", "y1", "x2", "y2", "class")))
    assert len(labels.images) == 1 and not labels.counts()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({**FACE, "x1": None}, "has no four numbers x1, y1, x2, y2"),
        ({**FACE, "x1": "1"}, "has no four numbers"),
        ({**FACE, "class": None}, "has no class name"),
        ({**FACE, "x2": 1}, "has no width or height"),
        ({**FACE, "width": 9, "height": 9}, ""),  # of another size than the image
        ({**FACE, "image": None}, ""),
    ],
)
def test_bad_rows_are_told_or_counted(tmp_path: Path, row: dict[str, Any], why: str) -> None:
    if why:
        with pytest.raises(LabelError, match=why):
            read(tmp_path, row)
    labels = read(tmp_path, row, drop_bad=True)
    assert sum(labels.left_out.values()) == 1


def test_parts_of_which_one_tells_the_order_of_classes(tmp_path: Path) -> None:
    first = read(tmp_path, {**FACE, "class": "masked"})
    parquet.write(first, tmp_path / "b.parquet")
    read(tmp_path, FACE).counts()  # labels.parquet anew
    labels = parquet.read(tmp_path, Reading(tmp_path / "images"))
    assert labels.names == ("masked", "face")
    assert labels.counts() == {"masked": 1, "face": 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "no Parquet that can be read"), (b"PAR1 torn", "no Parquet that can be read")],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "labels.parquet"
    file.write_bytes(content)
    with pytest.raises(LabelError, match=why):
        parquet.read(file, Reading(tmp_path))
    assert any(why in note for note in parquet.read(tmp_path, Reading(tmp_path)).notes)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="has no column y2, class; expected image"):
        read(tmp_path, {"image": "a.jpg", "x1": 1, "y1": 1, "x2": 2})
