"""A person drags crops and photos about; what they said sticks, and photos follow."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import learn_corrections
import pandas as pd
import pytest
from conftest import Album, Sort, disk_as_dict
from hypothesis import given
from hypothesis import strategies as st

from facesort.album.records import FACE_FOLDERS, Face, Scan
from facesort.album.user_labels import UserLabel, UserLabels, append_labels, read_labels
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import AlbumError, UsageError

Learn = Callable[..., str]


@pytest.fixture
def learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learn:
    """What ``learn_corrections.py sorted ...`` says; it must end well."""

    def run(*args: str) -> str:
        capsys.readouterr()
        assert learn_corrections.main([str(tmp_path / "sorted"), *args]) == 0
        return capsys.readouterr().out

    return run


def files(dst: Path, view: str) -> set[str]:
    return {p.relative_to(dst / view).as_posix() for p in (dst / view).rglob("*") if p.is_file()}


def only(folder: Path) -> Path:
    (path,) = (path for path in folder.iterdir())
    return path


def drag(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    shutil.move(path, folder / path.name)


@pytest.mark.parametrize(
    ("drop_on", "photos", "row_classes"),
    [
        ("face", {"face/a.jpg"}, ["face"]),
        ("masked_sunglasses", {"masked_sunglasses/a.jpg"}, ["masked_sunglasses"]),
        ("_not_a_face", {"_no_face/a.jpg"}, [None]),
        ("_unsure", {"_unsure/a.jpg"}, ["masked"]),
    ],
)
def test_a_dragged_crop_takes_its_photo_along(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path, drop_on, photos, row_classes
) -> None:
    album.add("a.jpg", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    drag(only(dst / "faces/masked"), dst / "faces" / drop_on)
    assert f"1 new correction: 1 to {drop_on}" in learn()
    assert files(dst, "photos") == {"masked/a.jpg"}  # nothing moves unasked
    assert "0 new corrections" in learn("--apply")
    assert files(dst, "photos") == photos
    assert {path.split("/")[0] for path in files(dst, "faces")} == {drop_on}
    rows = pd.read_csv(dst / "manifest.csv")
    assert [None if pd.isna(name) else name for name in rows["class"]] == row_classes
    assert "nothing new" in sort("--src", "album").out
    assert "followed" in learn("--apply")
    assert files(dst, "photos") == photos


def test_a_photo_of_two_stays_where_the_other_face_is(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path
) -> None:
    album.add("a.jpg", "face", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    drag(only(dst / "faces/masked"), dst / "faces/sunglasses")
    learn("--apply")
    assert files(dst, "photos") == {"face/a.jpg", "sunglasses/a.jpg"}
    drag(only(dst / "faces/sunglasses"), dst / "faces/face")
    learn("--apply")
    assert files(dst, "photos") == {"face/a.jpg"}


def test_a_dragged_photo_counts_where_one_face_is_meant(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path
) -> None:
    album.add("one.jpg", "masked")
    album.add("two.jpg", "face", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    drag(dst / "photos/masked/one.jpg", dst / "photos/face")
    drag(dst / "photos/masked/two.jpg", dst / "photos/face_2")
    said = learn("--apply")
    assert "1 new correction: 1 to face" in said
    assert "photos/face_2/two.jpg: moved by hand; which face is meant?" in said
    assert "face/one.jpg" in files(dst, "photos")
    (label,) = map(json.loads, (dst / "corrections.jsonl").read_text().splitlines())
    assert (label["photo"], label["folder"]) == ("one.jpg", "face")


def test_what_cannot_be_told_is_listed_and_nothing_is_lost(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path
) -> None:
    album.add("a.jpg", "masked")
    album.add("b.jpg", "face")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    only(dst / "faces/masked").unlink()
    drag(only(dst / "faces/face"), dst / "faces/Ana")
    (dst / "faces/face/mine.jpg").write_bytes(b"a file of the person's")
    (dst / "faces/face/.DS_Store").write_bytes(b"the system's")
    before = disk_as_dict(dst)
    said = learn("--apply")
    assert "crop gone, nothing learned from that" in said
    assert "faces/Ana/" in said and "not in a folder of faces/ that means something" in said
    assert "faces/face/mine.jpg: not ours" in said
    assert ".DS_Store" not in said
    assert disk_as_dict(dst) == before


@pytest.mark.parametrize("undone", [False, True])
def test_a_correction_outlives_sorting_anew_and_moving_the_album(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path, undone: bool
) -> None:
    album.add("a.jpg", "masked")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    drag(only(dst / "faces/masked"), dst / "faces/face")
    learn("--apply")
    if undone:
        sort("--undo", "--dst", "sorted")
        assert {path.name for path in dst.iterdir()} == {"corrections.jsonl"}
        sort("--src", "album")
    else:  # into another destination, from an album that was moved
        os.rename(tmp_path / "album", tmp_path / "moved")
        (tmp_path / "new").mkdir()
        shutil.copy(dst / "corrections.jsonl", tmp_path / "new")
        sort("--src", "moved", "--dst", "new")
        os.rename(tmp_path / "moved", tmp_path / "album")
        dst = tmp_path / "new"
    assert files(dst, "photos") == {"face/a.jpg"}


def test_confirmed_faces_become_a_data_set(
    album: Album, sort: Sort, learn: Learn, tmp_path: Path
) -> None:
    album.add("a.jpg", "masked", "face")
    album.add("b.jpg", "sunglasses")
    sort("--src", "album")
    dst = tmp_path / "sorted"
    drag(only(dst / "faces/masked"), dst / "faces/masked_sunglasses")
    drag(only(dst / "faces/sunglasses"), dst / "faces/_not_a_face")
    said = learn("--export-yolo", str(tmp_path / "set"))
    assert "boxes: 1 in = 1 out + 0 left out" in said
    labels = {
        image.path.stem[7:]: image
        for image in read_config(tmp_path / "set/data.yaml").read("train")
    }
    assert labels["a"].class_id.tolist() == [3]
    assert labels["b"].class_id.tolist() == []


def test_bad_input_is_one_line(tmp_path: Path, album: Album, sort: Sort) -> None:
    with pytest.raises(UsageError, match="no sorted album"):
        learn_corrections.main([str(tmp_path / "nowhere")])
    album.add("a.jpg", "masked")
    sort("--src", "album")
    with pytest.raises(UsageError, match="no correction yet"):
        learn_corrections.main([str(tmp_path / "sorted"), "--export-yolo", str(tmp_path / "set")])
    (tmp_path / "sorted/corrections.jsonl").write_text('{"folder": "face"}\n')
    with pytest.raises(AlbumError, match=r"corrections\.jsonl: line 1 is damaged"):
        learn_corrections.main([str(tmp_path / "sorted")])


BOXES = st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(60, 100)] * 2)


@given(st.lists(st.tuples(st.sampled_from("ab"), BOXES, st.sampled_from(FACE_FOLDERS))))
def test_the_last_word_on_a_face_counts(said: list) -> None:
    labels = UserLabels(UserLabel(content, box, folder) for content, box, folder in said)
    for index, (content, box, folder) in enumerate(said):
        later = said[index + 1 :]
        scan = Scan("x.jpg", 1, 1, content, faces=(Face(box, "face", 0.5),))
        if not any(other == content for other, _, _ in later):
            assert labels.of_faces(scan) == (folder,)


@given(st.lists(st.tuples(BOXES, st.sampled_from(FACE_FOLDERS)), max_size=4), st.binary(max_size=9))
def test_labels_come_back_from_the_file_whatever_a_kill_tore(said: list, torn: bytes) -> None:
    import tempfile

    labels = [UserLabel(str(i), tuple(map(float, b)), f) for i, (b, f) in enumerate(said)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "corrections.jsonl"
        append_labels(file, labels)
        with open(file, "ab") as stream:
            stream.write(torn.replace(b"\n", b""))
        append_labels(file, [UserLabel("new", (1.0, 1.0, 2.0, 2.0), "face")])
        assert len(read_labels(file)) == len(labels) + 1


def test_a_label_without_a_line_break_at_the_end_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    append_labels(file, [UserLabel("one", (1.0, 1.0, 2.0, 2.0), "face")])
    file.write_bytes(file.read_bytes().rstrip(b"\n"))  # as an editor may save it
    assert len(read_labels(file)) == 1
    append_labels(file, [UserLabel("two", (1.0, 1.0, 2.0, 2.0), "face")])
    assert len(read_labels(file)) == 2
