"""A journal that was cut or edited is refused in one line, and nothing outside is ever touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

from facesort.album.journal import Journal, read_state
from facesort.album.journal_lines import SEAL, head_path, read_head
from facesort.files import fingerprint


@pytest.fixture
def dst(album: Album, sort: Sort, tmp_path: Path) -> Path:
    album.add("a.jpg", "face")
    album.add("b.jpg", "masked")
    sort("--src", "album")
    return tmp_path / "sorted"


def journal_of(dst: Path) -> Path:
    return dst / ".facesort/journal.jsonl"


def lines_of(dst: Path) -> list[bytes]:
    return journal_of(dst).read_bytes().splitlines(keepends=True)


def as_first_version(dst: Path) -> None:
    """Lines without a check, and no count of them."""
    lines = [SEAL.sub(b"}", line.rstrip(b"\n")) + b"\n" for line in lines_of(dst)]
    journal_of(dst).write_bytes(b"".join(lines))
    head_path(journal_of(dst)).unlink(missing_ok=True)


CUTS = {
    "the last line": lambda lines: lines[:-1],
    "the last half": lambda lines: lines[: len(lines) // 2],
    "all": lambda lines: [],
    "the first line": lambda lines: lines[1:],
    "a line in the middle": lambda lines: lines[:5] + lines[6:],
    "two lines change places": lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
    "a line comes twice": lambda lines: [*lines[:4], lines[3], *lines[4:]],
    "one letter": lambda lines: [lines[0].replace(b"album", b"alban"), *lines[1:]],
    "a check is gone": lambda lines: (
        [*lines[:3], SEAL.sub(b"}", lines[3].rstrip()) + b"\n", *lines[4:]]
    ),
    "a line is added": lambda lines: [*lines, b'{"kind": "folder", "path": "photos/x"}\n'],
}


@pytest.mark.parametrize("argv", [("--src", "album"), ("--undo", "--dst", "sorted")])
@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_or_edited_journal_is_one_line_and_nothing_is_done(
    cut: str, argv: tuple[str, ...], dst: Path, album: Album, sort: Sort
) -> None:
    journal_of(dst).write_bytes(b"".join(CUTS[cut](lines_of(dst))))
    album.add("c.jpg", "face")
    before = disk_as_dict(dst), journal_of(dst).read_bytes()
    result = sort(*argv)
    assert result.code == 1
    assert "journal.jsonl: " in result.error_line
    assert "move .facesort away and sort into a new folder" in result.error_line
    assert (disk_as_dict(dst), journal_of(dst).read_bytes()) == before


def test_a_journal_that_is_gone_is_told(dst: Path, sort: Sort) -> None:
    journal_of(dst).unlink()
    assert "are missing at its end" in sort("--src", "album").error_line


@pytest.mark.parametrize("text", ["", "[]", '{"lines": -1, "check": ""}', "[" * 100_000])
def test_a_damaged_count_says_what_to_do(text: str, dst: Path, sort: Sort) -> None:
    head_path(journal_of(dst)).write_text(text)
    assert "journal.head: is damaged" in sort("--src", "album").error_line
    head_path(journal_of(dst)).unlink()
    assert sort("--src", "album").code == 0


def test_a_journal_of_the_first_version_is_read_and_protected_from_then_on(
    dst: Path, album: Album, sort: Sort
) -> None:
    as_first_version(dst)
    assert "nothing new" in sort("--src", "album").out
    album.add("c.jpg", "face")
    assert sort("--src", "album").code == 0
    assert read_head(journal_of(dst)) is not None
    lines = lines_of(dst)
    assert b'"check"' not in lines[0] and b'"check"' in lines[-1]
    journal_of(dst).write_bytes(b"".join([lines[0], *lines[2:]]))
    assert "is damaged" in sort("--src", "album").error_line


def test_a_journal_in_which_nothing_is_written_stays_untouched(dst: Path) -> None:
    """Two pages on one album would tell each other of changes for ever."""
    os.utime(journal_of(dst), ns=(1, 1))
    before = fingerprint(journal_of(dst))
    Journal(journal_of(dst)).close()
    assert fingerprint(journal_of(dst)) == before


def test_what_a_kill_left_behind_the_count_is_whole(tmp_path: Path) -> None:
    """The count is of the last sync; lines after it are there, or torn, or not."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.folder("photos")
    journal.sync()
    head = head_path(path).read_bytes()
    journal.folder("faces")
    journal.close()
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data)):
        path.write_bytes(data[:length])
        head_path(path).write_bytes(head)
        assert read_state(path).folders == ["photos"]
        Journal(path).close()
        assert path.read_bytes() == data[:first]


