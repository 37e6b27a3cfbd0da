"""Parts of real faces are put onto others: the part arrives, the rest stays, the label follows."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset.synth.posed_faces import PosedFace, collect_faces, crop_to_face, shrink
from facesort.dataset.synth.recombine import EYES, MOUTH, PARTS, FaceView, recombine
from facesort.dataset.synth.recombined_set import Exchanger, write_recombined
from facesort.dataset.writer import Tree
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels, is_synthetic
from facesort.photos import open_photo

BOX_PX = np.array([171.0, 55.0, 267.0, 190.0])  # of the astronaut
POINTS_PX = np.array([[203.0, 104], [248, 104], [224, 128], [204, 143], [243, 144]])
ROWS = {MOUTH: slice(135, 150), EYES: slice(96, 108)}  # well inside of each part
COLUMNS = slice(205, 240)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def astronaut() -> FaceView:
    return FaceView(data.astronaut(), POINTS_PX, BOX_PX)


def with_green(part: str) -> FaceView:
    """The same face, with a green patch over one part."""
    rgb = data.astronaut()
    rgb[ROWS[part], COLUMNS] = [0, 160, 0]
    return replace(astronaut(), rgb=rgb)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_part_arrives_and_the_other_stays(part: str, mirrored: bool) -> None:
    onto, donor = astronaut(), with_green(part)
    if mirrored:
        onto, donor = onto.flipped(), donor.flipped()
    out = recombine(onto, donor, part, rng())
    assert out is not None
    out = out[:, ::-1] if mirrored else out
    other = EYES if part == MOUTH else MOUTH
    green = out[ROWS[part], COLUMNS][2:-2, 2:-2].astype(int)
    assert (green[..., 1] - green[..., 0]).min() > 60
    before = data.astronaut()[ROWS[other], COLUMNS]
    assert np.abs(out[ROWS[other], COLUMNS].astype(int) - before).max() <= 3
    assert (out[:40] == data.astronaut()[:40]).all() and (out[230:] == data.astronaut()[230:]).all()


def test_the_given_image_stays_as_it_is() -> None:
    onto = astronaut()
    recombine(onto, with_green(MOUTH), MOUTH, rng())
    assert (onto.rgb == data.astronaut()).all()


def test_a_darker_donor_is_brought_to_the_same_light() -> None:
    darker = replace(astronaut(), rgb=(data.astronaut() * 0.8).astype(np.uint8))
    out = recombine(astronaut(), darker, MOUTH, rng())
    assert out is not None
    there = np.s_[135:150, 205:240]
    assert abs(out[there].mean() - data.astronaut()[there].mean()) < 6


@pytest.mark.parametrize(
    ("why", "points_px", "light"),
    [
        ("another pose", POINTS_PX * [1, 0.6], 1.0),
        ("another light", POINTS_PX, 0.3),
        ("mirrored points", POINTS_PX[[1, 0, 2, 4, 3]], 1.0),
    ],
)
def test_unlike_faces_are_not_put_together(why: str, points_px: np.ndarray, light: float) -> None:
    rgb = (data.astronaut() * light).astype(np.uint8)
    assert recombine(astronaut(), FaceView(rgb, points_px, BOX_PX), MOUTH, rng()) is None, why


def test_a_donor_whose_image_ends_within_the_part_is_refused() -> None:
    cut = FaceView(data.astronaut()[:140], POINTS_PX, BOX_PX)
    assert recombine(astronaut(), cut, MOUTH, rng()) is None


def written(folder: Path, name: str, view: FaceView, face_class: FaceClass) -> ImageLabels:
    Image.fromarray(view.rgb).save(folder / name)
    return ImageLabels.of(folder / name, (512, 512), [view.xyxy_px], [int(face_class)])


@pytest.fixture
def faces(tmp_path: Path) -> list[PosedFace]:
    """The astronaut as each class; what is green is covered."""
    views = {
        FaceClass.face: astronaut(),
        FaceClass.masked: with_green(MOUTH),
        FaceClass.sunglasses: with_green(EYES),
    }
    away = (POINTS_PX - BOX_PX[:2]).reshape(-1)
    folder = tmp_path / "photos"
    folder.mkdir()
    labels = [
        written(folder, f"{copy}_{c.name}.png", view, c)
        for c, view in views.items()
        for copy in "ab"
    ]

    def find_points(_rgb: np.ndarray, xyxy_px: np.ndarray) -> np.ndarray:
        return np.asarray(xyxy_px[:, None, :2] + away.reshape(1, 5, 2))

    return collect_faces(labels, find_points)


def test_faces_are_collected_with_their_class(faces: list[PosedFace]) -> None:
    assert [f.face_class.name for f in faces] == [n for n in CLASS_NAMES[:3] for _ in "ab"]


def test_an_exchange_changes_one_bit_of_the_label(faces: list[PosedFace]) -> None:
    exchange = Exchanger(faces, rng()).exchange(4, MOUTH, covered=True)
    assert exchange is not None and exchange.onto.face_class is FaceClass.sunglasses
    assert exchange.after is FaceClass.masked_sunglasses
    assert exchange.labels.class_id.tolist() == [int(FaceClass.masked_sunglasses)]


def test_where_nobody_has_the_part_there_is_no_exchange(faces: list[PosedFace]) -> None:
    assert Exchanger(faces[:2], rng()).exchange(0, MOUTH, covered=True) is None


def test_a_set_is_written_with_its_sources(tmp_path: Path, faces: list[PosedFace]) -> None:
    out = tmp_path / "cross"
    result = write_recombined(faces, out, 10, seed=0)
    images = sorted((out / "images").iterdir())
    assert len(images) == sum(result.written.values()) == 10 - sum(result.left.values())
    assert result.written["masked_sunglasses"] >= 3
    with (out / "cross_sources.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [p.name for p in images]
    for row, image in zip(rows, images, strict=True):
        size_wh = open_photo(image).size_wh
        labels = yolo.read(image, size_wh, 4)
        assert labels.class_id.tolist() == [CLASS_NAMES.index(row["after"])]
        assert is_synthetic(image) and max(size_wh) <= 640
    with pytest.raises(DatasetError, match="not an empty folder"):
        write_recombined(faces, out, 10)


def test_what_is_recombined_is_for_training_only(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "set")
    tree.start()
    with pytest.raises(DatasetError, match="for training only, not for val"):
        tree.add(
            "val", "cross_00001", np.zeros((9, 9, 3), np.uint8), np.zeros((0, 4)), np.array([])
        )


def test_a_crop_holds_its_face_and_no_part_of_another() -> None:
    rgb = data.astronaut()
    alone = ImageLabels.of(Path("a.png"), (512, 512), [BOX_PX], [1])
    labels, cut = crop_to_face(alone, 0, rgb, rng())
    assert max(cut.shape) <= 220 and labels.class_id.tolist() == [1]
    near = ImageLabels.of(Path("a.png"), (512, 512), [BOX_PX, BOX_PX + 40], [1, 0])
    assert crop_to_face(near, 0, rgb, rng())[1] is rgb


def test_shrinking_enlarges_nothing() -> None:
    rgb = data.astronaut()
    labels = ImageLabels.of(Path("a.png"), (512, 512), [BOX_PX], [1])
    assert shrink(labels, rgb, 600)[1] is rgb
    small, there = shrink(labels, rgb, 256)
    assert there.shape == (256, 256, 3)
    np.testing.assert_allclose(small.xyxy_px[0], BOX_PX / 2)
