"""Listing an album: a tree in, names out."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from facesort.errors import AlbumError, UsageError
from facesort.photos import list_photos

LONG = "ü" * 123 + ".jpg"  # 250 bytes


def plant(root: Path, names: list[str]) -> None:
    """Make files; a name that ends in / is a folder, ``a -> b`` a link."""
    for name in names:
        link, arrow, target = name.partition(" -> ")
        path = root / link
        path.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            path.symlink_to(target)
        elif name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(b"x")


@pytest.mark.parametrize(
    ("names", "photos", "videos", "others"),
    [
        ([], [], [], []),
        (["a.jpg"], ["a.jpg"], [], []),
        (["b.JPG", "a.HeIc", "c.tiff"], ["a.HeIc", "b.JPG", "c.tiff"], [], []),
        (["x/IMG_1.jpg", "y/IMG_1.jpg"], ["x/IMG_1.jpg", "y/IMG_1.jpg"], [], []),
        (["a.mp4", "b.MOV", "n.txt", "noname"], [], ["a.mp4", "b.MOV"], ["n.txt", "noname"]),
        (["a.jpg/", "a.jpg/b.jpg"], ["a.jpg/b.jpg"], [], []),
        ([".hidden.jpg", "._a.jpg", ".dir/a.jpg", ".DS_Store"], [], [], []),
        (["Thumbs.db", "desktop.ini", "@eaDir/a.jpg", "__MACOSX/a.jpg"], [], [], []),
        (["$RECYCLE.BIN/a.jpg", "System Volume Information/a.jpg"], [], [], []),
        (["line\nbreak.jpg", "🎂.jpg", LONG], ["line\nbreak.jpg", LONG, "🎂.jpg"], [], []),
        (["a/b.jpg", "a/loop -> .", "a/up -> .."], ["a/b.jpg"], [], []),
        (["z/a.jpg", "a_link -> z"], ["z/a.jpg"], [], []),
        (["a.jpg", "b.jpg -> a.jpg"], ["a.jpg", "b.jpg"], [], []),
        (["gone.jpg -> nowhere.jpg", "self.jpg -> self.jpg"], [], [], ["gone.jpg", "self.jpg"]),
    ],
)  # fmt: skip
def test_list(
    tmp_path: Path, names: list[str], photos: list[str], videos: list[str], others: list[str]
) -> None:
    plant(tmp_path, names)
    listing = list_photos(tmp_path)
    assert [found.relative for found in listing.photos] == photos
    assert [found.relative for found in listing.videos] == videos
    assert [found.relative for found in listing.files] == sorted([*photos, *videos])
    assert list(listing.others) == others
    assert not listing.unreadable
    assert all(found.path == tmp_path / found.relative for found in listing.photos)


def test_link_out_of_the_album_is_followed_once(tmp_path: Path) -> None:
    plant(tmp_path, ["elsewhere/a.jpg", "album/one -> ../elsewhere", "album/two -> ../elsewhere"])
    assert [found.relative for found in list_photos(tmp_path / "album").photos] == ["one/a.jpg"]


def test_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"12345")
    os.utime(path, ns=(1, 1_600_000_000_123_456_700))
    (found,) = list_photos(tmp_path).photos
    assert found.size_bytes == 5
    assert found.mtime_ns == path.stat().st_mtime_ns


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow Unicode names only")
def test_name_that_is_no_unicode(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.jpg"), "wb"):
        pass
    (found,) = list_photos(tmp_path).photos
    assert os.fsencode(found.relative) == b"caf\xe9.jpg"
    assert found.path.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_no_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert list_photos(tmp_path).others == ("pipe.jpg",)


@pytest.mark.parametrize(("name", "reason"), [("missing", "no such folder"), ("file", "is a file")])
def test_root_that_is_no_folder(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=reason):
        list_photos(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_locked_folders() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plant(root, ["a.jpg", "locked/b.jpg"])
        root.chmod(0o755)
        (root / "locked").chmod(0)
        before = os.geteuid()
        try:
            if before == 0:  # root may enter everything; so become somebody who may not
                os.seteuid(65534)
            listing = list_photos(root)
            with pytest.raises(AlbumError, match="cannot be read"):
                list_photos(root / "locked")
        finally:
            os.seteuid(before)
            (root / "locked").chmod(0o755)
        assert [found.relative for found in listing.photos] == ["a.jpg"]
        assert listing.unreadable == ("locked",)


def test_links_that_lead_out_of_an_album_are_refused(tmp_path: Path) -> None:
    """A hard link to what they lead to would be a second name of somebody's file."""
    plant(tmp_path, ["out/secret.jpg", "out/x/b.jpg", "album/real/a.jpg", "album_too/c.jpg"])
    links = ["within -> real", "a.jpg -> real/a.jpg", "one.jpg -> ../out/secret.jpg"]
    links += ["all -> ../out", "near -> ../album_too", "twice.jpg -> one.jpg", "up -> .."]
    plant(tmp_path / "album", links)
    out = ["all", "near", "one.jpg", "twice.jpg", "up"]
    (tmp_path / "way in").symlink_to(tmp_path / "album")
    for root in (tmp_path / "album", tmp_path / "way in"):
        listing = list_photos(root, links_out=False)
        assert [found.relative for found in listing.photos] == ["a.jpg", "real/a.jpg"]
        assert sorted(listing.refused) == out
        assert "leads out of the album" in listing.refused["all"]
    assert len(list_photos(tmp_path / "album").photos) > 2
