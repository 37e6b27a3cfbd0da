"""Plans that a person or a disk has changed: refused in one line, or planned anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Album, Sort, disk_as_dict

ENTRY = ["entries", 0]
FACE = [*ENTRY, "scan", "faces", 0]
EDITS = [
    ([*ENTRY, "targets", 0], "../../x.jpg"),
    ([*ENTRY, "targets", 0], "photos/../../../x.jpg"),
    ([*ENTRY, "targets", 0], "photos/face/../x.jpg"),
    ([*ENTRY, "targets", 0], "photos/face/.."),
    ([*ENTRY, "targets", 0], "photos/face/"),
    ([*ENTRY, "targets", 0], "/tmp/x.jpg"),
    ([*ENTRY, "targets", 0], "photos/other/x.jpg"),
    ([*ENTRY, "targets", 0], "photos/face/\0.jpg"),
    ([*ENTRY, "targets", 0], ["photos", "face"]),
    ([*ENTRY, "targets"], "photos/face/a.jpg"),
    ([*ENTRY, "crops", 0], "photos/face/x.jpg"),
    ([*ENTRY, "crops", 0], ".facesort/journal.jsonl"),
    ([*ENTRY, "crops"], []),
    ([*ENTRY, "face_targets", 0], 7),
    ([*ENTRY, "link"], "symbolic"),
    ([*ENTRY, "link"], None),
    ([*ENTRY, "scan", "photo"], "../outside.jpg"),
    ([*ENTRY, "scan", "photo"], "b.jpg"),
    ([*ENTRY, "scan", "size_bytes"], "9"),
    ([*ENTRY, "scan", "mtime_ns"], None),
    ([*ENTRY, "scan", "scale"], 0),
    ([*ENTRY, "scan", "scale"], False),
    ([*ENTRY, "scan", "problem"], 1),
    ([*ENTRY, "scan"], []),
    ([*FACE, "class_name"], "cat"),
    ([*FACE, "confidence"], float("nan")),
    ([*FACE, "confidence"], "high"),
    ([*FACE, "xyxy_px"], [1, 2, 3]),
    ([*FACE, "xyxy_px"], [1, 2, 3, float("inf")]),
    (["decode_px"], -1),
    (["decode_px"], 12.5),
    (["levels"], "1"),
    (["src"], None),
    (["dst"], "sor\0ted"),
    (["dst"], ""),
    (["entries"], {}),
    (["format"], "facesort plan 0"),
]


@pytest.mark.parametrize(("keys", "value"), EDITS)
def test_an_edited_plan_is_refused(
    keys: list[str | int], value: object, album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    album.add("b.jpg", "face")
    sort("--src", "album", "--dry-run")
    plan_file = tmp_path / "sorted/plan.json"
    data = json.loads(plan_file.read_text())
    place = data
    for key in keys[:-1]:
        place = place[key]
    assert place[keys[-1]] != value
    place[keys[-1]] = value
    plan_file.write_text(json.dumps(data))
    result = sort("--plan", "sorted/plan.json")
    assert result.code == 1
    assert result.error_line.startswith("error: sorted/plan.json: not a plan as --dry-run saves")
    assert result.error_line.endswith("; make a new one with --dry-run")
    assert not disk_as_dict(tmp_path / "sorted")


@pytest.mark.parametrize("text", ["[" * 100_000, "", "null", "\ufffd", '{"format": 1'])
def test_a_file_that_is_no_plan(text: str, sort: Sort, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-16")
    assert sort("--plan", "x.json").error_line.startswith("error: x.json: not a plan as")
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    assert sort("--plan", "x.json").error_line.startswith("error: x.json: not a plan as")


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_damaged_plan_of_an_earlier_run_does_not_block(
    more: list[str], album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    pending = tmp_path / "sorted/.facesort/plan.json"
    pending.write_bytes(b"{torn")
    before = disk_as_dict(tmp_path / "sorted")
    album.add("b.jpg", "face")
    own = tmp_path / "sorted/photos/face/b.jpg"
    own.write_text("filed, but not yet journaled")
    assert sort("--src", "album", *more).code == 0
    if not more:
        assert not pending.exists()
        after = disk_as_dict(tmp_path / "sorted")
        assert all(after[path] == data for path, data in before.items() if path != "manifest.csv")
        assert (tmp_path / "sorted/photos/face/b (2).jpg").samefile(album.root / "b.jpg")
    assert own.read_text() == "filed, but not yet journaled"
    pending.write_bytes(b"{torn")
    assert sort("--undo", "--dst", "sorted").code == 0
    assert own.exists()
    assert not pending.exists()


def test_a_damaged_plan_is_told(album: Album, sort: Sort, tmp_path: Path) -> None:
    album.add("a.jpg", "face")
    sort("--src", "album")
    (tmp_path / "sorted/.facesort/plan.json").write_bytes(b"{torn")
    result = sort("--src", "album")
    assert result.code == 0
    assert "the plan that an earlier run left is damaged: planning anew" in result.out
    assert "nothing new" in sort("--src", "album").out
