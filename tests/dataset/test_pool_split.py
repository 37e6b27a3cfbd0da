"""A pool of sources is split so that neither a person nor a near-duplicate is on both sides, and
a source that is added moves no image of the others."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_sets import image, jpeg

from facesort.dataset.build import Sources, build, split_sources
from facesort.dataset.pool_split import Splittable, block_of, split_pool
from facesort.dataset.yolo_folders import YoloFolder, parse_named_folder, read_yolo_folder
from facesort.detections import FoundFaces
from facesort.errors import DatasetError, LabelError, UsageError
from facesort.labels.image_labels import ImageLabels

RNG = np.random.default_rng(0)
HASHES = [int(h) for h in RNG.integers(0, 2**63, size=400)]


def item(i: int, kind: str = "scene", block: str = "", group: str | None = None) -> Splittable:
    return Splittable(f"{kind}_{i}", kind, frozenset({i % 4}), HASHES[i], block, group)


def test_nothing_is_split_into_nothing() -> None:
    assert split_pool([], []) == []


def test_a_folder_moves_no_image_of_the_three_kinds() -> None:
    first = [item(i) for i in range(100)]
    folder = [item(i, "wild", "ccp") for i in range(100, 300)]
    assert split_pool(first, folder)[:100] == split_pool(first, [])


def test_each_block_is_in_all_three_parts() -> None:
    folder = [item(i, "wild", "ab"[i % 2]) for i in range(400)]
    splits = split_pool([], folder)
    for block in "ab":
        there = [s for s, f in zip(splits, folder, strict=True) if f.block == block]
        assert 0.05 < there.count("test") / len(there) < 0.15
        assert 0.02 < there.count("val") / len(there) < 0.08


def test_a_person_is_in_one_part() -> None:
    folder = [item(i, "wild", group=f"p{i // 10}") for i in range(400)]
    splits = split_pool([], folder)
    assert {"train", "val", "test"} == set(splits)
    assert all(len(set(splits[i : i + 10])) == 1 for i in range(0, 400, 10))


def test_the_same_group_name_in_two_folders_is_not_one_person() -> None:
    folder = [item(i, kind, group="1") for i, kind in ((0, "a"), (1, "b"))]
    assert len(split_pool([], folder)) == 2


def test_a_near_duplicate_follows_the_image_it_resembles() -> None:
    first = [item(i) for i in range(200)]
    splits = split_pool(first, [])
    twins = [Splittable(f"wild_{i}", "wild", frozenset({0}), HASHES[i] ^ 0b101) for i in range(200)]
    assert split_pool(first, twins)[200:] == splits


@pytest.mark.parametrize(
    ("stem", "block"), [("ccp_01a9", "ccp"), ("a_b_c", "a"), ("0012", ""), ("", "")]
)
def test_the_block_is_told_by_the_name(stem: str, block: str) -> None:
    assert block_of(stem) == block


@pytest.mark.parametrize("text", ["", "wild", "=d", "wild=", "a b=d", "scene=d", "../x=d"])
def test_a_folder_without_a_good_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected NAME=DIR"):
        parse_named_folder(text)


def test_a_named_folder() -> None:
    assert parse_named_folder("wild=a=b") == ("wild", Path("a=b"))


def write_folder(root: Path, count: int) -> Path:
    for kind in ("images", "labels"):
        (root / kind).mkdir(parents=True)
    for i in range(count):
        (root / "images" / f"src_{i}.jpg").write_bytes(jpeg(image(i)))
        (root / "labels" / f"src_{i}.txt").write_text(f"{i % 2} .5 .5 .4 .4\n")
    return root


def test_a_folder_is_read_and_what_is_wrong_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "wild", 4)
    (root / "labels" / "src_0.txt").write_text("9 .5 .5 .4 .4\n")
    (root / "images" / "src_1.jpg").write_bytes(b"no image")
    (root / "labels" / "src_2.txt").unlink()
    (tmp_path / "groups.csv").write_text("image,group\nsrc_3.jpg,anna\n")
    folder = read_yolo_folder("wild", root, tmp_path / "groups.csv")
    assert [(i.path.name, i.class_id.tolist()) for i in folder.images] == [
        ("src_2.jpg", []),
        ("src_3.jpg", [1]),
    ]
    assert folder.groups == {"src_3.jpg": "anna"}
    assert [("class 9" in line, "src_1" in line) for line in folder.left_out] == [
        (True, False),
        (False, True),
    ]


def test_class_names_of_the_folder_are_used(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "wild", 2)
    (root / "classes.txt").write_text("with_mask\nwithout_mask\n")
    folder = read_yolo_folder("wild", root)
    assert [i.class_id.tolist() for i in folder.images] == [[1], [0]]
    (root / "classes.txt").write_text("dog\ncat\n")
    with pytest.raises(LabelError, match="dog"):
        read_yolo_folder("wild", root)


@pytest.mark.parametrize("made", ["nothing", "empty"])
def test_a_folder_without_images_is_refused(tmp_path: Path, made: str) -> None:
    if made == "empty":
        (tmp_path / "wild" / "images").mkdir(parents=True)
    with pytest.raises(DatasetError, match="no image in images/"):
        read_yolo_folder("wild", tmp_path / "wild")


def no_faces(_rgb: object, _imgsz: int) -> FoundFaces:
    return FoundFaces(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))


def test_a_pool_is_built_in_one_go(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "wild", 60)
    scene = tmp_path / "scene.png"
    Image.fromarray(RNG.integers(0, 255, (200, 240, 3), dtype=np.uint8)).save(scene)
    sources = Sources(
        scenes=[ImageLabels.of(scene, (240, 200), [[10, 10, 60, 70]], [0])],
        folders=[read_yolo_folder("wild", root)],
    )
    built = build(sources, tmp_path / "set", no_faces)
    items, splits, problems = split_sources(sources)
    assert not problems and len(items) == sum(built.images.values()) == 61
    for photo, split in zip(items, splits, strict=True):
        assert (tmp_path / "set" / "images" / split / f"{photo.name}.jpg").is_file()
    assert built.images["test"] == 6 and built.images["val"] == 2 * round(0.05 * 30)


@pytest.mark.parametrize(
    ("kind", "made_by_a_model", "top_and_height"),
    [
        ("scene", False, (0.25, 0.5)),
        ("folder", False, (0.25, 0.5)),
        ("folder", True, (0.25 + 0.11 * 0.5, 0.89 * 0.5)),
        ("selfie", True, (0.25 + 0.11 * 0.5, 0.89 * 0.5)),
    ],
)
def test_boxes_of_a_face_model_are_written_where_people_draw(
    tmp_path: Path, kind: str, made_by_a_model: bool, top_and_height: tuple[float, float]
) -> None:
    photo = tmp_path / "one.png"
    Image.fromarray(RNG.integers(0, 255, (200, 200, 3), dtype=np.uint8)).save(photo)
    labels = ImageLabels.of(photo, (200, 200), [[50, 50, 150, 150]], [0])
    folder = YoloFolder("mine", (labels,), face_model_boxes=made_by_a_model)
    sources = {
        "scene": Sources(scenes=[labels]),
        "selfie": Sources(selfies=[labels]),
        "folder": Sources(folders=[folder]),
    }[kind]
    build(sources, tmp_path / "set", no_faces, synthetic_share=0)
    written = [f for f in (tmp_path / "set" / "labels").rglob("*.txt") if "composed" not in f.name]
    lines = [line.split() for f in written for line in f.read_text().splitlines()]
    for _class, _x, y, _w, height in lines:
        top = float(y) - float(height) / 2
        assert (top, float(height)) == pytest.approx(top_and_height, abs=1e-4)
    assert len(lines) == 1


def test_a_folder_that_is_not_given_has_no_boxes() -> None:
    import build_dataset

    with pytest.raises(UsageError, match="--face-model-boxes other: expected a NAME given"):
        build_dataset.read_folders([], ["other"])
