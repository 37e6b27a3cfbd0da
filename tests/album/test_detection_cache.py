"""What a model saw once is not looked for again, and nothing else depends on the cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import fake_sort
import pytest
import sort_photos
from conftest import Album, Sort, disk_as_dict, jpeg
from hypothesis import given
from hypothesis import strategies as st

from facesort.album import options
from facesort.album.records import Face
from facesort.album.scanning import detection_cache
from facesort.album.scanning.detection_cache import CachedScan, opened
from facesort.classes import CLASS_NAMES

SEEN = CachedScan(0.5, (Face((1.5, 2.0, 30.1, 40.0), "masked", 0.9123),))


class Lines:
    """A reporter that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, line: str) -> None:
        self.said.append(line)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One item for each time that the detector looks."""
    seen: list[int] = []
    detect_one = fake_sort.FakeDetector._detect_one

    def counted(self, rgb):
        seen.append(1)
        return detect_one(self, rgb)

    monkeypatch.setattr(fake_sort.FakeDetector, "_detect_one", counted)
    yield seen


def people(tmp_path: Path) -> list[object]:
    for name, colour in {"Ana": "face", "Ben": "masked"}.items():
        for number in range(3):
            path = tmp_path / "examples" / name / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(colour, confidence=0.7 + number / 50))
    return ["--by", "person", "--people", "examples"]


def test_nothing_is_known_at_first_and_nothing_kept_without_a_folder(lines: Lines) -> None:
    with opened(None, "me", lines) as cache:
        cache.put("a", SEEN)
        assert cache.get("a") is None
    assert not lines.said


def test_a_second_copy_of_a_photo_is_not_from_an_earlier_run(lines: Lines, tmp_path: Path) -> None:
    with opened(tmp_path, "me", lines) as cache:
        cache.put("a", SEEN)
        cache.flush()
        assert (cache.get("a"), cache.hits) == (SEEN, 0)
    with opened(tmp_path, "me", lines) as cache:
        assert (cache.get("a"), cache.hits) == (SEEN, 1)


def test_another_destination_does_not_look_again(
    full_album: Album, sort: Sort, looks: list[int], tmp_path: Path
) -> None:
    sort("--src", "album", "--dst", "first", "--cache", "cache")
    assert len(looks) == 6  # the seventh is empty
    result = sort("--src", "album", "--dst", "second", "--cache", "cache")
    assert len(looks) == 6
    assert "6 photos known to this model from an earlier run" in result.out
    assert disk_as_dict(tmp_path / "first") == disk_as_dict(tmp_path / "second")


def test_by_person_after_by_class_looks_only_at_the_examples(
    full_album: Album, sort: Sort, looks: list[int], tmp_path: Path
) -> None:
    rule = people(tmp_path)
    sort("--src", "album", "--dst", "anew", "--no-cache", *rule)
    sort("--src", "album", "--dst", "by_class", "--cache", "cache")
    looks.clear()
    sort("--src", "album", "--dst", "by_person", "--cache", "cache", *rule)
    assert len(looks) == 6  # three examples of each
    assert disk_as_dict(tmp_path / "by_person") == disk_as_dict(tmp_path / "anew")


def test_a_dry_run_has_looked_for_the_run_after_it(
    full_album: Album, sort: Sort, looks: list[int]
) -> None:
    sort("--src", "album", "--dry-run", "--cache", "cache")
    looks.clear()
    sort("--src", "album", "--cache", "cache")
    assert not looks


@pytest.mark.parametrize("other", [["--conf", "0.1"], ["--quality", "fast"]])
def test_who_looks_otherwise_looks_again(
    other: list[str], full_album: Album, sort: Sort, looks: list[int]
) -> None:
    sort("--src", "album", "--dst", "first", "--cache", "cache")
    sort("--src", "album", "--dst", "second", "--cache", "cache", *other)
    assert len(looks) == 12


def test_without_a_cache_nothing_is_written_beyond_the_destination(
    full_album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACESORT_CACHE", str(tmp_path / "mine"))
    sort("--src", "album", "--no-cache")
    assert {path.name for path in tmp_path.iterdir()} == {"album", "sorted"}
    sort("--src", "album", "--dst", "again")
    assert (tmp_path / "mine" / detection_cache.FILE).is_file()


def test_a_damaged_cache_is_begun_anew(
    full_album: Album, sort: Sort, looks: list[int], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / detection_cache.FILE).write_bytes(b"no database" * 1000)
    for dst in ("first", "second"):
        assert sort("--src", "album", "--dst", dst, "--cache", "cache").err == ""
    assert len(looks) == 6


def test_a_cache_that_cannot_be_is_done_without(
    full_album: Album, sort: Sort, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = sort("--src", "album", "--cache", "file")
    assert (result.code, result.err) == (1, ""), "the empty photo only"
    assert "cache file: not used (" in result.out


def test_by_default_it_lies_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = options.read(["--src", "album"], None)
    assert sort_photos.cache_folder(arguments) is None, "the empty $FACESORT_CACHE of the tests"
    monkeypatch.delenv("FACESORT_CACHE")
    tools = Path(sort_photos.__file__).parent
    assert sort_photos.cache_folder(arguments) == tools.parent / "runs" / "cache"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[0.5, [[1, 2, 3]]]", '["x", []]', "[1, [7]]"])
def test_a_line_that_is_not_ours_is_not_known(text: str, lines: Lines, tmp_path: Path) -> None:
    with opened(tmp_path, "me", lines) as cache:
        cache.put("a", SEEN)
    with sqlite3.connect(tmp_path / detection_cache.FILE) as database:
        database.execute("UPDATE looks SET seen = ?", (text,))
    database.close()
    with opened(tmp_path, "me", lines) as cache:
        assert cache.get("a") is None


def test_damage_that_shows_late_costs_one_run(lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / detection_cache.FILE
    with opened(tmp_path, "me", lines) as cache:
        for number in range(3000):
            cache.put(str(number), SEEN)
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) // 2) + data[4096 + len(data) // 2 :])
    with opened(tmp_path, "me", lines) as cache:
        for number in range(3000):
            assert cache.get(str(number)) in (None, SEEN)
    with opened(tmp_path, "me", lines) as cache:
        cache.put("a", SEEN)
    with opened(tmp_path, "me", lines) as cache:
        assert cache.get("a") == SEEN


def test_two_runs_share_it(lines: Lines, tmp_path: Path) -> None:
    with opened(tmp_path, "me", lines) as one, opened(tmp_path, "me", lines) as other:
        one.put("a", SEEN)
        other.put("b", SEEN)
        one.flush()
        other.flush()
        assert one.get("b") == other.get("a") == SEEN
        with opened(tmp_path, "another", lines) as somebody:
            assert somebody.get("a") is None


def test_what_a_killed_run_added_last_is_all_that_is_lost(lines: Lines, tmp_path: Path) -> None:
    with opened(tmp_path, "me", lines) as killed, opened(tmp_path, "me", lines) as next_run:
        for number in range(detection_cache.DETECTIONS_PER_COMMIT + 1):
            killed.put(str(number), SEEN)
        assert next_run.get("0") == SEEN
        assert next_run.get(str(detection_cache.DETECTIONS_PER_COMMIT)) is None


def test_the_oldest_go(lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection_cache, "MOST_DETECTIONS", 3)
    with opened(tmp_path, "me", lines) as cache:
        for content in "abcde":
            cache.put(content, SEEN)
    with opened(tmp_path, "me", lines) as cache:
        assert [content for content in "abcde" if cache.get(content)] == ["c", "d", "e"]


pixels = st.integers(0, 200_000).map(lambda tenths: tenths / 10)
faces = st.builds(
    Face,
    st.tuples(pixels, pixels, pixels, pixels),
    st.sampled_from(CLASS_NAMES),
    st.integers(0, 10_000).map(lambda parts: parts / 10_000),
)


@given(st.builds(CachedScan, st.floats(1e-3, 1), st.lists(faces, max_size=4).map(tuple)))
def test_what_is_kept_comes_back(seen: CachedScan) -> None:
    cache = detection_cache.DetectionCache("me", sqlite3.connect(":memory:"))
    assert cache.database is not None
    cache.database.execute(detection_cache._TABLE)
    cache.put("a", seen)
    cache.flush()
    assert cache.get("a") == seen
    cache.database.close()
