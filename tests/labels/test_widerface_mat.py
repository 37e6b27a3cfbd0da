"""The .mat ground truth: what is written is read back, what is not one is refused."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from face_lists import WIDER_VAL, assert_same, face_lists, image
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from facesort.errors import LabelError
from facesort.labels.widerface import bbx_text, mat_file
from facesort.labels.widerface.face_list import FaceList

COLUMNS = (*bbx_text.ATTRIBUTES, mat_file.COUNTED)


@settings(max_examples=40)
@given(face_lists(COLUMNS, st.sampled_from([0, 1])))
def test_what_is_written_is_read_back(faces: FaceList) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mat"
        mat_file.write(faces, path)
        assert_same(mat_file.read(path), faces)


def test_without_gt_list(tmp_path: Path) -> None:
    faces = FaceList(bbx_text.ATTRIBUTES, (image("e/a.jpg", [[1, 2, 3, 4]]),))
    mat_file.write(faces, tmp_path / "a.mat")
    assert_same(mat_file.read(tmp_path / "a.mat"), faces)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    zeros = np.zeros(mat_file.MAX_BYTES // 8, dtype=np.float64)
    savemat(tmp_path / "bomb.mat", {"event_list": zeros}, do_compression=True)
    assert (tmp_path / "bomb.mat").stat().st_size < 100_000
    with pytest.raises(LabelError, match=r"bomb\.mat: holds more than 64 MB"):
        mat_file.read(tmp_path / "bomb.mat")


def test_only_jpg_has_a_place(tmp_path: Path) -> None:
    faces = FaceList(bbx_text.ATTRIBUTES, (image("a.png", []),))
    with pytest.raises(LabelError, match=r"a\.png: .*\.jpg images only"):
        mat_file.write(faces, tmp_path / "a.mat")


def cells(*values: object) -> np.ndarray:
    column = np.empty((len(values), 1), dtype=object)
    column[:, 0] = values
    return column


def content(**changes: object) -> dict[str, object]:
    """One event with one image of two faces."""
    good: dict[str, object] = {
        "event_list": cells(["0--Parade"]),
        "file_list": cells(cells(["a"])),
        "face_bbx_list": cells(cells([[1, 2, 3, 4], [5, 6, 7, 8]])),
        "gt_list": cells(cells([[2]])),
        "blur_label_list": cells(cells([[0], [2]])),
    }
    return good | changes


def test_numbers_of_gt_list_count_from_1(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", content())
    faces = mat_file.read(tmp_path / "a.mat")
    assert faces.columns == ("blur", "counted")
    assert faces.images[0].name == "0--Parade/a.jpg"
    np.testing.assert_array_equal(faces.images[0].attributes, [[0, 0], [2, 1]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gt_list": cells(cells([[3]]))}, r"0--Parade/a.jpg: gt_list: .*expected .* 1 to 2"),
        ({"gt_list": cells(cells([[0]]))}, r"gt_list: .*expected .* 1 to 2"),
        ({"blur_label_list": cells(cells([[0]]))}, r"blur_label_list: 1 values for 2 faces"),
        ({"blur_label_list": cells(cells())}, r"image 1: nothing in blur_label_list"),
        ({"face_bbx_list": cells(cells([[1, 2, 3]]))}, r"boxes of shape \(1, 3\)"),
        ({"face_bbx_list": cells(cells(["x"]))}, "expected numbers"),
        ({"face_bbx_list": 3}, "nothing in face_bbx_list|expected numbers|boxes of shape"),
        ({"file_list": cells(cells([["a"], ["a"]])), "gt_list": cells()}, "nothing in|event 1"),
        ({"event_list": cells([7])}, "event 1: .*expected a name"),
        ({"event_list": cells([".."])}, "image '../a.jpg'"),
    ],
)
def test_what_is_not_one_is_named(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", content(**changes))
    with pytest.raises(LabelError, match=message):
        mat_file.read(tmp_path / "a.mat")


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with pytest.raises(LabelError, match="cannot be read"):
        mat_file.read(path)
    savemat(path, {"x": 1})
    with pytest.raises(LabelError, match="no event_list, file_list, face_bbx_list; it holds x"):
        mat_file.read(path)
    whole = path.read_bytes()
    for damaged in (b"", b"MATLAB 5.0 MAT-file", whole[:150], whole[:128] + b"\xff" * 200):
        path.write_bytes(damaged)
        with pytest.raises(LabelError, match=r"a\.mat"):
            mat_file.read(path)


@pytest.mark.real
@pytest.mark.skipif(not WIDER_VAL.exists(), reason="no ../shared")
@pytest.mark.parametrize(
    ("subset", "counted"), [("easy", 7211), ("medium", 13319), ("hard", 31958)]
)
def test_the_real_subsets(subset: str, counted: int) -> None:
    faces = mat_file.read(WIDER_VAL / "ground_truth" / f"wider_{subset}_val.mat")
    assert (len(faces.images), faces.face_count, faces.placeholders) == (3226, 39_704, 4)
    column = faces.columns.index(mat_file.COUNTED)
    assert sum(p.attributes[:, column].sum() for p in faces.images) == counted
