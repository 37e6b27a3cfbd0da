"""Tar files as they should not be: names that lead away, links, damage in every place."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tar_samples import jpeg, shard, special

from facesort.errors import LabelError
from facesort.labels.webdataset import shards
from facesort.labels.webdataset.shards import Damaged, Member, PassedOver

SAMPLE = {"a.jpg": jpeg(), "a.cls": b"1", "b.jpg": jpeg(), "b.cls": b"0"}


def walk(path: Path) -> tuple[dict[str, bytes], list[PassedOver], str]:
    """Contents by key and suffix, what was passed over, and the damage."""
    contents, passed = {}, []
    try:
        for member in shards.members(path):
            if isinstance(member, Member):
                content = b"".join(member.blocks())
                contents[f"{member.key} {member.suffix}"] = content
            else:
                passed.append(member)
    except Damaged as error:
        return contents, passed, str(error)
    return contents, passed, ""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("data.tar", ["data.tar"]),
        ("data-{000008..000010}.tar", ["data-000008.tar", "data-000009.tar", "data-000010.tar"]),
        ("{train,val}/{0..1}.tar", ["train/0.tar", "train/1.tar", "val/0.tar", "val/1.tar"]),
    ],
)
def test_patterns_as_webdataset_takes_them(source: str, names: list[str]) -> None:
    assert [path.as_posix() for path in shards.find(Path(source))] == names


def test_a_folder_and_a_name_that_holds_a_brace(tmp_path: Path) -> None:
    assert shards.find(tmp_path) == []
    names = ["b/1.TAR", "a.tar.gz", "{0..1}.tar", "._a.tar", "a.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert shards.find(tmp_path) == [tmp_path / name for name in sorted(names[:3])]
    assert shards.find(tmp_path / "{0..1}.tar") == [tmp_path / "{0..1}.tar"]
    with pytest.raises(LabelError, match="a brace too many"):
        shards.find(tmp_path / "{0..2.tar")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar(tmp_path: Path, mode: str, form: int) -> None:
    path = tmp_path / "a.tar"
    name = "ü/" + "d/" * 40 + "日本.seg.JPG"
    with tarfile.open(path, mode, format=form) as tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert walk(path) == ({f"{name[:-8]} seg.jpg": b"abc"}, [], "")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../a.jpg", "leads out"),
        ("a/../../b.jpg", "leads out"),
        ("/etc/a.jpg", "leads out"),
        ("C:/a.jpg", "leads out"),
        ("a\\..\\..\\b.jpg", "leads out"),
        ("\\\\host\\share\\a.jpg", "leads out"),
        ("n" * 1001 + ".jpg", "too long"),
        ("README", "no key"),
        ("a/.hidden", "no key"),
        ("._a.jpg", "no key"),
        ("a/._b.jpg", "no key"),
        ("__meta__", ""),  # webdataset's own
        ("__meta__/a.jpg", ""),
    ],
)
def test_names_that_are_not_taken(tmp_path: Path, name: str, why: str) -> None:
    path = shard(tmp_path / "a.tar", {name: b"1", **SAMPLE})
    contents, passed, damage = walk(path)
    assert len(contents) == 4 and not damage
    assert len(passed) == bool(why) and all(why in item.why for item in passed)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is no plain file"),
        (tarfile.BLKTYPE, "is no plain file"),
        (tarfile.FIFOTYPE, "is no plain file"),
        (tarfile.DIRTYPE, ""),
    ],
)
def test_what_is_no_file(tmp_path: Path, kind: bytes, why: str) -> None:
    path = shard(tmp_path / "a.tar", {"x": special("x.jpg", kind, "/etc/passwd"), **SAMPLE})
    contents, passed, damage = walk(path)
    assert len(contents) == 4 and not damage
    assert [item.why for item in passed] == [why] * bool(why)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty file"),
        (b"no tar at all", "truncated header"),
        (b"no tar at all" * 1000, "invalid header"),
        (gzip.compress(b"neither this", mtime=0), "truncated header"),
        (b"\x1f\x8b\x08 torn", "at byte 0"),
    ],
)
def test_files_that_are_no_tar(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    contents, _, damage = walk(path)
    assert not contents and damage.startswith("a.tar: ") and why in damage


def test_a_missing_one(tmp_path: Path) -> None:
    assert walk(tmp_path / "a.tar")[2].endswith("a.tar: is not there")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_cut_costs_what_follows(tmp_path: Path, mode: str) -> None:
    whole = shard(tmp_path / "a.tar", SAMPLE, mode).read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "a.tar").write_bytes(whole[:length])
        contents, passed, damage = walk(tmp_path / "a.tar")
        expected = {name.replace(".", " "): content for name, content in SAMPLE.items()}
        assert contents.items() <= expected.items() and not passed
        # the end mark alone may be cut, or the check sum behind it
        assert damage or len(contents) == 4


def test_a_cut_in_a_packed_shard_spares_what_came_before(tmp_path: Path) -> None:
    noise = random.Random(0)
    members = {f"{n}.jpg": noise.randbytes(20_000) for n in range(40)}
    whole = shard(tmp_path / "a.tar", members, "w:gz").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: len(whole) // 2])
    contents, _, damage = walk(tmp_path / "a.tar")
    assert len(contents) >= 12 and "what follows is lost" in damage


def test_a_packed_shard_in_parts(tmp_path: Path) -> None:
    """As several processes write one gzip file."""
    content = shard(tmp_path / "a.tar", SAMPLE).read_bytes()
    (tmp_path / "a.tar").write_bytes(
        b"".join(gzip.compress(part, mtime=0) for part in halves(content))
    )
    contents, _, damage = walk(tmp_path / "a.tar")
    assert len(contents) == 4 and not damage


def halves(content: bytes) -> tuple[bytes, bytes]:
    return content[: len(content) // 2], content[len(content) // 2 :]


def test_damage_is_told_with_its_place(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", SAMPLE)
    data = bytearray(path.read_bytes())
    start = data.index(b"b.jpg")
    data[start + 20] ^= 0xFF
    path.write_bytes(data)
    contents, _, damage = walk(path)
    assert list(contents) == ["a jpg", "a cls"]
    assert f"at byte {start + 512:,}, after a.cls; what follows is lost" in damage


def test_tar_files_put_together(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", SAMPLE)
    path.write_bytes(path.read_bytes() * 2)
    contents, _, damage = walk(path)
    assert len(contents) == 4 and "more data after the end mark" in damage


@pytest.mark.parametrize(
    ("kind", "size_bytes"),
    [
        (tarfile.XHDTYPE, 2 << 30),
        (tarfile.GNUTYPE_LONGNAME, 2 << 30),
        (tarfile.REGTYPE, 8 << 60),
        (tarfile.DIRTYPE, 8 << 60),
        (b"x", 8 << 60),
    ],
)
def test_sizes_that_would_fill_the_memory_or_never_end(
    tmp_path: Path, kind: bytes, size_bytes: int
) -> None:
    info = special("x.jpg", kind)
    info.size = size_bytes
    buffer = info.tobuf(tarfile.GNU_FORMAT)
    path = tmp_path / "a.tar"
    path.write_bytes(buffer + bytes(1024))
    contents, _, damage = walk(path)
    assert not contents
    assert damage or kind == tarfile.DIRTYPE  # whose size says nothing


@settings(max_examples=60)
@given(data=st.data())
def test_flipped_bytes_never_stop_the_reading(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the damage is: a result, or `Damaged`."""
    path = tmp_path_factory.getbasetemp() / "flipped.tar"
    mode = data.draw(st.sampled_from(["w", "w:gz"]))
    content = bytearray(shard(path, SAMPLE, mode).read_bytes())
    places = st.integers(0, len(content) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=5)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    walk(path)
