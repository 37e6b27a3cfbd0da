"""Destinations that the first version wrote are gone on with, corrected and undone.

``written_by_v1`` holds drawn images, sorted with ``--link copy`` by the program as it was before
journals had checks and labels were exact: ``corrected`` after a learning that was applied (b.jpg to
sunglasses) and one that was not (the face of c.jpg is none), ``killed`` in the midst of filing. Git
keeps no times, so those of the journal are put back; the album was in /home/me.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import learn_corrections
import pytest
from conftest import Sort, disk_as_dict
from corrected_albums import drag, said

from facesort.album.journal import read_state
from facesort.album.user_labels import read_lines

WRITTEN = Path(__file__).with_name("written_by_v1")
FACES = {"a_0": "face", "two_0": "face", "two_1": "masked"}


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(WRITTEN / "album", tmp_path / "album")
    yield tmp_path / "album"
    for path in (WRITTEN / "album").rglob("*.jpg"):
        there = tmp_path / "album" / path.relative_to(WRITTEN / "album")
        assert there.read_bytes() == path.read_bytes(), "originals were touched"


def placed(name: str, album: Path) -> Path:
    """The destination ``name`` as it was on the disk where it was written."""
    dst = album.parent / name
    shutil.copytree(WRITTEN / name, dst)
    for path in (dst / ".facesort").iterdir():
        path.write_text(path.read_text().replace("/home/me", str(album.parent)))
    state = read_state(dst / ".facesort/journal.jsonl")
    for folder in state.folders:
        (dst / folder).mkdir(exist_ok=True)
    for path, (_, signature) in state.made.items():
        if (dst / path).exists():
            os.utime(dst / path, ns=(signature.mtime_ns, signature.mtime_ns))
    crop = dst / "faces/_not_a_face/700_c_0.jpg"  # dragged there, and not yet journaled
    if crop.exists():
        time_ns = state.made["faces/sunglasses/700_c_0.jpg"][1].mtime_ns
        os.utime(crop, ns=(time_ns, time_ns))
    seen = [scan for _, scan in state.scans.values()]
    for scan in [*seen, *(entry.scan for entry in state.entries.values())]:
        os.utime(album / scan.photo, ns=(scan.mtime_ns, scan.mtime_ns))
    return dst


def where_faces_are(dst: Path) -> dict[str, str]:
    found = sorted((dst / "faces").glob("*/*.jpg"))
    return {
        path.stem.partition("_")[2]: path.parent.name
        for path in found
        if path.parent.name != "masked_sunglasses"  # of the other a.jpg
    }


def learn(dst: Path, *argv: str) -> None:
    assert learn_corrections.main([str(dst), *argv]) == 0


def test_it_is_gone_on_with_and_corrected(album: Path, sort: Sort) -> None:
    dst = placed("corrected", album)
    assert "nothing new" in sort("--src", "album", "--dst", "corrected").out
    assert said(dst) == {("b.jpg", 0): "sunglasses", ("c.jpg", 0): "_not_a_face"}
    learn(dst, "--apply")
    assert where_faces_are(dst) == {**FACES, "b_0": "sunglasses", "c_0": "_not_a_face"}
    assert (dst / "photos/_no_face/c.jpg").exists()
    drag(dst / "faces/sunglasses/999_b_0.jpg", "face")
    learn(dst, "--apply")
    assert where_faces_are(dst) == {**FACES, "b_0": "face", "c_0": "_not_a_face"}
    shutil.copyfile(album / "two.jpg", album / "later.jpg")
    assert sort("--src", "album", "--dst", "corrected", "--link", "copy").code == 0
    assert (dst / "photos/masked/later.jpg").exists()


def test_its_learnings_are_taken_back(album: Path, sort: Sort) -> None:
    dst = placed("corrected", album)
    learn(dst, "--undo")
    assert said(dst) == {("b.jpg", 0): "sunglasses"}
    assert where_faces_are(dst)["c_0"] == "sunglasses"
    learn(dst, "--undo")
    assert said(dst) == {} and not read_lines(dst / "corrections.jsonl")
    assert where_faces_are(dst)["b_0"] == "masked"
    assert (dst / "photos/masked/b.jpg").exists()


def test_its_sorting_is_undone_and_the_decisions_stay(album: Path, sort: Sort) -> None:
    dst = placed("corrected", album)
    learn(dst, "--apply")
    assert "left alone" not in sort("--undo", "--dst", "corrected").out
    assert list(disk_as_dict(dst)) == ["corrections.jsonl"]
    sort("--src", "album", "--dst", "corrected")
    assert where_faces_are(dst) == {**FACES, "b_0": "sunglasses", "c_0": "_not_a_face"}


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_killed_run_is_finished_or_undone(is_undone: bool, album: Path, sort: Sort) -> None:
    dst = placed("killed", album)
    state = read_state(dst / ".facesort/journal.jsonl")
    assert 0 < len(state.entries) < 5 and (dst / ".facesort/plan.json").exists()
    if is_undone:
        assert "left alone" not in sort("--undo", "--dst", "killed").out
        assert not dst.exists()
        return
    assert sort("--src", "album", "--dst", "killed", "--link", "copy").code == 0
    sort("--src", "album", "--dst", "new", "--link", "copy")
    assert disk_as_dict(dst) == disk_as_dict(album.parent / "new")


def test_it_names_no_machine() -> None:
    for path in WRITTEN.rglob("*"):
        if path.suffix in (".jsonl", ".json"):
            assert "/home/me/album" in path.read_text() or path.name == "corrections.jsonl"
    for line in (WRITTEN / "corrected/.facesort/journal.jsonl").read_text().splitlines():
        assert "check" not in json.loads(line)