VICTIM = "victim.txt"
EDITS = [
    ({"kind": "filed"}, "made", {f"faces/../../{VICTIM}": [3, 1, 1]}),
    ({"kind": "filed"}, "made", {f"../{VICTIM}": [3, 1, 1]}),
    ({"kind": "filed"}, "made", {"/etc/passwd": [3, 1, 1]}),
    ({"kind": "filed"}, "made", {"corrections.jsonl": [3, 1, 1]}),
    ({"kind": "filed"}, "made", {"photos/face/.": [3, 1, 1]}),
    ({"kind": "filed"}, "made", ["faces/face/a.jpg"]),
    ({"kind": "filed"}, "made", {"faces/face/a.jpg": 5}),
    ({"kind": "filed"}, "made", {"faces/face/a.jpg": [1, 2]}),
    ({"kind": "filed"}, "made", {"faces/face/a.jpg": [10**400, float("inf"), "x"]}),
    ({"kind": "filed"}, "entry", None),
    ({"kind": "folder"}, "path", "../x"),
    ({"kind": "folder"}, "path", "photos/../.."),
    ({"kind": "folder"}, "path", 5),
    ({"kind": "album"}, "src", None),
    ({"kind": "album"}, "src", "a\0b"),
    ({"kind": "album"}, "levels", "2"),
    ({"kind": "album"}, "levels", float("inf")),
    ({"kind": "options"}, "options", ["--sure"]),
    ({"kind": "options"}, "options", {"sure": 5}),
    ({"kind": "manifest"}, "content", ["x"]),
    ({"kind": "scanned"}, "detector", {}),
    ({"kind": "scanned"}, "scan", []),
    ({"kind": "undo"}, "left", []),
    ({"kind": "undo"}, "left", {"a": 5}),
    ({"kind": "making", "photo": "unknown.jpg"}, "paths", ["photos/face/a.jpg"]),
    ({"kind": "making", "photo": "a.jpg"}, "paths", [f"photos/../../{VICTIM}"]),
    ({"kind": "making", "photo": "a.jpg"}, "paths", [5]),
    ({"kind": "removed"}, "paths", 7),
    ({"kind": "sidecar", "content": "x"}, "path", f"photos/../../{VICTIM}"),
    ({"kind": "sidecar", "content": "x"}, "path", "photos/face/a.jpg"),
    ({"kind": "aside"}, "path", "./corrections.jsonl"),
    ({"kind": "aside"}, "path", f"../{VICTIM}"),
    ({"kind": "said"}, "labels", 5),
    ({"kind": "said"}, "labels", [[]]),
    ({"kind": "people"}, "names", ["../x"]),
    ({"kind": ["x"]}, "path", "photos"),
]


@pytest.mark.parametrize("argv", [("--src", "album"), ("--undo", "--dst", "sorted")])
@pytest.mark.parametrize(("line", "key", "value"), EDITS)
def test_what_no_run_has_written_is_refused(
    line: dict[str, object],
    key: str,
    value: object,
    argv: tuple[str, ...],
    dst: Path,
    sort: Sort,
    tmp_path: Path,
) -> None:
    """Even in a journal of the first version, whose lines have no check."""
    as_first_version(dst)
    (tmp_path / VICTIM).write_text("own")
    os.utime(tmp_path / VICTIM, ns=(1, 1))
    kinds = {json.loads(one)["kind"]: json.loads(one) for one in lines_of(dst)}
    kind = line["kind"] if isinstance(line["kind"], str) else ""
    edited = {**kinds.get(kind, {}), **line, key: value}
    before = disk_as_dict(dst)
    with open(journal_of(dst), "ab") as stream:
        stream.write(json.dumps(edited).encode() + b"\n")
    result = sort(*argv)
    if kind:
        assert result.code == 1 and "is damaged" in result.error_line
        assert len(result.err) < 1000
        assert disk_as_dict(dst) == before
    assert (tmp_path / VICTIM).read_text() == "own"


@pytest.mark.parametrize("text", ["[" * 100_000, "5", "[]", "null", "\\", '{"kind": 1e999}x', "{}"])
def test_a_line_that_is_no_line_of_ours(text: str, dst: Path, sort: Sort) -> None:
    as_first_version(dst)
    with open(journal_of(dst), "a") as stream:
        stream.write(text + "\n")
    for argv in (("--src", "album"), ("--undo", "--dst", "sorted")):
        assert "is damaged" in sort(*argv).error_line


def test_undo_remembers_what_it_could_not_remove(
    dst: Path, album: Album, sort: Sort, tmp_path: Path
) -> None:
    """A disk with the originals that is not there, say: once it is back, undo goes on."""
    album.root.rename(tmp_path / "away")
    album.root.mkdir()
    result = sort("--undo", "--dst", "sorted")
    assert "this may be the only copy" in result.out
    assert result.out.splitlines()[-1].endswith(
        "2 files could not be: once the originals are back, run this again"
    )
    assert {path for path, data in disk_as_dict(dst).items() if data != b"folder"} == {
        "photos/face/a.jpg",
        "photos/masked/b.jpg",
    }
    album.root.rmdir()
    (tmp_path / "away").rename(album.root)
    assert "finish it with --undo" in sort("--src", "album").error_line
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    assert not dst.exists()


def test_a_journal_is_on_the_disk_after_the_names_it_speaks_of(
    album: Album, sort: Sort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("tells what was synced by /proc")
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), tmp_path))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    album.add("a.jpg", "face")
    sort("--src", "album")
    last = len(synced) - 1 - synced[::-1].index("sorted/.facesort/journal.jsonl")
    expected = {".", "sorted", "sorted/photos", "sorted/photos/face", "sorted/faces/face"}
    assert expected <= {*synced[:last]}
