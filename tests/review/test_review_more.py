"""Start screen, hand over, delete all face data, and the scripts that open the page."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from review_server import TOOLS, Server

from facesort.album.corrections.api import Correction, SortedAlbum, hand_over, record_corrections
from facesort.album.corrections.forget import forget
from facesort.errors import PhotoError, UsageError
from facesort.review.picker import Picker


def disk(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("others", ["blur", "cover", "keep"])
@pytest.mark.parametrize("as_zip", [False, True])
def test_handed_over_photos_hide_all_others(sorted_album: Path, others: str, as_zip: bool) -> None:
    album, before = SortedAlbum(sorted_album), disk(sorted_album / "photos")
    done = hand_over(album, ["Ana", "Ben"], others, as_zip=as_zip)
    assert disk(sorted_album / "photos") == before
    assert done.people == 2
    names = [f"{name}.zip" if as_zip else name for name in ("Ana", "Ben")]
    assert sorted(path.name for path in done.folder.iterdir()) == names
    photos = len(list((sorted_album / "photos/Ana").iterdir()))
    if as_zip:
        with zipfile.ZipFile(done.folder / "Ana.zip") as handed:
            files = {name: handed.read(name) for name in handed.namelist()}
    else:
        files = {path.name: path.read_bytes() for path in (done.folder / "Ana").iterdir()}
    assert len(files) == photos
    hidden = 0
    for entry in album.state.entries.values():
        folders = [crop.split("/")[1] for crop in entry.crops]
        if "Ana" not in folders:
            continue
        handed_rgb = np.array(Image.open(io.BytesIO(files[Path(entry.scan.photo).name])))
        original = np.array(Image.open(album.filer().src / entry.scan.photo))
        for face, folder in zip(entry.scan.faces, folders, strict=True):
            x1, y1, x2, y2 = map(round, face.xyxy_px)
            away = np.abs(handed_rgb[y1:y2, x1:x2].astype(int) - original[y1:y2, x1:x2])
            should = folder != "Ana" and (others != "keep" or not folder.startswith("_"))
            hidden += should
            assert (away.mean() > 8) == should, (entry.scan.photo, folder)
    assert hidden


def test_who_agreed_is_shown(sorted_album: Path) -> None:
    album = SortedAlbum(sorted_album)
    everybody = album.state.people
    done = hand_over(album, ["Ana"], "keep", may_be_shown=everybody)
    assert done.hidden == 0
    with pytest.raises(UsageError, match="expected names"):
        hand_over(album, ["../x"])
    with pytest.raises(UsageError, match="expected one of"):
        hand_over(album, ["Ana"], "paint")


def test_a_zip_is_whole_where_handing_over_stops(sorted_album: Path) -> None:
    album = SortedAlbum(sorted_album)
    mine = [e for e in album.state.entries.values() if any("/Ana/" in crop for crop in e.crops)]
    gone = replace(mine[0], scan=replace(mine[0].scan, photo="zz.jpg"))
    album.state.entries["zz.jpg"] = gone
    with pytest.raises(PhotoError, match=r"zz.jpg: is no longer there"):
        hand_over(album, ["Ana"], as_zip=True)
    (file,) = sorted_album.parent.glob("*_handed_over*/Ana.zip")
    with zipfile.ZipFile(file) as handed:
        assert len(handed.namelist()) == len(mine)


def test_deleting_face_data_keeps_every_photo(sorted_album: Path, tmp_path: Path) -> None:
    album = SortedAlbum(sorted_album)
    record_corrections(album, [Correction(next(iter(album.state.entries)), 0, "Ben")])
    photos = disk(sorted_album / "photos")
    (sorted_album / "faces/Ana/mine.txt").write_text("mine")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "looks.sqlite").write_bytes(b"boxes")
    (cache / "other.txt").write_bytes(b"not ours")
    gone = forget(album, cache)
    assert gone > 10
    left = disk(sorted_album)
    assert {f"photos/{path}": data for path, data in photos.items()} | {
        "faces/Ana/mine.txt": b"mine"
    } == left
    assert [path.name for path in cache.iterdir()] == ["other.txt"]


def test_deleting_through_the_page_needs_to_be_meant(server: Server, sorted_album: Path) -> None:
    assert server.post("/api/forget", {}).status_code == 400
    assert (sorted_album / ".facesort").is_dir()
    answer = server.post("/api/forget", {"sure": True})
    assert answer.status_code == 200
    assert answer.headers["clear-site-data"] == '"cache"'
    assert not (sorted_album / ".facesort").exists()
    assert server.client.get("/api/summary").status_code == 400


def test_the_picker_shows_folders_below_its_roots_alone(tmp_path: Path) -> None:
    (tmp_path / "home/images/inner").mkdir(parents=True)
    (tmp_path / "home/.secret").mkdir()
    (tmp_path / "home/images/a.jpg").write_bytes(b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "home/link").symlink_to(tmp_path / "outside")
    picker = Picker([tmp_path / "home"])
    roots: Any = picker.show()
    home: Any = picker.show(roots["folders"][0]["id"])
    assert [one["name"] for one in home["folders"]] == ["images"]
    assert home["up"] == ""
    images: Any = picker.show(home["folders"][0]["id"])
    assert (images["photos"], images["up"]) == (1, home["id"])
    for wrong in ("", "x", str(tmp_path), "../.."):
        with pytest.raises(UsageError, match="was not shown"):
            picker.path(wrong)


def test_from_the_start_screen_to_the_review(
    browser: Any, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choose a folder, sort it with the shipped model, close the tab meanwhile, review."""
    home = tmp_path / "home"
    (home / "images").mkdir(parents=True)
    for photo in sorted((drawn / "album").rglob("*.jpg"))[:3]:
        (home / "images" / photo.name).write_bytes(photo.read_bytes())
    monkeypatch.setenv("HOME", str(home))
    server = Server([]).start()
    try:
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        page.goto(server.address)
        page.click("#start li button:has-text('images') >> nth=0")
        page.wait_for_selector("#start .card >> nth=0 >> text=3 photos")
        page.click("#start .card >> nth=0 >> button.primary")
        page.select_option("#start select", "class")
        page.click("#start button:text-is('Sort')")
        page.wait_for_selector("#start progress:not([hidden])")
        page.close()
        page = context.new_page()
        page.goto(server.url)
        page.click("#start button:text-is('Review')", timeout=120_000)
        page.wait_for_selector("#wall", timeout=60_000)
        assert (home / "images_sorted/photos").is_dir()
        expect(page.locator("#title")).to_have_text("images_sorted")
        context.close()
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("argv", "code", "line"),
    [
        (["nowhere"], 2, "no sorted album"),
        (["nowhere", "--port", "70000"], 2, "expected 0 to 65535"),
    ],
)
def test_what_cannot_be_reviewed_is_told_in_one_line(
    tmp_path: Path, argv: list[str], code: int, line: str
) -> None:
    command = [sys.executable, TOOLS / "review.py", *argv]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == code
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_the_server_well(serve: Callable[..., Server], sorted_album: Path) -> None:
    server = serve(sorted_album)
    assert server.act(do="assign", faces=server.faces("Ana")[:1], folder="Ben").status_code == 200
    assert server.process
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0
    manifest = (sorted_album / "manifest.csv").read_text(encoding="utf-8")
    assert "faces/Ben/999_" in manifest


def test_files_moved_by_hand_are_seen_while_the_page_is_open(
    server: Server, sorted_album: Path
) -> None:
    crop = sorted((sorted_album / "faces/Ana").iterdir())[0]
    count = len(server.faces("Ben"))
    crop.rename(sorted_album / "faces/Ben" / crop.name)
    until = time.monotonic() + 60
    while len(server.faces("Ben")) == count and time.monotonic() < until:
        time.sleep(0.2)
    assert len(server.faces("Ben")) == count + 1
    assert server.get("/api/history")[0]["kind"] == "learned"  # type: ignore[index]
