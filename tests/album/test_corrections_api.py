"""The corrections API: acts, taken back and done again, after a restart, and beside others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import fake_sort
import numpy as np
import pytest
from conftest import Album, disk_as_dict
from corrected_albums import crops, drag, sort_by_person, state_of, taught, views

from facesort.album.corrections.act_guard import harm
from facesort.album.corrections.acts import dismissed
from facesort.album.corrections.api import (
    BoxPx,
    Correction,
    FaceScores,
    SortedAlbum,
    Suggestion,
    add_face,
    dismiss,
    history,
    keep_apart,
    look_alikes,
    merge,
    move_box,
    mute,
    progress,
    record_corrections,
    redo,
    revert,
    set_presence,
    suggestions,
    together,
)
from facesort.album.corrections.apply import Options, apply_corrections
from facesort.album.corrections.changes import find_changes
from facesort.album.corrections.confirmed import confirmed
from facesort.album.corrections.revert import revert_last
from facesort.album.journal import read_state
from facesort.album.person.gallery import Examples
from facesort.album.user_labels import UserLabel
from facesort.errors import UsageError
from facesort.models.people import similarity_norm
from facesort.reporter import LineReporter


@pytest.fixture
def by_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, album: Album) -> Path:
    """Ana is in one photo, Ben in another, both in a third; one is somebody's without a name."""
    monkeypatch.chdir(tmp_path)
    album.add("1.jpg", "face")
    album.add("2.jpg", "masked")
    album.add("3.jpg", "face", "masked")
    album.add("4.jpg", "masked_sunglasses")
    album.add("sub/5.jpg", "sunglasses")
    return sort_by_person(tmp_path)


def everything(dst: Path) -> dict[str, bytes]:
    """What a person sees, but for the corrections themselves, which only grow."""
    disk = disk_as_dict(dst)
    return {path: data for path, data in disk.items() if path != "corrections.jsonl"}


def is_in_step(album: SortedAlbum) -> None:
    """Memory, journal and folders say the same."""
    fresh = SortedAlbum(album.root)
    changes = find_changes(album.root, fresh.state)
    assert not (changes.moved or changes.said or changes.missing or changes.unclear)
    alive = [i for i in range(len(album.table)) if album.table.alive[i]]
    now = {album.table.ids[i]: album.view(album.table.ids[i]) for i in alive}
    rows = [i for i in range(len(fresh.table)) if fresh.table.alive[i]]
    assert now == {fresh.table.ids[i]: fresh.view(fresh.table.ids[i]) for i in rows}


def names_in(dst: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (dst / folder).iterdir())


