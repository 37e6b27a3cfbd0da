"""Albums behind a URL, by file://, which every store but the local disk is to be like."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from facesort.errors import FacesortError, PhotoError, UsageError
from facesort.file_names import why_outside
from facesort.photos import Remote, album_at, list_remote, read_photo_bytes
from facesort.photos.remote import found_at, status_of

pytest.importorskip("fsspec")
TOOLS = Path(__file__).parents[2] / "tools"
ODD = "a b#c%20d?é 🎂.jpg"


def album(root: Path, *names: str) -> Remote:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return Remote(f"file://{root}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Path("")),
        ("album", Path("album")),
        ("C:/album", Path("C:/album")),
        ("s3:/album", Path("s3:/album")),
        ("./s3://album", Path("./s3://album")),
        ("s3://bucket", Remote("s3://bucket")),
        ("s3://bucket/", Remote("s3://bucket")),
        ("sftp://ana@host/my album//", Remote("sftp://ana@host/my album")),
        ("file:///", Remote("file:///")),
    ],
)
def test_a_path_or_a_url(text: str, expected: Path | Remote) -> None:
    assert album_at(text) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sftp://ana:secret@host/album", "a password in the URL"),
        ("https://host/album?token=secret", "a password in the URL"),
        ("zip://album::s3://bucket/a.zip", "in one another"),
        ("file://album", "a whole path"),
        ("s3://[", "no URL"),
        ("nobody://album", "Protocol not known"),
        ("file:///nowhere/at/all", "no such folder"),
    ],
)
def test_what_cannot_be_read_is_one_line(url: str, why: str) -> None:
    with pytest.raises(FacesortError, match=why) as error:
        place = album_at(url)
        assert isinstance(place, Remote)
        list_remote(place)
    assert "secret" not in str(error.value)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(UsageError, match="python -m pip install gcsfs"):
        list_remote(Remote("gs://bucket/missing"))


def test_what_is_listed(tmp_path: Path) -> None:
    names = [ODD, "2024/b.JPG", "2024/note.txt", ".hidden.jpg", "@eaDir/c.jpg", "v.mp4"]
    remote = album(tmp_path, *names)
    os.mkfifo(tmp_path / "pipe.jpg")  # would never end
    (tmp_path / "link.jpg").symlink_to(ODD)
    (tmp_path / "circle").symlink_to(".")
    listing = list_remote(remote)
    assert [found.relative for found in listing.photos] == ["2024/b.JPG", ODD, "link.jpg"]
    assert listing.photos[1] == found_at(remote / ODD, ODD, len(ODD.encode()), 17 * 10**17)
    assert listing.others == ("2024/note.txt", "circle", "pipe.jpg")
    assert list(listing.refused) == ["v.mp4"] and not listing.videos


def test_what_leads_out_of_the_album_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.jpg").write_bytes(b"x")
    remote = album(tmp_path / "a", "b.jpg", "x\\..\\..\\c.jpg", "C:d.jpg")
    (tmp_path / "a" / "link.jpg").symlink_to(tmp_path / "own.jpg")
    listing = list_remote(remote)
    assert len(listing.photos) == 3
    assert "leads out of the album" in listing.refused["link.jpg"]
    # the keys of an object store, as Windows would take them for paths
    monkeypatch.setattr("facesort.photos.remote.why_outside", partial(why_outside, windows=True))
    listing = list_remote(remote)
    assert [found.relative for found in listing.photos] == ["b.jpg"]
    assert sorted(listing.refused) == ["C:d.jpg", "link.jpg", "x\\..\\..\\c.jpg"]


def test_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    assert list_remote(album(tmp_path)).files == ()
    album(tmp_path, "a.jpg")
    with pytest.raises(UsageError, match="is a file"):
        list_remote(Remote(f"file://{tmp_path}/a.jpg"))


def test_bytes(tmp_path: Path) -> None:
    photo = album(tmp_path, ODD) / ODD
    assert read_photo_bytes(photo) == b"".join(photo.chunks()) == ODD.encode()
    assert photo.status() == list_remote(Remote(photo.url)).photos[0].remote.status()
    assert photo.on_disk == tmp_path / ODD


@pytest.mark.parametrize(
    ("name", "listed_bytes", "why"),
    [
        ("gone.jpg", 1, "no longer there"),
        ("empty.jpg", 0, "is empty"),
        ("folder.jpg", 1, "cannot be read"),
        ("a.jpg", 2_000_000_000, "has 2.0 GB"),
    ],
)
def test_a_photo_that_cannot_be_read(
    tmp_path: Path, name: str, listed_bytes: int, why: str
) -> None:
    remote = album(tmp_path, "a.jpg", "folder.jpg/b.jpg")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoError, match=why):
        read_photo_bytes(remote / name, listed_bytes)


NOON = datetime(2024, 5, 1, 12, 0, 0, 400_000, timezone.utc)
NOON_NS = 1_714_564_800 * 10**9


@pytest.mark.parametrize(
    ("info", "mtime_ns"),
    [
        ({}, 0),
        ({"mtime": 0.0}, 0),
        ({"mtime": NOON_NS / 1e9 + 0.7}, NOON_NS),
        ({"LastModified": NOON}, NOON_NS),
        ({"LastModified": NOON.replace(tzinfo=None), "ETag": "x"}, NOON_NS),
        ({"updated": "2024-05-01T12:00:00.400Z"}, NOON_NS),
        ({"updated": "yesterday"}, 0),
    ],
)
def test_times_are_of_whole_seconds(info: dict[str, Any], mtime_ns: int) -> None:
    assert status_of(info | {"size": 5}).mtime_ns == mtime_ns


def test_an_etag_stands_in_for_a_time() -> None:
    one, same, other = (status_of({"size": None, "ETag": tag}).mtime_ns for tag in "aab")
    assert one == same != other and one < 0 and other < 0


def test_a_store_that_does_not_answer_ends_the_run() -> None:
    pytest.importorskip("aiohttp")
    pytest.importorskip("requests")
    read = "(Remote('http://127.0.0.1:1/a') / 'b.jpg').read_bytes()"
    code = f"from facesort.photos import Remote; {read}"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert "UnreachableError: http://127.0.0.1:1/a: cannot be read on machine" in last
