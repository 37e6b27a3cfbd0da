"""Learning from a hand that deletes, merges, errs, and wants it all back."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import learn_corrections
import pytest
from conftest import Album, Sort, disk_as_dict
from corrected_albums import (
    crops,
    drag,
    photos,
    said,
    sort_by_person,
    state_of,
    taught,
    tell_apart,
    views,
)
from test_album_kill import all_kills

from facesort.album.corrections import watch
from facesort.album.corrections.apply import Options
from facesort.album.journal import Journal
from facesort.album.user_labels import read_labels
from facesort.errors import AlbumError, UsageError
from facesort.reporter import ConsoleReporter


@pytest.fixture
def dst(album: Album, sort: Sort, tmp_path: Path) -> Path:
    """Two photos of Ana alone, one of Ben, one of Ana and Eva, one of a stranger."""
    album.add("a1.jpg", "face")
    album.add("a2.jpg", "face", confidence=0.7)
    album.add("b.jpg", "masked")
    album.add("ae.jpg", "face", "sunglasses")
    album.add("z.jpg", "masked_sunglasses")
    return sort_by_person(tmp_path)


def test_a_deleted_crop_is_asked_about(dst: Path) -> None:
    crops(dst, "Ben")[0].unlink()
    crops(dst, "Eva")[0].unlink()
    asked: list[str] = []
    unknown = "_strangers/z.jpg"

    def ask(question: str, keys: str) -> str:
        asked.append(question)
        return {"Ben": "n", "Eva": "s"}[question.split("/")[1]]

    assert "2 new corrections: 1 to _not_a_face, 1 to _strangers" in taught(dst, True, ask)
    assert asked[0].endswith("is gone: is it no face (n), a stranger (s), or skip (Enter)?")
    anas = ["Ana/a1.jpg", "Ana/a2.jpg", "Ana/ae.jpg"]
    assert photos(dst) == [*anas, "_no_face/b.jpg", unknown]
    again = taught(dst, True, ask)
    assert len(asked) == 2 and "crop gone" not in again and "0 new corrections" in again


def test_a_face_that_nobody_spoke_of_stays_as_sure_as_it_was_sorted(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("two.jpg", "face", "masked", confidence=0.5)
    sort("--src", "album", "--class-threshold", "0.4")
    dst = tmp_path / "sorted"
    assert photos(dst) == ["face/two.jpg", "masked/two.jpg"]
    drag(crops(dst, "masked")[0], "sunglasses")
    taught(dst, apply=True)
    assert photos(dst) == ["face/two.jpg", "sunglasses/two.jpg"]


def test_nobody_to_ask_or_no_answer_is_no_correction(dst: Path) -> None:
    crops(dst, "Ben")[0].unlink()
    before = disk_as_dict(dst)
    for ask in (None, lambda question, keys: ""):
        assert "crop gone, nothing learned from that" in taught(dst, True, ask)
    assert disk_as_dict(dst) == before and not said(dst)


def test_many_deleted_crops_are_one_question(album: Album, sort: Sort, tmp_path: Path) -> None:
    for number in range(5):
        album.add(f"{number}.jpg", "masked_sunglasses", confidence=0.6 + number / 20)
    dst = sort_by_person(tmp_path)
    shutil.rmtree(dst / "faces/_strangers")
    asked: list[str] = []

    def ask(question: str, keys: str) -> str:
        asked.append(question)
        return "o" if "o" in keys else "n" if len(asked) == 2 else ""

    assert "1 new correction: 1 to _not_a_face" in taught(dst, ask=ask)
    assert len(asked) == 6 and asked[0].startswith("5 crops are gone from faces/_strangers")
    assert "4 new corrections: 4 to _strangers" in taught(dst, ask=lambda question, keys: "s")


def test_two_folders_merged_are_one_person(dst: Path) -> None:
    for crop in crops(dst, "Ana"):
        drag(crop, "Ben")
    (dst / "faces/Ana").rmdir()
    out = taught(dst, apply=True)
    assert "Ana and Ben are one from now on: 3 faces and 3 examples change to Ben" in out
    assert photos(dst)[:4] == [f"Ben/{name}.jpg" for name in ("a1", "a2", "ae", "b")]
    learned = state_of(dst).learned
    assert learned and {one.person for one in learned.examples} == {"Ben", "Eva"}
    assert "are one" not in taught(dst, apply=True)


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_a_folder_moved_into_another_is_merged(dst: Path, is_taken_back: bool) -> None:
    before = views(dst)
    (dst / "faces/Ana").rename(dst / "faces/Ben/Ana")
    (dst / "faces/Ben/Ana/notes.txt").write_text("mine")
    out = taught(dst)
    assert "3 new corrections: 3 to Ben" in out and "Ana and Ben are one from now on" in out
    assert len(list((dst / "faces/Ben/Ana").iterdir())) == 4  # nothing moves unasked
    if is_taken_back:
        undo(dst)
        (dst / "faces/Ben/Ana/notes.txt").unlink()
        assert views(dst) == before
    else:
        taught(dst, apply=True)
        assert len(list((dst / "faces/Ben").glob("*.jpg"))) == 4
        assert [path.name for path in (dst / "faces/Ben/Ana").iterdir()] == ["notes.txt"]
        assert "Ben/ae.jpg" in photos(dst)


@pytest.mark.parametrize("answer", ["y", "n", None])
def test_an_empty_folder_may_mean_two_are_one(dst: Path, answer: str | None) -> None:
    for crop in crops(dst, "Ana"):
        drag(crop, "Ben")
    out = taught(dst, ask=None if answer is None else lambda question, keys: answer)
    assert ("remove the empty folder faces/Ana" in out) == (answer is None)
    learned = state_of(dst).learned
    assert learned and ("Ana" in {e.person for e in learned.examples}) == (answer != "y")


def test_a_folder_that_went_only_in_part_is_no_merge(dst: Path) -> None:
    first, *others = crops(dst, "Ana")
    drag(first, "Ben")
    for crop in others:
        crop.unlink()
    (dst / "faces/Ana").rmdir()
    assert "are one" not in taught(dst, apply=True)
    learned = state_of(dst).learned
    assert learned and {e.person for e in learned.examples} == {"Ana", "Ben", "Eva"}


def test_what_costs_right_names_is_not_learned_from(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    for number in range(8):
        album.add(f"b{number}.jpg", "masked", confidence=0.6 + number / 50)
    dst = sort_by_person(tmp_path, examples=6)
    tell_apart(dst)
    for crop in crops(dst, "Ben")[:6]:
        drag(crop, "Ana")
    drag(crops(dst, "Ben")[0], "_not_a_face")
    out = taught(dst, apply=True)
    assert "corrections to Ana count for their own faces only, the gallery stays" in out
    assert "they would cost 6 of 18 faces their right name" in out
    assert [len(crops(dst, name)) for name in ("Ana", "Ben", "_not_a_face")] == [6, 1, 1]
    assert "other face" not in out
    labels = read_labels(dst / "corrections.jsonl")
    assert sorted({(one.folder, one.teaches) for one in labels.every}) == [
        ("Ana", False),
        ("_not_a_face", True),
    ]
    drag(crops(dst, "Ben")[0], "Zoe")
    assert "corrections to Ana count for their own faces only" in taught(dst)


def test_what_was_refused_may_teach_later(album: Album, sort: Sort, tmp_path: Path) -> None:
    """The person was right, and the examples wrong: once those are overruled, it is learned."""
    for number in range(8):
        album.add(f"b{number}.jpg", "masked", confidence=0.6 + number / 50)
    dst = sort_by_person(tmp_path, examples=6)
    tell_apart(dst)
    for crop in crops(dst, "Ben")[:6]:
        drag(crop, "Ana")
    taught(dst)
    for crop in crops(dst, "Ben"):
        drag(crop, "Ana")
    (dst / "faces/Ben").rmdir()
    assert "Ben and Ana are one from now on" in taught(dst)
    assert all(one.teaches for one in read_labels(dst / "corrections.jsonl").every)


def test_crops_come_worst_first_after_learning_too(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "face", confidence=0.6)
    album.add("m.jpg", "masked", confidence=0.7)
    sort("--src", "album")
    dst = tmp_path / "sorted"
    assert [path.name for path in crops(dst, "masked")] == ["700_m_0.jpg"]
    drag(crops(dst, "masked")[0], "face")
    taught(dst, apply=True)
    assert [path.name for path in crops(dst, "face")] == ["600_a_0.jpg", "999_m_0.jpg"]
    before = disk_as_dict(dst)
    taught(dst, apply=True)
    assert disk_as_dict(dst) == before


@pytest.mark.parametrize("view", ["faces", "photos"])
def test_what_is_moved_back_is_the_last_word(dst: Path, view: str) -> None:
    there = crops(dst, "Ben")[0] if view == "faces" else dst / "photos/Ben/b.jpg"
    away = dst / view / "Ana" / there.name
    shutil.move(there, away)
    assert "1 to Ana" in taught(dst)
    shutil.move(away, there)
    again = taught(dst)
    assert "1 to Ben" in again
    assert "1 correction stored in corrections.jsonl, 1 in place of an earlier one" in again
    assert "0 new corrections" in taught(dst, apply=True)
    assert said(dst) == {("b.jpg", 0): "Ben"} and "Ben/b.jpg" in photos(dst)


def test_a_photo_dragged_takes_its_crop_along(dst: Path) -> None:
    shutil.move(dst / "photos/Ben/b.jpg", dst / "photos/Ana/b.jpg")
    taught(dst, apply=True)
    assert "faces/Ana/999_b_0.jpg" in views(dst) and "faces/Ben/999_b_0.jpg" not in views(dst)


def test_suspects_are_listed_worst_first(album: Album, sort: Sort, tmp_path: Path) -> None:
    for number in range(4):
        album.add(f"{number}.jpg", "face", confidence=0.65 + number / 12)
    album.add("doubt.jpg", "masked", confidence=0.4)
    sort("--src", "album")
    out = taught(tmp_path / "sorted").splitlines()
    start = out.index("look at these 5 first:")
    names = [line.split("/")[2].partition(":")[0] for line in out[start + 1 :]]
    assert [name[4:-6] for name in names] == ["0", "1", "2", "3", "doubt"]
    drag(crops(tmp_path / "sorted", "face")[0], "sunglasses")
    assert f"/{names[0]}" not in taught(tmp_path / "sorted")


def undo(dst: Path) -> None:
    assert learn_corrections.main([str(dst), "--undo"]) == 0


@pytest.mark.parametrize("is_applied", [True, False])
def test_undo_takes_a_learning_back(
    dst: Path, is_applied: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    before = views(dst)
    drag(crops(dst, "Ana")[0], "Zoe")
    drag(crops(dst, "Ben")[0], "_not_a_face")
    (dst / "faces/Eva").rename(dst / "faces/Evi")
    taught(dst, apply=is_applied)
    assert len(said(dst)) == 3
    undo(dst)
    assert "taken back: 3 corrections of 2" in capsys.readouterr().out
    assert views(dst) == before and not said(dst)
    assert not (dst / "faces/Zoe").exists() and not (dst / "photos/Zoe").exists()
    assert "withdrawn" in json.loads((dst / "corrections.jsonl").read_text().splitlines()[-1])
    assert "0 new corrections" in taught(dst, apply=True)
    assert views(dst) == before
    with pytest.raises(UsageError, match="nothing to take back"):
        undo(dst)


def test_undo_goes_back_step_by_step(dst: Path) -> None:
    one = views(dst)
    drag(crops(dst, "Ana")[0], "Ben")
    taught(dst, apply=True)
    two, words = views(dst), said(dst)
    drag(next(crop for crop in crops(dst, "Ben") if "a1" in crop.name), "Eva")
    drag(crops(dst, "_strangers")[0], "Eva")
    taught(dst, apply=True)
    undo(dst)
    assert (views(dst), said(dst)) == (two, words)  # the earlier word counts again
    undo(dst)
    assert (views(dst), said(dst)) == (one, {})


def test_undo_leaves_alone_what_was_moved_since(dst: Path) -> None:
    drag(crops(dst, "Ana")[0], "Ben")
    taught(dst, apply=True)
    drag(crops(dst, "_strangers")[0], "Eva")
    drag(next(crop for crop in crops(dst, "Ben") if "a1" in crop.name), "Eva")
    undo(dst)
    assert "2 new corrections: 2 to Eva" in taught(dst, apply=True)
    assert set(said(dst)) == {("a1.jpg", 0), ("z.jpg", 0)}


def test_undo_does_without_what_is_gone(dst: Path, album: Album) -> None:
    drag(crops(dst, "Ana")[0], "Ben")
    taught(dst, apply=True)
    next(crop for crop in crops(dst, "Ben") if "a1" in crop.name).unlink()
    undo(dst)
    assert "Ana/a1.jpg" in photos(dst)
    assert "crop gone, nothing learned from that" in taught(dst)


def test_undo_killed_and_run_again(
    dst: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = views(dst)
    drag(crops(dst, "Ana")[0], "Zoe")
    drag(crops(dst, "Ben")[0], "Eva")
    taught(dst, apply=True)
    first = tmp_path / "first"
    shutil.copytree(dst, first)
    start = functools.partial(shutil.copytree, first, dst)
    for number in all_kills(["sorted", "--undo"], dst, start, learn_corrections.main):
        try:
            undo(dst)
        except UsageError:  # it had come to its end
            assert not state_of(dst).learnings, number
        assert views(dst) == expected and not said(dst), number
    capsys.readouterr()


def test_a_half_taken_back_learning_is_finished_first(dst: Path) -> None:
    drag(crops(dst, "Ana")[0], "Ben")
    taught(dst, apply=True)
    journal = Journal(dst / ".facesort/journal.jsonl")
    journal.unlearning()
    journal.close()
    with pytest.raises(AlbumError, match="finish it with --undo"):
        taught(dst)
    undo(dst)
    assert not said(dst)


def test_an_undone_sorting_forgets_learnings_and_keeps_words(dst: Path, sort: Sort) -> None:
    drag(crops(dst, "Ana")[0], "Ben")
    taught(dst, apply=True)
    words = said(dst)
    assert "left alone" not in sort("--undo", "--dst", "sorted").out
    sort_by_person(dst.parent)
    assert said(dst) == words
    with pytest.raises(UsageError, match="nothing to take back"):
        undo(dst)


class Hand:
    """Moves crops while a watcher looks on."""

    def __init__(self, dst: Path) -> None:
        self._dst, self.rounds = dst, 0

    def __call__(self) -> bool:
        self.rounds += 1
        if self.rounds == 3:
            drag(crops(self._dst, "Ana")[0], "Ben")
        if self.rounds > 40:
            raise KeyboardInterrupt
        return False


def test_a_watcher_learns_and_ends_cleanly(dst: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = ConsoleReporter(sys.stdout, sys.stderr)
    assert watch.watch(dst, Options(apply=True), 0.05, report, Hand(dst)) == 0
    out = capsys.readouterr().out
    assert out.count("1 new correction: 1 to Ben") == 1 and out.count("new correction") == 2
    assert "no longer watching" in out
    assert "Ben/a1.jpg" in photos(dst)


def test_two_at_once_are_one_line(dst: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from filelock import FileLock

    with FileLock(dst / ".facesort/lock"), pytest.raises(AlbumError, match="another run is at"):
        taught(dst)
    with FileLock(dst / ".facesort/watch"), pytest.raises(AlbumError, match="is watched by"):
        learn_corrections.main([str(dst), "--watch"])


def test_a_watcher_waits_while_another_is_at_work(
    dst: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from filelock import FileLock

    busy = FileLock(dst / ".facesort/lock")
    busy.acquire()
    started = time.monotonic()

    def until() -> bool:
        if busy.is_locked and time.monotonic() - started > 0.3:
            busy.release()
        return time.monotonic() - started > 1

    report = ConsoleReporter(sys.stdout, sys.stderr)
    assert watch.watch(dst, Options(), 0.1, report, until) == 0
    out = capsys.readouterr().out
    assert out.count("not learned yet: ") == 1 and "0 new corrections" in out


def test_help_is_as_written() -> None:
    script = learn_corrections.__file__
    done = subprocess.run(
        [sys.executable, script, "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    golden = Path(__file__).with_name("learn_corrections_help.txt").read_text(encoding="utf-8")
    assert done.stdout.split() == golden.split()


@pytest.mark.parametrize(
    "argv", [["--undo", "--apply"], ["--watch", "--xmp"], ["--watch", "0"], ["--suspects", "x"]]
)
def test_options_that_make_no_sense_are_usage(argv: list[str]) -> None:
    with pytest.raises(UsageError):
        learn_corrections.main(["sorted", *argv])
