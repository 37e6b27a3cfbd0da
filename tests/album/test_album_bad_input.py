"""Damaged photos, odd photos, odd names: one clear line each, and the others are sorted."""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import Album, Sort, jpeg
from PIL import Image


def image(mode: str, kind: str, size: tuple[int, int] = (128, 96), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def moving() -> bytes:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return out.getvalue()


DAMAGED = {
    "truncated.jpg": (jpeg("face")[:600], "ends too early"),
    "zero.jpg": (b"", "is empty (0 bytes)"),
    "text.jpg": (b"Dear Sir or Madam, this is a letter.\n" * 9, "is text, not an image"),
    "zeros.jpg": (bytes(5000), "holds nothing but zeros"),
}
ODD = {
    "one pixel.png": image("RGB", "PNG", (1, 1)),
    "wide.jpg": image("RGB", "JPEG", (20_000, 20)),
    "cmyk.jpg": image("CMYK", "JPEG"),
    "deep.png": image("I;16", "PNG"),
    "palette.png": image("P", "PNG", transparency=0),
    "moving.webp": moving(),
    "scan.tif": image("L", "TIFF"),
    "old.bmp": image("RGB", "BMP"),
}
NAMES = [
    "line\nbreak.jpg",
    "return\rhere.jpg",
    "party 🎉 größe.jpg",
    "e\u0301 composed.jpg",
    'comma, "quote" and = .jpg',
    "n" * 246 + ".jpg",
    "ä" * 123 + ".jpg",
    "%s {0} \\x41 ;$(true)`.jpg",
    "-rf.jpg",
]
POSIX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_photo_is_listed_and_the_others_are_sorted(
    name: str, album: Album, sort: Sort, tmp_path: Path
) -> None:
    data, reason = DAMAGED[name]
    album.write(name, data)
    album.add("good.jpg", "face")
    result = sort("--src", "album")
    assert (result.code, result.err) == (1, "")
    (line,) = [line for line in result.out.splitlines() if line.startswith(f"  {name}:")]
    assert reason in line
    assert (tmp_path / "sorted/photos/_unreadable" / name).read_bytes() == data
    assert (tmp_path / "sorted/photos/face/good.jpg").exists()
    row = pd.read_csv(tmp_path / "sorted/manifest.csv").set_index("photo").loc[name]
    assert row.target == f"photos/_unreadable/{name}"
    assert row.drop("target").isna().all()


def test_odd_photos_are_photos(album: Album, sort: Sort, tmp_path: Path) -> None:
    for name, data in ODD.items():
        album.write(name, data)
    result = sort("--src", "album")
    assert (result.code, result.err) == (0, "")
    assert set(pd.read_csv(tmp_path / "sorted/manifest.csv").photo) == set(ODD)


def test_odd_names(album: Album, sort: Sort, tmp_path: Path) -> None:
    for name in NAMES:
        album.add(f"one/{name}", "face", "masked")
        album.add(f"two/{name}", "face")
    result = sort("--src", "album")
    assert (result.code, result.err) == (0, "")
    assert len(list((tmp_path / "sorted/photos/face").iterdir())) == 2 * len(NAMES)
    table = pd.read_csv(tmp_path / "sorted/manifest.csv")
    assert set(table.photo) == {f"{top}/{name}" for top in ("one", "two") for name in NAMES}
    for row in table.itertuples():
        assert (tmp_path / "sorted" / row.target).samefile(album.root / row.photo)
        assert (tmp_path / "sorted" / row.crop).stat().st_size
    assert sort("--undo", "--dst", "sorted").code == 0
    assert not (tmp_path / "sorted").exists()


@POSIX
def test_a_name_that_is_no_unicode(album: Album, sort: Sort, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    album.add(name, "face")
    assert sort("--src", "album", "--dry-run").code == 0
    assert sort("--plan", "sorted/plan.json").code == 0
    (row,) = pd.read_csv(tmp_path / "sorted/manifest.csv").itertuples()
    assert (row.photo, row.target) == ("caf\\xe9.jpg", "photos/face/caf%E9.jpg")
    assert (tmp_path / "sorted" / row.target).samefile(album.root / name)


def test_names_in_lines_cannot_break_the_lines(album: Album, sort: Sort) -> None:
    album.write("two\nlines.jpg", b"")
    result = sort("--src", "album")
    assert "  two\\nlines.jpg: is empty" in result.out


def test_the_manifest_is_plain_csv(full_album: Album, sort: Sort, tmp_path: Path) -> None:
    sort("--src", "album")
    with open(tmp_path / "sorted/manifest.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == "photo,x1,y1,x2,y2,class,mouth,eyes,confidence,crop,target".split(",")
    assert [row[0] for row in rows[1:]] == sorted(row[0] for row in rows[1:])
    doubt = next(row for row in rows if row[0] == "doubt.jpg")
    assert doubt[5:] == [
        *("face", "0", "0", "0.3000"),
        "faces/_unsure/300_doubt_0.jpg",
        "photos/_unsure/doubt.jpg",
    ]
    both = next(row for row in rows if row[5] == "masked_sunglasses")
    assert both[6:8] == ["1", "1"]
