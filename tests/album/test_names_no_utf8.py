"""Names that are no UTF-8, as old systems left them: the manifest still finds its files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import Album, Sort

from facesort.album.names import NamePool, as_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", ""),
        ("ä 😀.jpg", "ä 😀.jpg"),
        ("%FF.jpg", "%FF.jpg"),
        ("a\udcff.jpg", "a%FF.jpg"),
        ("\udce4\udc80", "%E4%80"),
    ],
)
def test_as_text(name: str, text: str) -> None:
    assert as_text(name) == text
    text.encode("utf-8")


def test_names_that_become_one_get_numbers() -> None:
    pool = NamePool()
    taken = [pool.take("photos/face", name) for name in ("%FF.jpg", "\udcff.jpg", "\udcff" * 99)]
    assert taken[:2] == ["photos/face/%FF.jpg", "photos/face/%FF (2).jpg"]
    assert len(os.fsencode(Path(taken[2]).name)) <= 255


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_the_manifest_names_every_file(album: Album, sort: Sort, tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", b"\xe9t\xe9/a.jpg", b"plain.jpg", b"caf\xc3\xa9.jpg"):
        album.add(os.fsdecode(name), "face", "masked")
    assert sort("--src", "album").code == 0
    rows = pd.read_csv(tmp_path / "sorted/manifest.csv")
    assert len(rows) == 8
    for column in ("crop", "target"):
        for path in rows[column]:
            assert (tmp_path / "sorted" / path).is_file(), path
    assert "nothing new" in sort("--src", "album").out
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert not (tmp_path / "sorted").exists()
