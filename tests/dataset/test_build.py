"""A data set is built from all three sources and read back, and nothing of unknown class shows."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from facesort.boxes import as_boxes
from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset.build import Sources, build
from facesort.dataset.repair import hand_drawn, ignore_unlabelled, paint_over
from facesort.dataset.sprites import crop_sprite, synthesise
from facesort.dataset.writer import Tree
from facesort.dataset.yolo_dataset import read_config
from facesort.detections import FoundFaces
from facesort.errors import DatasetError
from facesort.labels.image_labels import IGNORE, ImageLabels, count_boxes

FACE_PX = [[171, 55, 267, 190]]  # of the astronaut
LANDMARKS = [[[203, 104], [248, 104], [224, 128], [204, 143], [243, 144]]]


def found(boxes: list, confidence: list, landmarks: list | None = None) -> FoundFaces:
    points = np.array(landmarks if landmarks else np.zeros((len(boxes), 5, 2)), dtype=np.float64)
    return FoundFaces(as_boxes(boxes), np.array(confidence, dtype=np.float64), points)


def nothing(_rgb: NDArray[np.uint8], _imgsz: int) -> FoundFaces:
    return found([], [], np.zeros((0, 5, 2)).tolist())


def astronaut(_rgb: NDArray[np.uint8], _imgsz: int) -> FoundFaces:
    """A face model that knows one image, shown with a margin of half its size."""
    margin = 0 if _rgb.shape[0] <= 512 else 256
    return found(
        (np.array(FACE_PX) + margin).tolist(), [0.9], (np.array(LANDMARKS) + margin).tolist()
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "astronaut.png"
    path.parent.mkdir()
    Image.fromarray(data.astronaut()).save(path)
    return path


def test_faces_that_nobody_labelled_are_ignored(photo: Path) -> None:
    labels = ImageLabels.of(photo, (512, 512), FACE_PX, [0])
    seen = found([FACE_PX[0], [300, 300, 350, 350], [400, 0, 450, 50]], [0.9, 0.8, 0.3])
    repaired = ignore_unlabelled(labels, seen)
    assert repaired.class_id.tolist() == [0, IGNORE]
    assert repaired.xyxy_px[1].tolist() == [300, 300, 350, 350]


def test_painting_over_hides_the_unknown_and_keeps_the_known(photo: Path) -> None:
    rgb = data.astronaut()
    known, unknown = [171, 55, 267, 190], [250, 55, 330, 190]
    labels = ImageLabels.of(photo, (512, 512), [known, unknown], [0, IGNORE])
    painted = paint_over(rgb, labels)
    assert (painted[55:190, 171:267] == rgb[55:190, 171:267]).all()
    assert len(np.unique(painted[55:190, 270:330].reshape(-1, 3), axis=0)) == 1
    assert (painted[:50] == rgb[:50]).all()
    assert (data.astronaut() == rgb).all(), "the image given is not changed"


def test_hand_drawn_boxes_begin_lower() -> None:
    np.testing.assert_allclose(hand_drawn(as_boxes([[0, 0, 10, 100]])), [[0, 11, 10, 100]])


@pytest.mark.parametrize(
    ("size_px", "confidence", "expected"),
    [
        (120, [], "whole"),  # a tight crop in which the face model sees nothing is all face
        (300, [], "no face found"),
        (120, [0.2], "box"),
        (120, [0.9, 0.8], "several faces, one class"),
    ],
)
def test_a_crop_gets_its_box(
    tmp_path: Path, size_px: int, confidence: list[float], expected: str
) -> None:
    path = tmp_path / "crop.png"
    Image.fromarray(np.zeros((size_px, size_px, 3), np.uint8)).save(path)
    margin = size_px // 2
    box = [margin + 10, margin + 0, margin + 90, margin + 100]
    item = crop_sprite(
        path, FaceClass.masked, lambda _rgb, _imgsz: found([box] * len(confidence), confidence)
    )
    if isinstance(item, str):
        assert item == expected
    else:
        boxes = {"whole": [[0, 0, size_px, size_px]], "box": [[10, 11, 90, 100]]}
        assert item.sprite.xyxy_px.tolist() == boxes[expected]
        assert item.sprite.class_id.tolist() == [FaceClass.masked]


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (FaceClass.masked_sunglasses, set()),
        (FaceClass.face, {FaceClass.sunglasses, FaceClass.masked_sunglasses}),
        (FaceClass.masked, {FaceClass.masked_sunglasses}),
        (FaceClass.sunglasses, {FaceClass.masked_sunglasses}),
    ],
)
def test_synthesis_makes_the_rare_classes_and_uncovers_nothing(
    photo: Path, before: FaceClass, wanted: set[FaceClass]
) -> None:
    item = crop_sprite(photo, before, astronaut)
    assert not isinstance(item, str)
    drawn = [synthesise(item, np.random.default_rng(seed)) for seed in range(20)]
    classes = {FaceClass(int(sprite.class_id[0])) for sprite in drawn if sprite is not None}
    assert wanted <= classes
    assert all(after & before == before for after in classes)
    for sprite in drawn:
        if sprite is not None:
            assert (sprite.rgb != item.sprite.rgb).any()


def sources_of(folder: Path) -> Sources:
    """Forty photos with a labelled face and twenty crops, all different."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    labels, crops = [], []
    for i in range(60):
        path = folder / f"{i}.png"
        Image.fromarray(rng.integers(0, 255, (200, 240, 3), dtype=np.uint8)).save(path)
        if i < 40:
            labels.append(ImageLabels.of(path, (240, 200), [[10, 10, 60, 70]], [i % 2]))
        else:
            crops.append((path, FaceClass(i % 2)))
    return Sources(scenes=labels[:20], selfies=labels[20:], crops=crops)