def test_a_face_goes_where_it_is_put_and_its_photo_follows(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    result = record_corrections(album, [Correction("3.jpg", 1, "Eva")])
    assert [(move.before, move.after) for move in result.moved] == [("Ben", "Eva")]
    assert names_in(by_person, "faces/Eva") == ["999_3_1.jpg", "999_5_0.jpg"]
    assert names_in(by_person, "photos/Eva") == ["3.jpg", "5.jpg"]
    assert names_in(by_person, "photos/Ben") == ["2.jpg"]
    is_in_step(album)


@pytest.mark.parametrize(
    "act",
    [
        lambda a: record_corrections(
            a, [Correction("3.jpg", 1, "Eva"), Correction("1.jpg", 0, "Eva")]
        ),
        lambda a: record_corrections(a, [Correction("1.jpg", 0, "Ana")]),
        lambda a: record_corrections(a, [Correction("1.jpg", 0, "_not_a_face")]),
        lambda a: record_corrections(a, [Correction("1.jpg", 0, "Zoe")]),
        lambda a: dismiss(a, [("1.jpg", 0), ("3.jpg", 0)], "Ana"),
        lambda a: merge(a, "Ben", "Ana"),
        lambda a: merge(a, "Ben", "Benedikt"),
        lambda a: add_face(a, "4.jpg", (60, 60, 90, 90), "Ana"),
        lambda a: move_box(a, "1.jpg", 0, (2, 18, 26, 52)),
    ],
    ids="assign confirm none new dismiss merge rename add box".split(),
)
def test_every_act_can_be_taken_back_and_done_again_after_a_restart(
    by_person: Path, act: object
) -> None:
    before = everything(by_person)
    album = SortedAlbum(by_person)
    album.flush()
    assert everything(by_person) == before
    act(album)  # type: ignore[operator]
    album.flush()
    after = everything(by_person)
    assert len(history(album)) == 1
    is_in_step(album)

    album = SortedAlbum(by_person)
    revert(album)
    album.flush()
    assert everything(by_person) == before
    is_in_step(album)

    album = SortedAlbum(by_person)
    redo(album)
    album.flush()
    assert everything(by_person) == after
    is_in_step(album)
    assert len(history(album)) == 1
    assert not album.state.reverted


def test_any_number_of_acts_back_and_forth(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    steps = [everything(by_person)]
    for photo, folder in (("1.jpg", "Ben"), ("2.jpg", "Ana"), ("4.jpg", "Zoe"), ("1.jpg", "Eva")):
        record_corrections(album, [Correction(photo, 0, folder)])
        album.flush()
        steps.append(everything(by_person))
    for step in reversed(steps[:-1]):
        revert(album)
        album.flush()
        assert everything(by_person) == step
    with pytest.raises(UsageError, match="nothing to undo"):
        revert(album)
    for step in steps[1:]:
        redo(album)
        album.flush()
        assert everything(by_person) == step
    with pytest.raises(UsageError, match="nothing to redo"):
        redo(album)
    revert(album)
    record_corrections(album, [Correction("2.jpg", 0, "Eva")])
    with pytest.raises(UsageError, match="nothing to redo"):
        redo(album)


@pytest.mark.parametrize(
    ("correction", "error"),
    [
        (Correction("no.jpg", 0, "Ana"), "no photo"),
        (Correction("1.jpg", 7, "Ana"), "no face 7"),
        (Correction("1.jpg", -1, "Ana"), "no face -1"),
        (Correction("1.jpg", 0, "../../evil"), "cannot be the name"),
        (Correction("1.jpg", 0, "/etc"), "cannot be the name"),
        (Correction("1.jpg", 0, "_no_face"), "cannot be the name"),
        (Correction("1.jpg", 0, ""), "cannot be the name"),
        (Correction("1.jpg", 0, "aNA"), "'Ana' already"),
        (Correction("1.jpg", 0, "x" * 300), "cannot be the name"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    by_person: Path, correction: Correction, error: str
) -> None:
    album = SortedAlbum(by_person)
    before = disk_as_dict(by_person)
    with pytest.raises(UsageError, match=error):
        record_corrections(album, [Correction("2.jpg", 0, "Eva"), correction])
    assert disk_as_dict(by_person) == before
    assert not history(album)


def test_no_corrections_are_no_act(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    assert record_corrections(album, []).moved == ()
    assert not history(album)


def test_by_class_only_classes_are_folders(sort: object, full_album: Album) -> None:
    assert sort("--src", "album").code == 1  # type: ignore[operator]
    album = SortedAlbum(full_album.root.parent / "sorted")
    record_corrections(album, [Correction("a.jpg", 0, "masked")])
    assert "999_a_0.jpg" in names_in(album.root, "faces/masked")
    with pytest.raises(UsageError, match="no class"):
        record_corrections(album, [Correction("a.jpg", 0, "Ana")])
    revert(album)
    is_in_step(album)


def test_other_faces_stay_where_they_are(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    result = record_corrections(album, [Correction("1.jpg", 0, "Eva")])
    assert len(result.moved) == 1
    assert names_in(by_person, "photos/Ana") == ["3.jpg"]


def test_what_was_dragged_in_the_file_manager_is_learned_when_the_album_is_opened(
    by_person: Path,
) -> None:
    drag(crops(by_person, "Ben")[0], "Eva")
    album = SortedAlbum(by_person)
    assert any("1 new correction" in line for line in album.news)
    assert not album.has_news()
    revert(album)
    assert names_in(by_person, "photos/Eva") == ["5.jpg"]
    is_in_step(album)


def test_learning_in_a_terminal_sees_the_acts_and_they_see_it(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    record_corrections(album, [Correction("1.jpg", 0, "Eva")])
    drag(crops(by_person, "Ben")[0], "Eva")
    assert "1 new correction" in taught(by_person, apply=True)
    assert album.has_news()
    record_corrections(album, [Correction("4.jpg", 0, "Ana")])
    assert len(history(album)) == 3
    is_in_step(album)


def test_dismissed_stays_dismissed_until_taken_back(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    dismiss(album, [("1.jpg", 0)], "Ana")
    assert dismissed(SortedAlbum(by_person)) == {("1.jpg", 0, "Ana")}
    assert "999_1_0.jpg" in names_in(by_person, "faces/_unsure")
    revert(album)
    assert dismissed(album) == set()


def test_a_name_that_came_back_is_not_given_out_again(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    record_corrections(album, [Correction("1.jpg", 0, "Eva")])
    revert(album)
    done = move_box(album, "1.jpg", 0, (2, 18, 26, 52))
    assert not done.problems
    is_in_step(album)


def test_the_same_photo_twice_moves_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, album: Album
) -> None:
    monkeypatch.chdir(tmp_path)
    first = album.add("1.jpg", "face")
    album.write("copy.jpg", first.read_bytes())
    dst = sort_by_person(tmp_path)
    before = views(dst)
    opened = SortedAlbum(dst)
    assert len(record_corrections(opened, [Correction("1.jpg", 0, "Ben")]).moved) == 2
    is_in_step(opened)
    revert(opened)
    assert views(dst) == before


def test_a_lost_original_is_told_and_the_rest_goes_on(by_person: Path, album: Album) -> None:
    opened = SortedAlbum(by_person)
    away = album.root.parent / "away.jpg"
    shutil.move(album.root / "1.jpg", away)
    done = record_corrections(
        opened, [Correction("1.jpg", 0, "Eva"), Correction("2.jpg", 0, "Eva")]
    )
    shutil.move(away, album.root / "1.jpg")
    assert [move.before for move in done.moved] == ["Ben"]
    assert "gone" in done.problems["1.jpg"]
    SortedAlbum(by_person)
    assert state_of(by_person).entries["2.jpg"].human == ("Eva",)


def test_another_run_at_work_is_told_not_waited_for_for_ever(
    by_person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    from facesort.album.corrections import sorted_album
    from facesort.errors import AlbumError

    monkeypatch.setattr(sorted_album, "PATIENCE_S", 0.1)
    album = SortedAlbum(by_person)
    with (
        FileLock(by_person / ".facesort/lock"),
        pytest.raises(AlbumError, match="another run is at work"),
    ):
        record_corrections(album, [Correction("1.jpg", 0, "Eva")])
    assert len(record_corrections(album, [Correction("1.jpg", 0, "Eva")]).moved) == 1


def test_originals_keep_their_bytes_and_times(by_person: Path, album: Album) -> None:
    opened = SortedAlbum(by_person)
    for folder in ("Ben", "Eva", "_not_a_face", "_unsure", "_strangers", "Zoe"):
        record_corrections(opened, [Correction("1.jpg", 0, folder)])
    while history(opened):
        revert(opened)
    album.check()
    assert os.stat(album.root / "1.jpg").st_nlink == 2  # itself, and photos/Ana


@pytest.mark.parametrize("kind", ["assign", "add", "box", "merge"])
def test_undo_in_a_terminal_takes_back_what_the_page_did(by_person: Path, kind: str) -> None:
    before = everything(by_person)
    album = SortedAlbum(by_person)
    if kind == "assign":
        record_corrections(album, [Correction("3.jpg", 1, "Eva")])
    elif kind == "add":
        add_face(album, "4.jpg", (60, 60, 90, 90), "Ana")
    elif kind == "box":
        move_box(album, "1.jpg", 0, (2, 18, 26, 52))
    else:
        merge(album, "Ben", "Ana")
    assert revert_last(by_person, LineReporter([])) == 0
    assert everything(by_person) == before


@pytest.mark.parametrize("folder", ["_not_a_face", "_unsure", "_strangers", "masked"])
def test_a_person_cannot_get_the_name_of_another_folder(by_person: Path, folder: str) -> None:
    before = everything(by_person)
    with pytest.raises(UsageError, match=folder):
        merge(SortedAlbum(by_person), "Ben", folder)
    assert everything(by_person) == before
    read_state(by_person / ".facesort/journal.jsonl")  # which can still be read


def photos_of(root: Path, person: str) -> list[str]:
    return sorted(path.name for path in (root / "photos" / person).glob("*.jpg"))


def test_who_is_in_a_photo_without_a_face(by_person: Path) -> None:
    before = views(by_person)
    album = SortedAlbum(by_person)
    result = set_presence(album, ["4.jpg"], "Ben")
    assert result.moved == () and not result.problems  # no face of hers changes
    assert "4.jpg" in photos_of(by_person, "Ben")
    is_in_step(album)
    assert apply_corrections(by_person, Options(apply=True), LineReporter([])) == 0
    assert "4.jpg" in photos_of(by_person, "Ben")  # nor does a learning in a terminal forget it
    set_presence(album, ["4.jpg"], "Ben", is_there=False)
    assert "4.jpg" not in photos_of(by_person, "Ben")
    for _ in range(2):
        revert(album)
    assert views(by_person) == before
    redo(album)
    assert "4.jpg" in photos_of(by_person, "Ben")
    is_in_step(album)


def test_who_is_there_without_a_face_keeps_a_new_name(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    set_presence(album, ["4.jpg"], "Ben")
    merge(album, "Ben", "Bernd")
    assert "4.jpg" in photos_of(by_person, "Bernd") and not photos_of(by_person, "Ben")
    is_in_step(album)


@pytest.mark.parametrize("person", ["_unsure", "_not_a_face", "a/b", "ana"])
def test_only_people_are_in_a_photo(by_person: Path, person: str) -> None:
    album = SortedAlbum(by_person)
    with pytest.raises(UsageError):
        set_presence(album, ["4.jpg"], person)
    with pytest.raises(UsageError, match="no photo"):
        set_presence(album, ["gone.jpg"], "Ana")
    assert not history(album)


def test_a_kill_before_a_drawn_face_was_filed_is_made_good(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    label = UserLabel(album.state.entries["4.jpg"].scan.content, (60, 60, 90, 90), "Ana", "4.jpg")
    act = {"do": "add", "photo": "4.jpg", "xyxy_px": [60, 60, 90, 90], "folder": "Ana"}
    with album.at_work() as workspace:
        workspace.journal.said([label], act | {"frame": None})
    fresh = SortedAlbum(by_person)
    faces = fresh.state.entries["4.jpg"].scan.faces
    assert (60, 60, 90, 90) in [face.xyxy_px for face in faces]
    assert "4.jpg" in photos_of(by_person, "Ana")
    is_in_step(fresh)
    revert(fresh)
    is_in_step(fresh)


def test_a_box_that_was_moved_far_is_not_two_faces_when_sorted_again(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    record_corrections(album, [Correction("1.jpg", 0, "Ana")])
    old = album.state.entries["1.jpg"].scan
    move_box(album, "1.jpg", 0, (60, 60, 90, 90))
    labels = album.labels_of(["1.jpg"])
    again = labels.of_faces(old)  # as the detector finds it once more
    assert again == ("_not_a_face",)
    assert [face.xyxy_px for face in labels.unseen(old)] == [(60, 60, 90, 90)]


def test_copies_of_a_photo_are_decided_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, album: Album
) -> None:
    """As in the file manager: the same bytes twice, each put elsewhere."""
    monkeypatch.chdir(tmp_path)
    album.add("1.jpg", "face")
    album.add("copy.jpg", "face")  # the same bytes
    opened = SortedAlbum(sort_by_person(tmp_path))
    record_corrections(opened, [Correction("1.jpg", 0, "Ana")])
    record_corrections(opened, [Correction("copy.jpg", 0, "Ben")])
    folders = {p: opened.state.entries[p].said for p in ("1.jpg", "copy.jpg")}
    assert folders == {"1.jpg": ("Ana",), "copy.jpg": ("Ben",)}
    is_in_step(opened)


def test_a_drawn_face_is_exported_to_train_on(by_person: Path) -> None:
    add_face(SortedAlbum(by_person), "4.jpg", (60, 60, 90, 90), "Ana")
    (photo,) = confirmed(by_person)
    assert photo.path.name == "4.jpg"
    assert ((60, 60, 90, 90), "Ana") in zip(photo.boxes_px, photo.classes, strict=True)


@pytest.mark.parametrize(
    "box", [(5, 5, 6, 60), (50, 50, 20, 20), (-9, 0, 30, 30), (float("nan"), 0, 30, 30)]
)
def test_a_box_that_is_none_is_refused(by_person: Path, box: BoxPx) -> None:
    album = SortedAlbum(by_person)
    for draw in (
        lambda: add_face(album, "4.jpg", box, "Ana"),
        lambda: move_box(album, "1.jpg", 0, box),
    ):
        with pytest.raises(UsageError, match="pixels a side"):
            draw()
    assert not history(album)


def scored(album: SortedAlbum) -> FaceScores:
    scores = FaceScores(album)
    scores.update()
    return scores


def test_one_named_face_makes_others_like_it_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, album: Album
) -> None:
    """Nobody has examples for the fourth colour; one is named, the two others look like it."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        album.add(f"{number}.jpg", "masked_sunglasses", confidence=0.6 + number / 10)
    album.add("9.jpg", "face")
    opened = SortedAlbum(sort_by_person(tmp_path))
    scores = scored(opened)
    assert suggestions(opened, scores) == []
    record_corrections(opened, [Correction("0.jpg", 0, "Zoe")])
    scores.update()
    (found,) = suggestions(opened, scores)
    assert found.folder == "Zoe"
    assert {opened.view(one).photo for one in found.ids} == {"1.jpg", "2.jpg"}
    dismiss(opened, [("1.jpg", 0)], "Zoe")
    scores.update()
    (found,) = suggestions(opened, scores)
    assert [opened.view(one).photo for one in found.ids] == ["2.jpg"]
    revert(opened)
    revert(opened)
    scores.update()
    assert suggestions(opened, scores) == []


def test_by_class_what_was_said_of_some_is_suggested_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, album: Album
) -> None:
    """The model takes scarves for masks, as surely as masks; each that she saw was put right."""
    monkeypatch.chdir(tmp_path)
    for number in range(40):
        album.add(f"{number:02d}.jpg", "masked", confidence=0.7 + number / 200)
    fake_sort.main(["--src", "album", "--dst", "sorted"])
    opened = SortedAlbum(tmp_path / "sorted")
    assert suggestions(opened, scored(opened)) == []
    record_corrections(opened, [Correction(f"{n:02d}.jpg", 0, "face") for n in range(38)])
    (found,) = suggestions(opened, scored(opened))
    assert found.folder == "face" and len(found.ids) == 2
    dismiss(opened, [("38.jpg", 0)], "face")
    found_now = {one.folder: one.ids for one in suggestions(opened, scored(opened))}
    where = {opened.view(face).photo: folder for folder in found_now for face in found_now[folder]}
    assert where == {"38.jpg": "masked", "39.jpg": "face"}  # the next likeliest


@pytest.mark.parametrize(
    ("probability", "chosen"),
    [
        ({}, {}),
        ({"Ana": [0.9, 0.8]}, {}),  # of one person: not together
        ({"Ana": [0.95, 0.9], "Ben": [0.9, 0.55, 0.5]}, {"Ana": 2, "Ben": 2}),  # mean .825
        ({"Ana": [0.75, 0.6], "Ben": [0.7]}, {"Ana": 2, "Ben": 1}),  # nothing surer is left
        ({"Ana": [0.95, 0.5], "Ben": [0.5]}, {"Ana": 2, "Ben": 1}),  # sure of one person only
    ],
)
def test_one_look_at_several_people_is_of_the_surest_first(
    probability: dict[str, list[float]], chosen: dict[str, int]
) -> None:
    found = [
        Suggestion(name, tuple(f"{name}{i}" for i in range(len(values))), tuple(values))
        for name, values in probability.items()
    ]
    assert {one.folder: len(one.ids) for one in together(found)} == chosen


def unit(*rows: list[float]) -> Examples:
    vectors = np.array(rows, np.float32).reshape(-1, 4)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    zeros = np.zeros(len(rows), np.int64)
    return Examples(vectors, zeros, zeros)


ANAS = [[9.0, i, 1 - i, 0.2 * i] for i in range(-3, 4)]
BENS = [[i, 9.0, 1 + i, 0.3 * i] for i in range(-3, 4)]


@pytest.mark.parametrize(
    ("fresh", "is_refused"),
    [
        ([], False),
        ([[9.0, 0.5, 0.5, 0.1]], False),  # another of hers
        ([[0.0, 0.0, 0.0, 9.0]], False),  # like nobody
        ([[0.3 * i, 9.0, 1.0, 0.1 * i] for i in range(-2, 3)], True),  # Bens, in the middle of his
    ],
)
def test_what_would_cost_right_names_is_not_learned(fresh: list, is_refused: bool) -> None:
    known = {"Ana": unit(*ANAS), "Ben": unit(*BENS)}
    refused = harm(known, known, "Ana", unit(*fresh), similarity_norm.DEFAULT)
    assert (refused is not None) == is_refused
    assert harm({}, {}, "Ana", unit(*fresh), similarity_norm.DEFAULT) is None


def test_a_muted_act_teaches_nothing_and_is_taken_back_whole(by_person: Path) -> None:
    before = views(by_person)
    album = SortedAlbum(by_person)
    record_corrections(album, [Correction("3.jpg", 1, "Ana")])
    row = album.table.rows_of_photo["3.jpg"][1]
    mute(album, np.array([row]))
    fresh = SortedAlbum(by_person)
    assert fresh.table.muted[row] and album.table.muted[row]
    assert [one.teaches for one in fresh.labels_of(["3.jpg"]).every] == [False]
    assert history(fresh)[0].folders == (("Ana", 1),)
    is_in_step(fresh)
    revert(fresh)
    assert not len(fresh.labels_of(["3.jpg"])) and views(by_person) == before


def test_progress_counts_main_faces_and_who_has_no_mask(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    before = progress(album, scored(album))
    assert (before.main, before.confirmed) == (6, 0)
    assert before.without_masked == ("Ana", "Eva")
    record_corrections(album, [Correction("1.jpg", 0, "Ana"), Correction("4.jpg", 0, "Eva")])
    after = progress(album, scored(album))
    assert after.confirmed == 2
    assert after.without_masked == ("Ana",)


def test_people_who_look_alike_are_asked_about_once(by_person: Path) -> None:
    album = SortedAlbum(by_person)
    record_corrections(album, [Correction("2.jpg", 0, "Zoe")])  # as Ben's other face
    assert look_alikes(album, scored(album)) == [("Ben", "Zoe")]
    keep_apart(album, "Zoe", "Ben")
    assert look_alikes(album, scored(album)) == []
    revert(album)
    assert look_alikes(album, scored(album)) == [("Ben", "Zoe")]
    redo(album)
    assert look_alikes(album, scored(album)) == []
