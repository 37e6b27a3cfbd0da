"""A real disk that is too small, or gets full half way: one line, nothing torn, goes on later."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

PHOTOS = 12


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small tmpfs")
def test_a_disk_that_gets_full(album: Album, sort: Sort, tmp_path: Path) -> None:
    for number in range(PHOTOS):
        path = album.add(f"{number:02d}.jpg", "face")
        album.write(path.name, path.read_bytes() + os.urandom(60_000))
    sort("--src", "album", "--link", "copy")
    expected = {
        path: len(data)
        for path, data in disk_as_dict(tmp_path / "sorted").items()
        if data != b"folder"
    }
    facts = on_small_disk(album.root, tmp_path / "disk")

    assert facts["too small"]["code"] == 1
    assert re.fullmatch(
        r"error: disk/sorted: not enough room: about \d+ kB needed, \d+ kB free; free some .+\n",
        facts["too small"]["err"],
    )
    assert facts["files then"] == {}

    for full in (facts["full"], facts["full again"]):
        assert full["code"] == 1
        assert full["err"].count("\n") == 1
    done = re.match(
        r"error: disk/sorted: the disk is full after (\d+) of 12 photos; free about \d+ kB and run",
        facts["full"]["err"],
    )
    assert done is not None, facts["full"]["err"]
    assert 0 < int(done[1]) < PHOTOS
    assert facts["files when full"].items() < expected.items()  # no half file at a final name

    assert facts["resumed"]["code"] == 0, facts["resumed"]
    assert facts["files at last"] == expected
    assert facts["undone"]["code"] == 0, facts["undone"]
    assert list(facts["files after undo"]) == ["filler"]


def on_small_disk(album: Path, mount_point: Path) -> dict[str, dict]:
    mount_point.mkdir()
    script = Path(__file__).with_name("on_small_disk.py")
    unshare = ["unshare", "--map-root-user", "--mount"]
    command = [*unshare, sys.executable, script, album, mount_point]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, f"this test needs unshare: {process.stderr}"
    return json.loads(process.stdout)
