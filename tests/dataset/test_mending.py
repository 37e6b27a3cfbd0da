"""Ticked fixes carried out on disk: each kind once, all at once, and everything taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import check_dataset
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_sets import GOOD, clean_set, image, jpeg, messy_set, write_set

from facesort.boxes import as_boxes
from facesort.dataset.check import mending
from facesort.dataset.check.checker import Checked, check
from facesort.dataset.check.fixes import Fix, from_json
from facesort.dataset.check.label_errors import BAD_BOX, EXTRA_BOX, MISSING_BOX, WRONG_CLASS
from facesort.dataset.check.mending import Mender, Place, root_of, undo
from facesort.dataset.check.proposals import Proposals, propose
from facesort.dataset.yolo_dataset import read_layout
from facesort.detections import Detections
from facesort.errors import DatasetError

Disk = dict[str, bytes]


def disk(root: Path) -> Disk:
    """Every file but the journals."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and mending.BACKUPS not in path.parts
    }


def checked_set(file: Path, **how: object) -> Checked:
    return check(read_layout(file), workers=1, **how)  # type: ignore[arg-type]


def mender(checked: Checked) -> Mender:
    return Mender(Place.of(checked.layout, checked.samples), checked.samples)


def one(proposals: Proposals, kind: str) -> Fix:
    return proposals.of_kind(kind)[0]


def seen(*faces: tuple[tuple[float, ...], int, float]) -> Callable[[object], Detections]:
    """A model that sees the same in every image of 160 x 120."""
    boxes, classes, confidence = zip(*faces, strict=True) if faces else ((), (), ())
    found = Detections(
        as_boxes(boxes), np.array(classes, dtype=np.int64), np.array(confidence, dtype=float)
    )
    return lambda _rgb: found


FACE = (48.0, 36.0, 112.0, 84.0)  # GOOD, in pixels


@pytest.mark.parametrize(
    ("face", "kind", "label"),
    [
        ((FACE, 2, 0.9), WRONG_CLASS, "2 .5 .5 .4 .4\n"),
        (((72, 36, 136, 84), 0, 0.9), BAD_BOX, "0 0.650000 0.500000 0.400000 0.400000\n"),
        (None, EXTRA_BOX, ""),
    ],
)
def test_a_doubt_is_mended_and_taken_back(
    tmp_path: Path, face: tuple[tuple[float, ...], int, float] | None, kind: str, label: str
) -> None:
    file = write_set(tmp_path, {"train/a.jpg": jpeg(image(1))}, {"train/a.txt": GOOD})
    before = disk(tmp_path)
    detect = seen(face) if face else seen()
    checked = checked_set(file, detect=detect, judged={0, 1, 2, 3})
    work = mender(checked)
    done = work.apply([one(propose(checked), kind)])
    assert len(done.done) == 1 and not done.skipped
    assert disk(tmp_path) == before | {"labels/train/a.txt": label.encode()}
    assert work.undo() == []
    assert disk(tmp_path) == before


def test_a_missing_box_is_added_also_where_there_is_no_label(tmp_path: Path) -> None:
    file = write_set(tmp_path, {"train/a.jpg": jpeg(image(1))}, {})
    before = disk(tmp_path)
    checked = checked_set(file, detect=seen((FACE, 1, 0.9)), judged={0, 1})
    work = mender(checked)
    assert work.apply([one(propose(checked), MISSING_BOX)]).done
    label = b"1 0.500000 0.500000 0.400000 0.400000\n"
    assert disk(tmp_path) == before | {"labels/train/a.txt": label}
    work.undo()
    assert disk(tmp_path) == before


def test_every_proposal_of_a_messy_set_at_once(tmp_path: Path) -> None:
    file = messy_set(tmp_path)
    before = disk(tmp_path)
    checked = checked_set(file)
    proposals = propose(checked)
    work = mender(checked)
    matter_of_taste = ("small", "blurred", "dark")  # every image drawn here is one of them
    done = work.apply(fix for fix in proposals.fixes if fix.kind not in matter_of_taste)
    assert {why.split(";")[0] for why in done.skipped.values()} <= {
        "was taken out of the data set by an earlier fix"
    }
    again = checked_set(file)
    left = set(again.by_check) - {"absent-class", "empty-label"}
    assert not left & {"leak", "near-leak", "outside", "malformed", "two-classes", "mislabelled"}
    assert not again.has_errors
    pictures = [name for name in before if name.startswith("images/")]
    kept = disk(tmp_path)
    assert sum(name.startswith("images/") for name in kept) < len(pictures)
    assert {before[name] for name in pictures} >= {
        data for name, data in kept.items() if name.startswith("images/")
    }
    assert undo(root_of(checked.layout)) == []
    assert disk(tmp_path) == before


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_acts_in_any_order_are_taken_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """And two ways to the same ticks end in the same labels."""
    root = tmp_path_factory.mktemp("set")
    file = messy_set(root)
    before = disk(root)
    checked = checked_set(file)
    every = list(propose(checked).fixes)
    ticked = data.draw(st.lists(st.sampled_from(every), unique_by=lambda fix: fix.id, max_size=8))
    cut = data.draw(st.integers(0, len(ticked)))
    work = mender(checked)
    acts = [part for part in (ticked[:cut], ticked[cut:]) if work.apply(part).done]
    for _ in acts:
        assert work.undo() == []
    assert disk(root) == before
    assert not work.applied
    with pytest.raises(DatasetError, match="nothing to take back"):
        undo(root)


