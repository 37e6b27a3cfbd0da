"""No decision is lost to a copy of the photo, to a face beside it, or to a killed learner."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import learn_corrections
import pytest
from conftest import Album, Sort
from corrected_albums import crops, drag, said, sort_by_person, state_of, taught
from hypothesis import given
from hypothesis import strategies as st
from test_album_kill import all_kills

from facesort.album.corrections import relink
from facesort.album.corrections.apply import Options, apply_corrections
from facesort.album.corrections.changes import find_changes
from facesort.album.corrections.sorted_album import SortedAlbum
from facesort.album.records import FACE_FOLDERS, Entry, Face, Scan
from facesort.album.user_labels import UserLabel, UserLabels, append_labels, read_labels
from facesort.errors import AlbumError
from facesort.reporter import LineReporter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import chaos

OVERLAPPING = ((0.0, 0.0, 20.0, 30.0), (3.0, 0.0, 23.0, 30.0))  # IoU 17 / 23


def folders(dst: Path) -> dict[str, str]:
    """The photo and number of each face, ``a_0``: the folder where its crop lies."""
    found = (dst / "faces").glob("*/*.jpg")
    return {path.stem.partition("_")[2].partition(" ")[0]: path.parent.name for path in found}


@pytest.fixture(params=["class", "person"])
def copies(request: pytest.FixtureRequest, album: Album, sort: Sort, tmp_path: Path) -> Path:
    """Two photos with the same bytes, and one more, sorted."""
    data = album.add("a.jpg", "masked").read_bytes()
    album.write("b.jpg", data)
    album.add("c.jpg", "masked", confidence=0.7)
    if request.param == "person":
        return sort_by_person(tmp_path)
    sort("--src", "album")
    return tmp_path / "sorted"


def crop_of(dst: Path, stem: str) -> Path:
    (crop,) = (dst / "faces").glob(f"*/*_{stem}_0*.jpg")
    return crop


def test_the_crop_of_a_copy_contradicts_nothing(copies: Path) -> None:
    was = crop_of(copies, "b").parent.name
    drag(crop_of(copies, "a"), "_not_a_face")
    assert "1 new correction: 1 to _not_a_face" in taught(copies)
    assert "0 new corrections" in taught(copies)
    assert folders(copies) == {"a_0": "_not_a_face", "b_0": was, "c_0": was}
    assert "0 new corrections" in taught(copies, apply=True)
    assert folders(copies) == {"a_0": "_not_a_face", "b_0": "_not_a_face", "c_0": was}
    assert len((copies / "corrections.jsonl").read_text().splitlines()) == 1


class MovesBack(LineReporter):
    """A person who drags a crop back while its learner is at work."""

    def __init__(self, crop: Path, place: Path) -> None:
        super().__init__([])
        self._crop, self._place = crop, place

    def say(self, line: str) -> None:
        super().say(line)
        if self._crop.exists() and "stored in" in line:  # announced; no photo has followed
            self._crop.rename(self._place)


@pytest.mark.parametrize("by", ["learner", "page"])
def test_a_crop_that_is_moved_back_while_it_is_learned_stays(copies: Path, by: str) -> None:
    place = crop_of(copies, "c")
    other = {"masked": "sunglasses", "Ben": "Eva"}[place.parent.name]
    drag(place, other)
    report = MovesBack(crop_of(copies, "c"), place)
    assert apply_corrections(copies, Options(apply=True), report) == 1
    assert place.exists()
    if by == "learner":
        taught(copies, apply=True)
    else:
        SortedAlbum(copies).flush()
    assert folders(copies)["c_0"] == place.parent.name
    assert said(copies) == {("c.jpg", 0): place.parent.name}


def test_a_copy_that_is_moved_where_its_photo_is_just_going_has_its_own_decision(
    copies: Path,
) -> None:
    was = crop_of(copies, "a").parent.name
    other = {"masked": "sunglasses", "Ben": "Eva"}[was]
    drag(crop_of(copies, "a"), other)
    place = crop_of(copies, "b")
    report = MovesBack(place, copies / "faces" / other / place.name)
    assert apply_corrections(copies, Options(apply=True), report) == 1
    taught(copies, apply=True)
    drag(crop_of(copies, "a"), was)
    taught(copies, apply=True)
    assert said(copies) == {("a.jpg", 0): was, ("b.jpg", 0): other}


def test_a_crop_that_is_moved_on_while_its_photo_follows_stays(
    copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drag(
        crop_of(copies, "c"),
        {"masked": "sunglasses", "Ben": "Eva"}[crop_of(copies, "c").parent.name],
    )
    where = relink.planned

    def planned(*args: Any) -> Entry:
        wanted = where(*args)
        if wanted.scan.photo == "c.jpg" and crop_of(copies, "c").parent.name != "_unsure":
            drag(crop_of(copies, "c"), "_unsure")
        return wanted

    monkeypatch.setattr(relink, "planned", planned)
    taught(copies, apply=True)
    taught(copies, apply=True)
    assert (said(copies), folders(copies)["c_0"]) == ({("c.jpg", 0): "_unsure"}, "_unsure")


@pytest.mark.parametrize("end", ["", " - 2"])  # as file managers name a second one
def test_a_crop_that_is_moved_back_before_photos_follow_stays(copies: Path, end: str) -> None:
    place = crop_of(copies, "c")
    drag(place, {"masked": "sunglasses", "Ben": "Eva"}[place.parent.name])
    assert "1 new correction" in taught(copies)
    crop_of(copies, "c").rename(place.with_stem(place.stem + end))
    taught(copies, apply=True)
    assert folders(copies)["c_0"] == place.parent.name
    assert said(copies) == {("c.jpg", 0): place.parent.name}


def test_each_copy_keeps_its_own_decision(copies: Path, sort: Sort) -> None:
    other = {"masked": "sunglasses", "Ben": "Eva"}[crop_of(copies, "a").parent.name]
    drag(crop_of(copies, "a"), other)
    drag(crop_of(copies, "b"), "_not_a_face")
    assert "2 new corrections" in taught(copies)
    assert "0 new corrections" in taught(copies, apply=True)
    expected = {("a.jpg", 0): other, ("b.jpg", 0): "_not_a_face"}
    assert (said(copies), folders(copies)["a_0"]) == (expected, other)
    drag(crop_of(copies, "b"), other)
    drag(crop_of(copies, "a"), "_unsure")
    taught(copies, apply=True)
    assert said(copies) == {("a.jpg", 0): "_unsure", ("b.jpg", 0): other}


def test_a_copy_that_is_put_back_does_not_drag_the_other_along(copies: Path) -> None:
    was = crop_of(copies, "a").parent.name
    drag(crop_of(copies, "a"), "_unsure")
    taught(copies)
    drag(crop_of(copies, "b"), "_unsure")
    taught(copies)
    drag(crop_of(copies, "a"), was)
    taught(copies, apply=True)
    assert said(copies) == {("a.jpg", 0): was, ("b.jpg", 0): "_unsure"}
    assert folders(copies) == {"a_0": was, "b_0": "_unsure", "c_0": was}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_kill_while_copies_follow_contradicts_nothing(
    album: Album, sort: Sort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = album.add("a.jpg", "masked").read_bytes()
    album.write("b.jpg", data)
    sort("--src", "album")
    dst, first = tmp_path / "sorted", tmp_path / "first"
    drag(crop_of(dst, "a"), "_not_a_face")
    shutil.copytree(dst, first)
    restart = functools.partial(shutil.copytree, first, dst)
    for number in all_kills([str(dst), "--apply"], dst, restart, learn_corrections.main):
        taught(dst, apply=True)
        assert {*said(dst).values()} == {"_not_a_face"}, number
        assert folders(dst) == {"a_0": "_not_a_face", "b_0": "_not_a_face"}, number
    capsys.readouterr()


def test_overlapping_faces_have_a_decision_each(
    album: Album, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album.add("a.jpg", "masked")
    argv = ["--src", str(album.root), "--dst", str(tmp_path / "sorted")]
    dst = tmp_path / "sorted"
    assert os.WEXITSTATUS(os.waitpid(chaos.start(chaos.sort, argv), 0)[1]) == 0
    first, second = crops(dst, "masked")
    drag(first, "_not_a_face")
    taught(dst, apply=True)
    drag(second, "sunglasses")
    taught(dst, apply=True)
    expected = {("a.jpg", 0): "_not_a_face", ("a.jpg", 1): "sunglasses"}
    assert said(dst) == expected
    for command in (["--undo", "--dst", str(dst)], argv):
        assert os.WEXITSTATUS(os.waitpid(chaos.start(chaos.sort, command), 0)[1]) == 0
    assert said(dst) == expected
    assert folders(dst) == {"a_0": "_not_a_face", "a_1": "sunglasses"}


def scan(*boxes: tuple[float, float, float, float], photo: str = "x.jpg") -> Scan:
    return Scan(photo, 1, 1, "hash", faces=tuple(Face(box, "face", 0.5) for box in boxes))


def test_a_face_that_another_detector_draws_otherwise_is_the_same() -> None:
    labels, other_box = UserLabels(), (1.0, 1.0, 21.0, 31.0)
    labels.add(labels.label(scan(OVERLAPPING[0]), 0, "masked", "t1"))
    labels.add(labels.label(scan(other_box), 0, "sunglasses", "t2"))
    assert len(labels) == 1
    assert labels.of_faces(scan(OVERLAPPING[0])) == labels.of_faces(scan(other_box))
    assert labels.of_faces(scan(other_box)) == ("sunglasses",)


def test_a_face_that_only_the_person_knows_is_seen_beside_an_overlapping_one() -> None:
    labels, both = UserLabels(), scan(*OVERLAPPING)
    for number in range(2):
        labels.add(labels.label(both, number, "masked", "t"))
    (unseen,) = labels.unseen(scan(OVERLAPPING[1]))
    assert unseen.xyxy_px == OVERLAPPING[0]
    assert not labels.unseen(both)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from("ab"), st.sampled_from(FACE_FOLDERS)),
        max_size=8,
    )
)
def test_the_last_decision_on_each_face_of_each_copy_counts(said: list) -> None:
    """Through the file, too."""
    import tempfile

    labels, last = UserLabels(), {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "corrections.jsonl"
        for when, (number, photo, chosen) in enumerate(said):
            here = scan(*OVERLAPPING, photo=photo)
            label = labels.label(here, number, chosen, str(when), {"a", "b"} - {photo})
            labels.add(label)
            append_labels(file, [label])
            last[photo, number] = chosen
        for (photo, number), chosen in last.items():
            here = scan(*OVERLAPPING, photo=photo)
            assert labels.of_faces(here)[number] == chosen
            assert read_labels(file).of_faces(here)[number] == chosen


def test_a_photo_that_moves_in_the_album_and_back_keeps_the_last_decision() -> None:
    labels = UserLabels()
    for when, (photo, folder) in enumerate([("a.jpg", "face"), ("2024/a.jpg", "masked")]):
        labels.add(labels.label(scan(OVERLAPPING[0], photo=photo), 0, folder, str(when)))
    assert labels.of_faces(scan(OVERLAPPING[0], photo="a.jpg")) == ("masked",)


def test_labels_of_the_first_version_count_as_they_did() -> None:
    """There a later label replaced all that overlapped; but one learning says one thing a face."""
    one, other = OVERLAPPING
    at_once = [UserLabel("hash", box, "masked", "x.jpg", "t1") for box in OVERLAPPING]
    assert UserLabels(at_once).of_faces(scan(*OVERLAPPING)) == ("masked", "masked")
    later = UserLabels(
        [
            UserLabel("hash", one, "masked", "x.jpg", "t1"),
            UserLabel("hash", other, "face", "x.jpg", "t2"),
        ]
    )
    assert later.of_faces(scan(one)) == ("face",)


GOOD = {"content": "hash", "xyxy_px": [1, 2, 3, 4], "folder": "face"}
DAMAGED = [
    "[]",
    "5",
    "null",
    '"withdrawn"',
    '{"withdrawn": []}',
    '{"withdrawn": {"withdrawn": {}}}',
    "[" * 100_000,
    '{"a": ' * 100_000,
    *(
        json.dumps({**GOOD, key: value})
        for key, value in [
            ("folder", 5),
            ("folder", None),
            ("folder", ["x"]),
            ("folder", {}),
            ("folder", "_odd"),
            ("content", 7),
            ("content", ""),
            ("frame", -1),
            ("frame", float("inf")),
            ("frame", float("nan")),
            ("frame", "1"),
            ("frame", [1]),
            ("frame", 10**400),
            ("xyxy_px", [1, 2, float("inf"), 4]),
            ("xyxy_px", [float("-inf"), 2, 3, 4]),
            ("xyxy_px", [float("nan"), 2, 3, 4]),
            ("xyxy_px", [1, 2, 10**400, 4]),
            ("xyxy_px", [1, 2, 3]),
            ("xyxy_px", "1234"),
            ("xyxy_px", None),
            ("xyxy_px", {}),
            ("keeps", "a"),
            ("keeps", [5]),
        ]
    ),
    json.dumps({**GOOD, "frame": 7}).replace("7", "1e999"),
]


@pytest.mark.parametrize("line", DAMAGED, ids=lambda line: line[:60])
def test_an_edited_line_is_named_and_the_others_stay(
    line: str, album: Album, sort: Sort, tmp_path: Path
) -> None:
    album.add("a.jpg", "masked")
    sort("--src", "album")
    file = tmp_path / "sorted/corrections.jsonl"
    text = f"{json.dumps(GOOD)}\n{line}\n"
    file.write_text(text)
    with pytest.raises(AlbumError, match=r"corrections\.jsonl: line 2 is damaged") as error:
        learn_corrections.main([str(tmp_path / "sorted")])
    assert len(str(error.value)) < 1000
    album.add("b.jpg", "face")
    assert "line 2 is damaged" in sort("--src", "album").error_line
    assert file.read_text() == text


def test_empty_lines_of_an_editor_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text(f"\n{json.dumps(GOOD)}\n\n")
    assert len(read_labels(file)) == 1


def test_a_decision_is_on_the_disk_before_it_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's bytes, and its name in the folder."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("tells what was synced by /proc")
    monkeypatch.setattr(os, "fsync", fsync)
    file = tmp_path / "corrections.jsonl"
    append_labels(file, [UserLabel("hash", OVERLAPPING[0], "face")])
    assert synced == [str(file), str(tmp_path)]


def test_a_crop_with_two_names_is_where_the_person_dragged_one(
    album: Album, sort: Sort, tmp_path: Path
) -> None:
    """As a run leaves it that is killed while it moves a crop."""
    album.add("a.jpg", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    (crop,) = crops(dst, "masked")
    os.link(crop, dst / "faces/sunglasses/999_a_0.jpg")
    taught(dst, apply=True)
    assert folders(dst) == {"a_0": "sunglasses"} and said(dst) == {("a.jpg", 0): "sunglasses"}
    assert not find_changes(dst, state_of(dst)).unclear
