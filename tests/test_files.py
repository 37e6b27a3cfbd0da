"""Files put in place whole: replaced in one step or left as they were, linked or else copied."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from facesort.files import (
    hard_link,
    link_or_copy,
    move,
    put_new,
    replacing,
    replacing_folder,
    write_atomic,
)


def test_a_file_is_replaced_when_all_went_well(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    with replacing(file) as temporary:
        assert temporary.suffix == ".onnx", "some writers choose the format by it"
        temporary.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(file) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    with replacing(file):
        pass
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("model.onnx", "old")]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_comes_whole_or_not_at_all(is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "album"
    if is_there:
        folder.mkdir(parents=True)
    with pytest.raises(ZeroDivisionError), replacing_folder(folder) as temporary:
        (temporary / "a.txt").write_text("half")
        raise ZeroDivisionError
    assert folder.exists() == is_there
    with replacing_folder(folder) as temporary:
        (temporary / "a.txt").write_text("whole")
    assert (folder / "a.txt").read_text() == "whole"
    assert list(folder.parent.iterdir()) == [folder]


def test_what_is_moved_or_written_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "left.tmp").write_text("of a killed run")
    move(tmp_path / "a", tmp_path / "out" / "b")
    write_atomic(tmp_path / "out" / "b", [b"2", b"3"], tmp_path / "left.tmp")
    assert (tmp_path / "out" / "b").read_text() == "23"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b", "out"]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_never_takes_anothers_name(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*names: object) -> None:
        raise OSError(errno.EPERM, "no links on this disk")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    put_new(lambda path: path.write_text("first"), tmp_path / "a", tmp_path / "t")
    with pytest.raises(FileExistsError):
        put_new(lambda path: path.write_text("second"), tmp_path / "a", tmp_path / "t")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a", "first")]


def test_a_refused_link_is_told_apart_from_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("x")
    for number, refused in ((errno.EXDEV, False), (errno.EMLINK, False), (errno.ENOSPC, True)):

        def fail(*names: object, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "link", fail)
        if refused:
            with pytest.raises(OSError, match="space"):
                hard_link(tmp_path / "a", tmp_path / "b")
        else:
            assert not hard_link(tmp_path / "a", tmp_path / "b")


def test_links_lead_to_originals_but_cut_jpegs_are_copied(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    Image.new("RGB", (20, 20)).save(whole)
    cut.write_bytes(whole.read_bytes()[:-2])
    (tmp_path / "way.jpg").symlink_to(whole)
    for name in ("whole", "way", "cut"):
        link_or_copy(tmp_path / f"{name}.jpg", tmp_path / "out" / f"{name}.jpg")
    assert (tmp_path / "out" / "whole.jpg").samefile(whole)
    assert (tmp_path / "out" / "way.jpg").samefile(whole)
    assert not (tmp_path / "out" / "cut.jpg").samefile(cut)
    assert (tmp_path / "out" / "cut.jpg").read_bytes() == cut.read_bytes()
    for name in ("whole", "cut"):
        with pytest.raises(FileExistsError):
            link_or_copy(tmp_path / f"{name}.jpg", tmp_path / "out" / f"{name}.jpg")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")
def test_another_disk_gets_a_copy(tmp_path: Path) -> None:
    other = Path(f"/dev/shm/facesort_test_{os.getpid()}")
    source = tmp_path / "a.txt"
    source.write_text("x")
    try:
        link_or_copy(source, other / "a.txt")
        assert (other / "a.txt").read_text() == "x"
        assert not (other / "a.txt").samefile(source)
    finally:
        (other / "a.txt").unlink(missing_ok=True)
        other.rmdir()