def test_a_label_that_changed_since_is_left_alone(tmp_path: Path) -> None:
    file = write_set(tmp_path, {"train/a.jpg": jpeg(image(1))}, {"train/a.txt": GOOD})
    checked = checked_set(file, detect=seen((FACE, 2, 0.9)), judged={0, 1, 2, 3})
    label = tmp_path / "labels" / "train" / "a.txt"
    label.write_text("1 .5 .5 .2 .2\n")
    fix = one(propose(checked), WRONG_CLASS)
    done = mender(checked).apply([fix])
    assert done.skipped == {fix.id: "its label has changed since the check; check again"}
    assert label.read_text() == "1 .5 .5 .2 .2\n"
    assert not (tmp_path / mending.BACKUPS).exists()


def test_taking_back_spares_what_was_changed_since(tmp_path: Path) -> None:
    images = {"train/a.jpg": jpeg(image(1)), "train/b.jpg": jpeg(image(2))}
    file = write_set(tmp_path, images, {"train/a.txt": GOOD, "train/b.txt": GOOD})
    checked = checked_set(file, detect=seen((FACE, 2, 0.9)), judged={0, 1, 2, 3})
    work = mender(checked)
    work.apply(propose(checked).of_kind(WRONG_CLASS))
    labels = tmp_path / "labels" / "train"
    (labels / "a.txt").write_text("3 .5 .5 .4 .4\n")
    assert work.undo() == ["labels/train/a.txt: was changed since; it stays as it is"]
    assert (labels / "a.txt").read_text() == "3 .5 .5 .4 .4\n"
    assert (labels / "b.txt").read_text() == GOOD


def test_an_act_that_was_cut_off_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {f"train/{k}.jpg": jpeg(image(k)) for k in range(4)}
    file = write_set(tmp_path, images, {f"train/{k}.txt": GOOD for k in range(4)})
    before = disk(tmp_path)
    checked = checked_set(file, detect=seen((FACE, 2, 0.9)), judged={0, 1, 2, 3})
    real, calls = mending._write, []

    def full(label: Path, text: str) -> None:
        calls.append(label)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(label, text)

    monkeypatch.setattr(mending, "_write", full)
    with pytest.raises(OSError, match="No space"):
        mender(checked).apply(propose(checked).of_kind(WRONG_CLASS))
    monkeypatch.undo()
    assert disk(tmp_path) != before
    assert undo(tmp_path) == []
    assert disk(tmp_path) == before


def test_a_foreign_journal_reaches_nothing_outside(tmp_path: Path) -> None:
    root, outside = tmp_path / "set", tmp_path / "mine.txt"
    outside.write_text("mine")
    folder = root / mending.BACKUPS / "0001"
    folder.mkdir(parents=True)
    ops = [
        {"write": "../mine.txt", "before": "evil", "after": "mine"},
        {"from": "stolen.txt", "to": "../mine.txt"},
    ]
    (folder / mending.JOURNAL).write_text(json.dumps(ops))
    problems = undo(root)
    assert len(problems) == 2 and all("lies outside" in line for line in problems)
    assert outside.read_text() == "mine" and not (root / "stolen.txt").exists()


def test_a_linked_label_stays_what_it_was_elsewhere(tmp_path: Path) -> None:
    file = write_set(tmp_path / "set", {"train/a.jpg": jpeg(image(1))}, {"train/a.txt": GOOD})
    other = tmp_path / "a.txt"
    other.hardlink_to(tmp_path / "set" / "labels" / "train" / "a.txt")
    checked = checked_set(file, detect=seen((FACE, 2, 0.9)), judged={0, 1, 2, 3})
    mender(checked).apply(propose(checked).fixes)
    assert other.read_text() == GOOD