def test_build_writes_what_can_be_read_back(tmp_path: Path) -> None:
    sources = sources_of(tmp_path / "photos")
    one_face = found([[100, 100, 180, 190]], [0.4], [[[i, i] for i in range(5)]])
    built = build(sources, tmp_path / "set", lambda _rgb, _imgsz: one_face, seed=1)
    yaml = tmp_path / "data.yaml"
    yaml.write_text(
        "train: set/images/train\nval: set/images/val\ntest: set/images/test\n"
        "names: [face, masked, sunglasses, masked_sunglasses]\n"
    )
    config = read_config(yaml)
    for split in ("train", "val", "test"):
        read = config.read(split)
        assert len(read) == built.images[split] > 0
        assert count_boxes(read, config.names) == built.boxes[split]
    assert build(sources, tmp_path / "set", lambda _rgb, _imgsz: one_face, seed=1) == built


def test_what_is_drawn_for_training_changes_nothing_else(tmp_path: Path) -> None:
    """Drawn images are marked, are for training only, and leave all others as they were."""
    points = [[[130, 130], [155, 130], [142, 145], [133, 160], [152, 160]]]
    one_face = found([[100, 100, 180, 190]], [0.4], points)
    sources, files = sources_of(tmp_path / "photos"), {}
    for share in (0.0, 1.0):
        root = tmp_path / str(share)
        build(sources, root, lambda _rgb, _imgsz: one_face, synthetic_share=share)
        paths = sorted((root / "images").rglob("*.jpg"))
        files[share] = {p.relative_to(root).as_posix(): p.read_bytes() for p in paths}
    drawn = files[1.0].keys() - files[0.0].keys()
    assert drawn and all(name.startswith("images/train/synthetic_") for name in drawn)
    assert files[0.0] == {name: files[1.0][name] for name in files[0.0]}


