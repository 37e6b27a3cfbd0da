"""The sample album: all of it from bundled images, whole or not at all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facesort.classes import FaceClass
from facesort.dataset import sample_data, sample_images
from facesort.dataset.sample_data import MARKER, SAMPLES, make_sample_album
from facesort.errors import AlbumError, UsageError
from facesort.photos import list_photos, open_photo

SCRIPT = Path(__file__).parents[2] / "tools" / "make_sample_album.py"


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dst = tmp_path_factory.mktemp("made") / "nested" / "sample_album"
    assert make_sample_album(dst)
    return dst


def disk(root: Path) -> dict[str, bytes | None]:
    """Every path below ``root`` with its bytes; None for a folder."""
    paths = sorted(root.rglob("*"))
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None for p in paths}


def test_every_photo_is_listed_and_opens_upright(album: Path) -> None:
    listing = list_photos(album)
    assert {found.relative for found in listing.photos} == {s.name for s in SAMPLES}
    assert not listing.videos and not listing.others
    sizes = {found.relative: open_photo(found.path).size_wh for found in listing.photos}
    assert sizes["2024/Ausflug am See/IMG_0002.jpg"] == (512, 512)
    assert sizes["2024/City trip/IMG_0004.webp"] == (1120, 536)


def test_it_shows_what_real_albums_hold() -> None:
    worn = {frame.worn for s in SAMPLES for frame in s.frames}
    assert worn == set(FaceClass)
    names = [Path(s.name) for s in SAMPLES]
    assert {p.suffix for p in names} == {".jpg", ".png", ".heic", ".webp"}
    assert len({p.name for p in names}) < len(names), "the same name in two folders"
    assert {s.exif_orientation for s in SAMPLES} == {1, 3, 6}
    assert any(not s.name.isascii() for s in SAMPLES)


@pytest.mark.parametrize(
    ("name", "landmark", "drawn"),
    [
        ("2023/Space museum/portrait.png", "mouth", False),
        ("2023/Space museum/portrait.png", "eyes", False),
        ("2024/Ausflug am See/IMG_0001.jpg", "mouth", True),
        ("2024/Ausflug am See/IMG_0001.jpg", "eyes", False),
        ("2024/Ausflug am See/IMG_0002.jpg", "mouth", False),  # upright again: EXIF 6
        ("2024/Ausflug am See/IMG_0002.jpg", "eyes", True),
        ("2024/Ausflug am See/IMG_0003.heic", "mouth", True),
        ("2024/Ausflug am See/IMG_0003.heic", "eyes", True),
    ],
)
def test_things_are_where_the_face_is(album: Path, name: str, landmark: str, drawn: bool) -> None:
    portrait = sample_images.ASTRONAUT
    points = (portrait.landmarks_xy or ())[slice(2) if landmark == "eyes" else slice(3, 5)]
    before = open_photo(portrait.path).rgb.astype(int)
    after = open_photo(album / name).rgb.astype(int)
    change = [np.abs(after[y - 2 : y + 3, x - 2 : x + 3] - before[y - 2 : y + 3, x - 2 : x + 3])
              for x, y in points]  # fmt: skip
    assert (np.mean(change) > 30) == drawn


def test_made_again_it_is_left_as_it_is(album: Path) -> None:
    (album / "mine.txt").write_text("kept")
    before = disk(album)
    assert not make_sample_album(album)
    assert disk(album) == before
    (album / "mine.txt").unlink()


def test_the_same_every_time(album: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()  # an empty folder will do
    assert make_sample_album(tmp_path / "again")
    assert disk(tmp_path / "again") == disk(album)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.jpg").write_bytes(b"precious")
    (tmp_path / "file").write_bytes(b"precious")
    before = disk(tmp_path)
    for name in ("full", "file"):
        with pytest.raises(UsageError, match="choose another with --dst"):
            make_sample_album(tmp_path / name)
    with pytest.raises(AlbumError, match="cannot be written"):
        make_sample_album(tmp_path / "file" / "below")
    assert disk(tmp_path) == before


def test_interrupted_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> np.ndarray:
        raise KeyboardInterrupt

    monkeypatch.setattr(sample_data, "_joined", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_sample_album(tmp_path / "album")
    assert disk(tmp_path) == {}


@pytest.mark.parametrize("image", sample_images.PORTRAITS + sample_images.WITHOUT_FACES)
def test_each_bundled_image_names_its_licence(image: sample_images.SampleImage) -> None:
    readme = (sample_images.FOLDER / "README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if f"`{image.file}`" in line)
    assert row.rstrip(" |").endswith(("public domain", "CC0"))
    assert image.path.stat().st_size < 150_000


def test_no_bundled_image_is_left_unnamed() -> None:
    named = {p.file for p in sample_images.PORTRAITS + sample_images.WITHOUT_FACES}
    assert {path.name for path in sample_images.FOLDER.glob("*.jpg")} == named


def test_only_packages_of_the_small_set_are_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "for name in ('skimage', 'ultralytics', 'torch', 'matplotlib'): sys.modules[name] = None\n"
        "from facesort.dataset.sample_data import make_sample_album\n"
        "assert make_sample_album(Path(sys.argv[2]))"
    )
    dst = str(tmp_path / "album")
    done = subprocess.run([sys.executable, "-c", code, str(SCRIPT.parent), dst], check=False)
    assert done.returncode == 0


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert make_sample_album(tmp_path / "album")


def script(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_script(tmp_path: Path) -> None:
    first = script(cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("made 12 photos in sample_album:\n")
    assert first.stdout.endswith("next: python tools/sort_photos.py --src sample_album\n")
    again = script("dst=sample_album", cwd=tmp_path)
    assert again.returncode == 0 and "left as it is" in again.stdout
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a").touch()
    refused = script("--dst", "other", cwd=tmp_path)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1


def test_script_on_a_terminal_without_unicode(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--dst", "a b"],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    assert done.stdout.endswith(b'--src "a b"' + b"\n") or done.stdout.endswith(b'"a b"\r\n')
    assert (tmp_path / "a b" / MARKER).is_file()
