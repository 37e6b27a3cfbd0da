"""Crops outlive a kill, and only those of the very boxes asked for are used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facesort.album.records import Face, Scan
from facesort.album.scanning.face_crops import CropMemory, crop_memory

JPEGS = [b"first\nwith a line break", b"", b"\x00third"]


def scan(photo: str = "ä/a.jpg", faces: int = 3) -> Scan:
    found = tuple(Face((1.0, 2.0, 30.5 + i, 40.0), "face", 0.9) for i in range(faces))
    return Scan(photo, 1, 2, "content", 0.5, found)


def killed(file: Path, *photos: str) -> None:
    """A run that kept crops of these photos and came to no end."""
    memory = CropMemory(file)
    for photo in photos:
        memory.keep(scan(photo), JPEGS)
    memory.close()


def test_nothing_is_kept_for_no_face_and_nothing_known_at_first(tmp_path: Path) -> None:
    with crop_memory(tmp_path / "crops") as memory:
        memory.keep(scan(faces=0), [])
        assert memory.take(scan(faces=0)) is None
        assert (tmp_path / "crops").stat().st_size == 0


def test_crops_come_back_once_and_nothing_is_left(tmp_path: Path) -> None:
    with crop_memory(tmp_path / "crops") as memory:
        memory.keep(scan("b"), JPEGS)
        memory.keep(scan("a"), JPEGS[:1])
        memory.keep(scan("a"), JPEGS)  # looked at again
        assert (memory.take(scan("a")), memory.take(scan("b"))) == (JPEGS, JPEGS)
        assert memory.take(scan("a")) is None
    assert not (tmp_path / "crops").exists()


def test_the_run_after_a_kill_has_them(tmp_path: Path) -> None:
    killed(tmp_path / "crops", "a", "b")
    with crop_memory(tmp_path / "crops") as memory:
        memory.keep(scan("c"), JPEGS)
        assert [memory.take(scan(photo)) for photo in "abc"] == [JPEGS] * 3


@pytest.mark.parametrize(
    "other",
    [{"content": "changed"}, {"scale": 0.25}, {"faces": scan(faces=2).faces}],
    ids=["content", "scale", "boxes"],
)
def test_crops_of_something_else_are_not_used(other: dict[str, object], tmp_path: Path) -> None:
    killed(tmp_path / "crops", "a")
    with crop_memory(tmp_path / "crops") as memory:
        assert memory.take(replace(scan("a"), **other)) is None  # type: ignore[arg-type]


def test_a_torn_end_costs_one_photo_wherever_it_is_torn(tmp_path: Path) -> None:
    file = tmp_path / "crops"
    killed(file, "a")
    first = file.stat().st_size
    killed(file, "b")
    whole = file.read_bytes()
    for size in range(first, len(whole)):
        file.write_bytes(whole[:size])
        memory = CropMemory(file)
        assert memory.take(scan("b")) is None
        memory.keep(scan("c"), JPEGS)
        memory.close()
        with crop_memory(file) as memory:
            assert memory.take(scan("a")) == memory.take(scan("c")) == JPEGS


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"no JSON\n", b"[1]\n", b'["a", "k", "s"]\n', b"\xff"]
)
def test_what_is_not_ours_is_cut_off(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "crops").write_bytes(data)
    memory = CropMemory(tmp_path / "crops")
    assert (tmp_path / "crops").stat().st_size == 0
    memory.close()


@pytest.mark.parametrize(("error", "stays"), [(KeyboardInterrupt, True), (OSError, False)])
def test_only_a_stop_leaves_it(error: type[BaseException], stays: bool, tmp_path: Path) -> None:
    with pytest.raises(error), crop_memory(tmp_path / "crops") as memory:
        memory.keep(scan(), JPEGS)
        raise error
    assert (tmp_path / "crops").exists() is stays
