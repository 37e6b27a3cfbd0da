"""From a face list and a folder of images to a `LabelSet`: which images, which faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from face_lists import image

from facesort.errors import LabelError, PhotoError
from facesort.labels.image_labels import LabelSet
from facesort.labels.widerface import bbx_text, mat_file, reader, retinaface
from facesort.labels.widerface.face_list import FaceFilter, FaceList, ListedImage
from facesort.labels.widerface.reader import Conversion, Folder, NotFound
from facesort.labels.yolo_pose import PoseLabels

ROW = "1 2 30 40 0 0 0 0 0 0"


def save(path: Path, size_wh: tuple[int, int] = (100, 80)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        cv2.imencode(path.suffix, np.zeros((*size_wh[::-1], 3), np.uint8))[1].tobytes()
    )
    return path


def convert(faces: FaceList, root: Path, **options) -> tuple[LabelSet, dict[str, str]]:
    folder = Folder(root, [p.name for p in faces.images])
    work = Conversion(folder.locate, root, **options)
    labels = work.convert(faces, faces.images)
    kept = sum(len(image.class_id) for image in labels.images)
    assert kept + labels.left_out.total() == faces.face_count + faces.placeholders
    return labels, work.missing


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    faces = bbx_text.parse(f"a.jpg\n1\n{ROW}\n")
    for name in ("label.txt", "x.mat", "gt"):
        (tmp_path / name).write_text(bbx_text.render(faces.images), encoding="utf-8")
        assert reader.read(tmp_path / name).columns == bbx_text.ATTRIBUTES
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf\r\n# a.jpg\n1 2 3 4 " + b"-1 " * 15 + b".5")
        assert reader.read(tmp_path / name).columns == ("blur_score",)
    mat_file.write(faces, tmp_path / "a.mat")
    (tmp_path / "a.mat").rename(tmp_path / "a.txt")
    assert reader.read(tmp_path / "a.txt").columns == bbx_text.ATTRIBUTES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected bbx_gt.txt"),
        (b" \n\n", "is empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "not a whole MATLAB file|7.3"),
        (b"\x1f\x8b\x08\x00\xff", "not a text file"),
        (b"a.jpg\n1\n1 2 3 4 0.9\n", "line 3: face 1 of 1: 5 fields; expected 10"),
    ],
)
def test_what_is_no_face_list_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(LabelError, match=message):
        reader.read(tmp_path / "x.txt")
    with pytest.raises(LabelError, match="cannot be read"):
        reader.read(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("0--Parade/0_a.jpg", True),
        ("WIDER_val/images/0--Parade/0_a.jpg", True),
        ("0_a.jpg", True),  # all images in one folder
        ("0--Parade_0_a.jpg", True),
        ("0--Parade/0_a.JPG", True),
        ("0_a.png", True),
        ("1--Other/0_a.jpg", False),  # another image of the same name
        ("0_ab.jpg", False),
    ],
)
def test_where_a_image_is_found(file: str, found: bool, tmp_path: Path) -> None:
    path = save(tmp_path / file)
    folder = Folder(tmp_path, ["0--Parade/0_a.jpg"])
    if found:
        assert folder.locate("0--Parade/0_a.jpg") == (path, (100, 80))
    else:
        with pytest.raises(NotFound, match="is not there"):
            folder.find("0--Parade/0_a.jpg")


def test_a_flat_image_that_two_names_claim_is_nobodys(tmp_path: Path) -> None:
    save(tmp_path / "1.jpg")
    folder = Folder(tmp_path, ["a/1.jpg", "b/1.jpg"])
    for name in ("a/1.jpg", "b/1.jpg"):
        with pytest.raises(NotFound):
            folder.find(name)


def test_missing_and_broken_images_do_not_stop_the_rest(tmp_path: Path) -> None:
    save(tmp_path / "e" / "a.jpg")
    (tmp_path / "e" / "b.jpg").write_bytes(b"\xff\xd8\xff no image")
    text = f"e/a.jpg\n1\n{ROW}\ne/b.jpg\n2\n{ROW}\n{ROW}\ne/c.jpg\n3\n{ROW}\n{ROW}\n{ROW}\n"
    labels, missing = convert(bbx_text.parse(text), tmp_path)
    assert [labels.relative(image.path).as_posix() for image in labels.images] == ["e/a.jpg"]
    np.testing.assert_array_equal(labels.images[0].xyxy_px, [[1, 2, 31, 42]])
    assert labels.names == ("face",)
    assert labels.left_out == {"image missing": 3, "image unreadable": 2}
    assert missing["e/c.jpg"] == "is not there"
    assert "is damaged" in missing["e/b.jpg"] or "ends too early" in missing["e/b.jpg"]
    assert labels.notes == ("2 of 3 images missing or unreadable: e/b.jpg, e/c.jpg",)


def test_boxes_are_cut_at_the_border_and_counted_outside(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg")
    boxes = [[-10, -10, 30, 30], [90, 70, 50, 50], [100, 0, 10, 10], [5, 5, 0, 9]]
    faces = FaceList(bbx_text.ATTRIBUTES, (image("a.jpg", boxes),))
    labels, _ = convert(faces, tmp_path)
    np.testing.assert_array_equal(labels.images[0].xyxy_px, [[0, 0, 20, 20], [90, 70, 100, 80]])
    assert labels.left_out == {"outside the image": 1, "without area": 1}


def test_a_image_whose_faces_are_all_dropped_is_no_background(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / name)
    faces = bbx_text.parse(f"a.jpg\n1\n{ROW}\nb.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n")
    labels, missing = convert(faces, tmp_path, wanted=FaceFilter(min_size_px=31))
    assert [image.path.name for image in labels.images] == ["b.jpg"]  # it never had a face
    assert labels.left_out == {"smaller than 31 px": 1, "all-zero row (no face)": 1}
    assert labels.notes == ("1 images left out: none of their faces was kept",)
    assert not missing


def test_keypoints(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg")
    states = np.array([[10, 11, 0], [20, 21, 1], [-1, -1, -1], [12, 30, 0], [18, 30, 0]])
    unknown = np.full((5, 3), -1)
    listed = ListedImage.of(
        "a.jpg", [[5, 5, 30, 40], [9, 9, 2, 2]], np.full((2, 1), 0.5), [states, unknown]
    )
    labels, _ = convert(FaceList(("blur_score",), (listed,)), tmp_path, keypoints=True)
    (image,) = labels.images
    assert isinstance(image, PoseLabels)
    np.testing.assert_array_equal(
        image.keypoints[0], [[10, 11, 2], [20, 21, 1], [0, 0, 0], [12, 30, 2], [18, 30, 2]]
    )
    assert not image.keypoints[1].any()


def test_keypoints_of_a_list_without_landmarks_are_refused(tmp_path: Path) -> None:
    val = retinaface.parse("# a.jpg\n1 2 3 4 " + "-1.0 " * 16 + "2")
    for faces in (val, bbx_text.parse(f"a.jpg\n1\n{ROW}\n"), FaceList((), ())):
        with pytest.raises(LabelError, match="no landmarks"):
            convert(faces, tmp_path, keypoints=True)


def test_sizes_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text("image,width,height\ne/a.jpg,40,50\ne/b.jpg,40,50\n")
    sizes = reader.sizes_from_table(table)
    anywhere = reader.in_table(sizes, None)
    assert anywhere("e/a.jpg") == (Path("e/a.jpg"), (40, 50))
    with pytest.raises(NotFound, match="not in the table"):
        anywhere("e/c.jpg")
    path = save(tmp_path / "photos" / "e" / "a.jpg")
    in_folder = reader.in_table(sizes, Folder(tmp_path / "photos", sizes))
    assert in_folder("e/a.jpg") == (path, (40, 50))
    with pytest.raises(PhotoError, match="is not there"):
        in_folder("e/b.jpg")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,w,h\n", "no column image, width, height"),
        ("image,width,height\na.jpg,0,5\n", r"sizes.csv: line 2: size 0 x 5; expected whole"),
        ("image,width,height\na.jpg,5\n", r"line 2: size 5 x ;"),
        ("image,width,height\na.jpg,5,5\na.jpg,5,6\n", "line 3: a.jpg has two sizes"),
        ("image,width,height\n../a.jpg,5,5\n", "line 2: image '../a.jpg'"),
    ],
)
def test_a_wrong_table_is_named(text: str, message: str, tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text(text)
    with pytest.raises(LabelError, match=message):
        reader.sizes_from_table(table)