def test_training_also_sees_crops_as_they_are_and_photos_beside_their_faces(
    tmp_path: Path,
) -> None:
    one_face = found([[130, 130, 200, 210]], [0.4], [[[i, i] for i in range(5)]])

    def in_padded_crops(rgb: NDArray[np.uint8], imgsz: int) -> FoundFaces:
        return one_face if rgb.shape[0] > 300 else nothing(rgb, imgsz)

    sources = sources_of(tmp_path / "photos")
    built = build(sources, tmp_path / "set", in_padded_crops, synthetic_share=0)
    names = {
        split: [path.stem for path in (tmp_path / "set" / "images" / split).iterdir()]
        for split in ("train", "val", "test")
    }
    crops = [name for name in names["train"] if name.startswith("crop_")]
    pieces = [name for name in names["train"] if name.startswith("background_")]
    photos = [name for name in names["train"] if name.startswith(("scene_", "selfie_"))]
    assert crops and pieces and len(pieces) < len(photos)
    for name in pieces:
        assert (tmp_path / "set" / "labels" / "train" / f"{name}.txt").read_text() == ""
    for split in ("val", "test"):
        assert not [n for n in names[split] if n.startswith(("crop_", "background_"))]
    assert sum(built.images.values()) == sum(map(len, names.values()))


def test_a_piece_in_which_the_face_model_sees_a_face_is_left_out(tmp_path: Path) -> None:
    one_face = found([[100, 100, 180, 190]], [0.4], [[[i, i] for i in range(5)]])
    sources = sources_of(tmp_path / "photos")
    build(sources, tmp_path / "set", lambda _rgb, _imgsz: one_face, synthetic_share=0)
    assert not list((tmp_path / "set").rglob("background_*"))


def test_synthetic_labels_are_for_training_only(tmp_path: Path) -> None:
    tree, rgb = Tree(tmp_path / "set"), np.zeros((40, 40, 3), np.uint8)
    tree.start()
    tree.add("train", "synthetic_a", rgb, as_boxes([[1, 1, 9, 9]]), np.array([1]))
    with pytest.raises(DatasetError, match=r"synthetic_b.jpg: synthetic labels; .* not for val"):
        tree.add("val", "synthetic_b", rgb, as_boxes([[1, 1, 9, 9]]), np.array([1]))


def test_a_bad_image_is_left_out_and_named(tmp_path: Path, photo: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    built = build(
        Sources(crops=[(bad, FaceClass.face), (photo, FaceClass.face)]), tmp_path / "set", astronaut
    )
    (reason,) = built.left_out
    assert reason.startswith(f"crop: {bad}: is text, not an image")
    assert sum(built.boxes["train"].values()) >= 1


def test_a_folder_of_somebody_else_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty and not built here"):
        build(Sources(), tmp_path, nothing)
    assert (tmp_path / "keep.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "split", "message"),
    [
        ("", "train", "not a data set YAML"),
        ("names: [a]\ntrain: x", "val", "no split 'val'; it has train"),
        ("names: [a]\ntrain: nowhere", "train", "no image in nowhere"),
        ("names: [a]\ntrain: empty", "train", "no image in empty"),
        ("names: [a]\ntrain: [images, nowhere]", "train", "no image in nowhere; build it"),
    ],
)
def test_a_data_yaml_that_cannot_be_read(
    tmp_path: Path, text: str, split: str, message: str
) -> None:
    (tmp_path / "data.yaml").write_text(text)
    (tmp_path / "empty").mkdir()
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "images" / "a.png")
    with pytest.raises(DatasetError, match=message):
        read_config(tmp_path / "data.yaml").read(split)


def test_the_project_yaml_has_no_absolute_path_and_the_four_classes() -> None:
    file = Path(__file__).resolve().parents[2] / "data_configs" / "occlusion.yaml"
    config = read_config(file)
    assert config.names == CLASS_NAMES
    assert "path:" not in file.read_text().replace("`path:`", "")
    assert config.splits["train"] == file.parents[1] / "datasets/occlusion/images/train"
