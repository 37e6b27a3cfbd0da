"""What a person may name, and what becomes of names that mean nothing."""

from pathlib import Path

import pytest
from PIL import Image

from facesort.errors import UsageError
from facesort.media.sources import Source, resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.c.png", "sub/é 한.JPG", "clip.MP4", "notes.txt", ".hidden.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix in (".txt", ".MP4"):
            path.write_text("x")
        else:
            Image.new("RGB", (8, 8)).save(path, "PNG")
    return tmp_path


def kinds(found: list[Source]) -> list[tuple[str, str]]:
    return [(source.kind, source.name) for source in found]


def test_nothing_is_nothing() -> None:
    assert resolve([]).found == [] and resolve(["-"], ["\n", "  \n"]).found == []


def test_a_folder_is_its_photos_and_videos(folder: Path) -> None:
    sources = resolve([str(folder)])
    photos = [("photo", "a.jpg"), ("photo", "b.c.png"), ("photo", "sub/é 한.JPG")]
    assert kinds(sources.found) == [*photos, ("video", "clip.MP4")]
    assert sources.left_out == [f"{folder / 'notes.txt'}: neither photo nor video"]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("0", "camera", "camera 0"),
        ("rtsp://me:secret@cam.local:554/live?x=1@2", "stream", "rtsp://cam.local:554/live?x=1@2"),
        ("http://cam.local/a.mjpg", "stream", "http://cam.local/a.mjpg"),
    ],
)
def test_cameras_and_streams(text: str, kind: str, name: str) -> None:
    (source,) = resolve([text]).found
    assert (source.kind, source.name, source.where) == (kind, name, text)
    assert source.is_live and "secret" not in source.stem


def test_a_file_may_be_called_like_a_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert kinds(resolve(["7", "8"]).found) == [("photo", "7"), ("camera", "camera 8")]


def test_patterns_and_lists(folder: Path) -> None:
    matched = resolve([str(folder / "*.png"), str(folder / "**" / "*.JPG")])
    assert kinds(matched.found) == [("photo", "b.c.png"), ("photo", "é 한.JPG")]


def test_what_a_list_names_and_is_not_there_is_missing(folder: Path) -> None:
    lines = ["gone.jpg\n", f"{folder / 'a.jpg'}\r\n", "\n", "gone/*.jpg\n", "ftp://host/a.mp4\n"]
    listed = resolve(["-"], lines)
    assert kinds(listed.found) == [("photo", "a.jpg")]
    reasons = ["no such file", "no file matches", "'ftp' is not read here"]
    assert len(listed.missing) == 3 and not listed.left_out
    assert all(map(str.__contains__, listed.missing, reasons))


def test_a_file_named_twice_is_looked_at_once(folder: Path) -> None:
    sources = resolve([str(folder / "a.jpg"), str(folder / "sub" / ".." / "a.jpg")])
    assert len(sources.found) == 1 and "named twice" in sources.left_out[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty name"),
        ("no/such.jpg", r"no/such\.jpg: no such file; expected a photo"),
        ("no/*.jpg", "no file matches"),
        ("ftp://host/a.mp4", "'ftp' is not read here; expected rtsp"),
        ("-1", "no such file"),
    ],
)
def test_what_means_nothing_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve([text])


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://a/b", "rtsp://a/b"),
        ("rtsp://u:p@a", "rtsp://a"),
        ("http://u:p@q@a:1/b@c", "http://a:1/b@c"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert resolve([address]).found[0].name == shown
