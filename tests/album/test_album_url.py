"""An album behind a URL is sorted as the same one in a folder; here by file://."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import fake_sort
import pytest
from conftest import Album, Sort, disk_as_dict, files, jpeg
from corrected_albums import crops, drag, photos, said, sort_by_person, taught
from test_album_kill import all_kills
from test_album_permissions import mode as mode  # a fixture
from test_album_permissions import sort as sort_without_rights

from facesort.album.corrections.confirmed import confirmed
from facesort.album.corrections.revert import revert_last
from facesort.album.corrections.xmp_sidecars import write_sidecars
from facesort.reporter import ConsoleReporter

pytest.importorskip("fsspec")
WHOLE_S = 1_700_000_000  # URLs know no others
ODD = ["a b.jpg", "50%.jpg", "%41.jpg", "#1.jpg", "what?.jpg", "Zoë 🎂/é;&+.jpg"]


@pytest.fixture
def url(full_album: Album) -> str:
    for name in ODD:
        full_album.add(f"odd/{name}", "face")
    in_whole_seconds(full_album)
    return f"file://{full_album.root}"


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """``meanwhile(deed)``: ``deed`` is done before each look of the detector."""
    main = fake_sort.main

    def set_deed(deed: Callable[[], object]) -> None:
        monkeypatch.setattr(fake_sort, "main", lambda argv: main(argv, lambda: (deed(), None)[1]))

    return set_deed


def in_whole_seconds(album: Album) -> None:
    for number, path in enumerate(sorted(album.root.rglob("*.*"))):
        os.utime(path, (WHOLE_S + number, WHOLE_S + number))
    album.note()


def test_the_same_plan_and_tree(url: str, sort: Sort, tmp_path: Path) -> None:
    plans, trees, times = [], [], []
    for src in ("album", url):
        options = ("--src", src, "--link", "copy")
        assert sort(*options, "--dry-run").code == 1  # empty.jpg
        text = (tmp_path / "sorted/plan.json").read_text()
        assert json.loads(text)["src"] == (url if src == url else str(tmp_path / src))
        plans.append(text.replace("file://", ""))
        assert sort("--plan", "sorted/plan.json").code == 1
        sorted_photos = sorted((tmp_path / "sorted/photos").rglob("*.*"))
        times.append([path.stat().st_mtime_ns for path in sorted_photos])
        shutil.rmtree(tmp_path / "sorted")
        result = sort(*options)
        assert (result.code, result.err) == (1, "")
        trees.append(disk_as_dict(tmp_path / "sorted"))
        assert "nothing new" in sort(*options).out
        assert disk_as_dict(tmp_path / "sorted") == trees[-1]
        assert "left alone" not in sort("--undo", "--dst", "sorted").out
        assert not (tmp_path / "sorted").exists()
    assert plans[0] == plans[1]
    assert trees[0] == trees[1]
    assert times[0] == times[1]


def test_what_was_added_or_changed_is_sorted_later(
    url: str, full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", url)
    before = disk_as_dict(tmp_path / "sorted")
    full_album.add("later.jpg", "masked")
    full_album.add("doubt.jpg", "sunglasses")
    assert "1 photo changed" in sort("--src", url).out
    new = disk_as_dict(tmp_path / "sorted").keys() - before.keys()
    places = {"photos/masked/later.jpg", "photos/sunglasses/doubt.jpg"}
    assert {path for path in new if path.startswith("photos")} == places
    (full_album.root / "later.jpg").unlink()
    full_album.note()
    assert "no longer in the album: 1 photo" in sort("--src", url).out


def test_killed_and_run_again(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    in_whole_seconds(album)
    argv = ["--src", f"file://{album.root}"]
    sort(*argv)
    expected = disk_as_dict(tmp_path / "sorted")
    for number in all_kills(argv, tmp_path / "sorted", before=lambda: None):
        assert sort(*argv).code == 0, number
        assert disk_as_dict(tmp_path / "sorted") == expected, number
        assert "left alone" not in sort("--undo", "--dst", "sorted").out, number
        assert not (tmp_path / "sorted").exists() or not disk_as_dict(tmp_path / "sorted"), number


def test_undo_never_takes_the_last_copy(
    url: str, full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    sort("--src", url)
    (full_album.root / "wall.jpg").unlink()
    full_album.add("2024/beach/s.jpg", "face")
    full_album.note()
    left = [line for line in sort("--undo", "--dst", "sorted").out.splitlines() if "left" in line]
    kept = ["photos/_no_face/wall.jpg: the original", "photos/sunglasses/s.jpg: the original"]
    assert [line.startswith(f"left alone: {one}") for line, one in zip(left, kept, strict=True)]
    assert files(tmp_path / "sorted") == ["photos/_no_face/wall.jpg", "photos/sunglasses/s.jpg"]


def test_gone_between_listing_and_look(
    album: Album, sort: Sort, tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "face")
    meanwhile(lambda: (album.root / "b.jpg").unlink(missing_ok=True))
    result = sort("--src", f"file://{album.root}", "--workers", "1")
    assert (result.code, result.err) == (1, "")
    assert "  b.jpg: is no longer there" in result.out
    assert files(tmp_path / "sorted/photos") == ["face/a.jpg"]
    album.note()


def test_changed_between_look_and_filing(
    album: Album, sort: Sort, tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """To the same size and time: only the bytes tell."""
    before, after = (jpeg(name) for name in ("face", "masked"))
    longest = max(len(before), len(after))
    album.write("a.jpg", before.ljust(longest, b"\n"))
    album.add("b.jpg", "face")
    in_whole_seconds(album)

    def change() -> None:
        (album.root / "a.jpg").write_bytes(after.ljust(longest, b"\n"))
        os.utime(album.root / "a.jpg", (WHOLE_S, WHOLE_S))

    src = f"file://{album.root}"
    meanwhile(change)
    result = sort("--src", src, "--workers", "1")
    assert result.code == 1 and "  a.jpg: it changed while the album was sorted" in result.out
    assert files(tmp_path / "sorted/photos") == ["face/b.jpg"]
    assert [path.name for path in crops(tmp_path / "sorted", "face")] == ["800_b_0.jpg"]
    album.note()


def test_videos_are_refused_one_by_one(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.write("v.mp4", b"a video")
    src = f"file://{album.root}"
    assert "v.mp4 is a video behind a URL" in sort("--src", src).error_line
    album.add("a.jpg", "face")
    for options in (["--dry-run"], []):
        result = sort("--src", src, *options)
        assert result.code == 1 and "  v.mp4: is a video behind a URL" in result.out
    assert files(tmp_path / "sorted/photos") == ["face/a.jpg"]


def test_learning_unlearning_and_what_else_follows(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, classes in {"a": ["face"], "ae": ["face", "sunglasses"], "b": ["masked"]}.items():
        album.add(f"{name}.jpg", *classes)
    monkeypatch.setattr(
        "corrected_albums.ARGV",
        ["--by", "person", "--people", "examples", "--src", f"file://{album.root}"],
    )
    dst = sort_by_person(tmp_path)
    before = disk_as_dict(dst)
    drag(crops(dst, "Ben")[0], "Zoe")
    taught(dst, apply=True)
    assert "Zoe/b.jpg" in photos(dst) and "Ben/b.jpg" not in photos(dst)
    out = io.StringIO()
    report = ConsoleReporter(out, io.StringIO())
    assert write_sidecars(dst, report) == 0, out.getvalue()
    assert (dst / "photos/Zoe/b.jpg.xmp").exists()
    assert [one.path.read_bytes() for one in confirmed(dst)] == [
        (album.root / "b.jpg").read_bytes()
    ]
    assert said(dst)
    assert revert_last(dst, report) == 0
    assert photos(dst) == [path for path in photos(dst) if "Zoe" not in path]
    assert {path for path in disk_as_dict(dst) if path.startswith("photos")} >= {
        path for path in before if path.startswith("photos")
    }


@pytest.mark.parametrize("link", ["hard", "sym"])
def test_no_link_leads_to_a_url(link: str, sort: Sort) -> None:
    result = sort("--src", "s3://bucket/album", "--link", link)
    assert (result.code, "no link can lead to a URL" in result.error_line) == (2, True)


def test_apart_from_each_other(url: str, sort: Sort, tmp_path: Path) -> None:
    for dst in ("album/sorted", "."):
        result = sort("--src", url, "--dst", dst)
        assert (result.code, "is inside" in result.error_line) == (2, True)
    sort("--src", url)
    for other in ("album/2024", f"{url}/2024"):
        result = sort("--src", other)
        assert (result.code, f"holds the album {url}" in result.error_line) == (2, True)


def test_a_folder_and_a_photo_that_may_not_be_read(
    mode: Callable[[Path, int], None],
    album: Album,
    tmp_path: Path,
) -> None:
    album.add("good.jpg", "face")
    album.add("locked.jpg", "face")
    album.add("closed/a.jpg", "face")
    mode(album.root / "locked.jpg", 0o000)
    mode(album.root / "closed", 0o000)
    for _ in range(2):
        result = sort_without_rights(tmp_path, "--src", f"file://{album.root}")
        assert (result.code, result.err) == (1, "")
        assert "  closed: is a folder that cannot be entered" in result.out
        assert "  locked.jpg: cannot be read (no permission)" in result.out
        assert files(tmp_path / "sorted/photos") == ["face/good.jpg"]
    mode(album.root, 0o000)
    result = sort_without_rights(tmp_path, "--src", f"file://{album.root}", "--dst", "other")
    assert (result.code, "cannot be listed (" in result.error_line) == (1, True)