def test_one_file_in_two_splits_of_the_yaml_is_not_moved(tmp_path: Path) -> None:
    file = write_set(tmp_path, {"train/a.jpg": jpeg(image(1))}, {"train/a.txt": GOOD})
    file.write_text(f"{file.read_text()}\nval: images/train\n")
    before = disk(tmp_path)
    checked = checked_set(file)
    fix = one(propose(checked), "leak")
    assert "in two splits" in mender(checked).apply([fix]).skipped[fix.id]
    assert disk(tmp_path) == before


def test_json_and_back() -> None:
    fix = Fix("a", "change class", "train", "a.jpg", "why", "what", 0.5, lines=("0 .5 .5 .1 .1",))
    read = from_json(json.loads(json.dumps(fix.as_json)), "here")
    assert read.id == fix.id and read.lines == fix.lines
    assert replace(read, score=0.5) == fix


@pytest.mark.parametrize(
    "data", [None, 7, {}, {"kind": "x"}, [], {"edits": [["a", "b"]]}, {"edits": 3}]
)
def test_what_is_no_fix(data: object) -> None:
    with pytest.raises(DatasetError, match=r"here: is no fix"):
        from_json(data, "here")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ticks_from_a_file_go_into_a_copy(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messy_set(home)
    before = disk(home)
    check_dataset.main(["set.yaml", "--out", "out"])
    ticked = json.loads((home / "out" / "fixes.json").read_text())
    for fix in ticked["fixes"]:
        fix["apply"] = fix["kind"] in ("leak", "malformed", "outside")
    (home / "ticked.json").write_text(json.dumps(ticked))
    code = check_dataset.main(["set.yaml", "--apply", "ticked.json", "--fix-to", "copy"])
    assert code == 0, capsys.readouterr()
    again = json.loads((home / "out" / "fixes.json").read_text())
    assert not any(fix["apply"] for fix in again["fixes"])
    assert {k: v for k, v in disk(home).items() if k in before} == before
    content = yaml.safe_load((home / "copy" / "data.yaml").read_text())
    assert content["train"] == "images/train"
    counts = checked_set(home / "copy" / "data.yaml").by_check
    assert not {"leak", "malformed", "outside"} & counts.keys()
    assert "two-classes" in counts


def test_in_place_and_undo_from_the_command_line(home: Path) -> None:
    messy_set(home)
    before = disk(home)
    check_dataset.main(["set.yaml", "--out", "out"])
    text = (home / "out" / "fixes.json").read_text().replace('"apply": false', '"apply": true')
    (home / "ticked.json").write_text(text)
    check_dataset.main(["set.yaml", "--apply", "ticked.json"])
    assert {k: v for k, v in disk(home).items() if k in before} != before
    assert check_dataset.main(["set.yaml", "--undo"]) == 0
    assert {k: v for k, v in disk(home).items() if k in before} == before


def test_a_leak_free_copy(home: Path) -> None:
    messy_set(home)
    assert {"leak", "near-leak"} <= checked_set(home / "set.yaml").by_check.keys()
    check_dataset.main(["set.yaml", "--out", "out", "--leak-free", "fair"])
    checked = checked_set(home / "fair" / "data.yaml")
    assert not {"leak", "near-leak"} & checked.by_check.keys()
    assert len(checked.samples) == len(checked_set(home / "set.yaml").samples)


def test_a_set_of_one_split_gets_three(home: Path) -> None:
    names = [f"train/{k}" for k in range(40)]
    images = {f"{n}.jpg": jpeg(image(k)) for k, n in enumerate(names)}
    write_set(home, images, {f"{n}.txt": f"{k % 2} .5 .5 .4 .4\n" for k, n in enumerate(names)})
    check_dataset.main(["set.yaml", "--out", "out", "--leak-free", "fair"])
    checked = checked_set(home / "fair" / "data.yaml")
    counts = {row.split: row.images for row in checked.counts}
    assert sum(counts.values()) == 40 and all(counts[s] > 0 for s in ("train", "val", "test"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--fix-to", "x"), "pass --serve or --apply as well"),
        (("--serve", "--undo"), "pass one of them"),
        (("--apply", "none.json"), "none.json: cannot be read"),
        (("--apply", "set.yaml"), "no fixes; expected the fixes.json"),
        (("--undo",), "nothing to take back"),
        (("--serve", "--fix-to", "images"), "is there already"),
    ],
)
def test_what_cannot_be_done(home: Path, args: tuple[str, ...], message: str) -> None:
    clean_set(home)
    with pytest.raises(Exception, match=message):
        check_dataset.main(["set.yaml", *args])
