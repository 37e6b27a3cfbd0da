"""The three sources become labels: what the first label and the second look together mean."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.dataset import training_sources
from facesort.errors import DatasetError, LabelError
from facesort.labels import voc
from facesort.labels.image_labels import IGNORE, ImageLabels, count_boxes


@pytest.mark.parametrize(
    ("original", "finding", "expected"),
    [
        ("with_mask", None, FaceClass.masked),
        ("without_mask", None, FaceClass.face),
        ("with_incorrect_mask", None, IGNORE),
        ("with_mask", "sunglasses", FaceClass.masked_sunglasses),
        ("without_mask", "sunglasses", FaceClass.sunglasses),
        ("with_incorrect_mask", "sunglasses", FaceClass.sunglasses),
        ("with_incorrect_mask", "masked", FaceClass.masked),
        ("without_mask", "should_be_masked", FaceClass.masked),
        ("with_mask", "sunglasses_unsure", IGNORE),
        ("without_mask", "drop_not_a_clear_face", IGNORE),
        ("with_incorrect_mask", "drop", IGNORE),
    ],
)
def test_scene_class(original: str, finding: str | None, expected: int) -> None:
    assert training_sources.scene_class(original, finding) == expected


@pytest.mark.parametrize("finding", ["", "blurry", "mask?"])
def test_an_unknown_finding_is_named(finding: str) -> None:
    with pytest.raises(LabelError, match="is no finding"):
        training_sources.scene_class("with_mask", finding)


def write_scene(root: Path, names: tuple[str, ...]) -> None:
    (root / "annotations").mkdir(parents=True)
    boxes = [[10 * i, 0, 10 * i + 8, 8] for i in range(len(names))]
    labels = ImageLabels.of(root / "images" / "a.jpg", (64, 64), boxes, range(len(names)))
    (root / "annotations" / "a.xml").write_text(voc.render(labels, names))


def test_read_scenes_with_tables_of_which_the_later_wins(tmp_path: Path) -> None:
    write_scene(tmp_path, ("with_mask", "without_mask", "with_incorrect_mask"))
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    first.write_text("image,object_index,finding\na.jpg,0,sunglasses\na.jpg,2,drop\n")
    later.write_text("image,object_index,finding\na.jpg,2,face\n")
    findings = training_sources.read_second_looks([first, later], "object_index")
    (scene,) = training_sources.read_scenes(tmp_path, findings)
    assert scene.class_id.tolist() == [3, 0, 0]
    assert count_boxes([scene], CLASS_NAMES) == {"masked_sunglasses": 1, "face": 2}


def test_no_scenes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no annotations/\*\.xml"):
        training_sources.read_scenes(tmp_path, {})


def test_a_table_without_its_columns_is_an_error(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("photo,class\n")
    with pytest.raises(LabelError, match="no column image"):
        training_sources.read_crops(tmp_path, table)
    with pytest.raises(LabelError, match="cannot be read"):
        training_sources.read_crops(tmp_path, tmp_path / "none.csv")


def test_only_selfies_that_were_looked_at_are_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    box = [0.9, [1, 2, 30, 40]]
    proposed = {name: [box] for name in ("seen", "unseen", "dropped", "unclear")} | {"none": []}
    (tmp_path / "proposed_boxes.json").write_text(json.dumps(proposed))
    for name in proposed:
        Image.fromarray(np.zeros((50, 60, 3), np.uint8)).save(tmp_path / "images" / name, "JPEG")
    findings = {("seen", 0): "sunglasses", ("dropped", -1): "drop_image", ("unclear", 0): "drop"}
    found = {s.path.name: s for s in training_sources.read_selfies(tmp_path, findings)}
    assert sorted(found) == ["seen", "unclear"]
    assert found["seen"].class_id.tolist() == [2] and found["seen"].size_wh == (60, 50)
    assert found["unclear"].class_id.tolist() == [IGNORE]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("", "not JSON"), ("[1]", "holds a list; expected image")],
)
def test_proposed_boxes_that_cannot_be_read(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "proposed_boxes.json").write_text(content)
    with pytest.raises(LabelError, match=message):
        training_sources.read_selfies(tmp_path, {})


def test_ambiguous_crops_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "four_class.csv"
    table.write_text("image,class\nwith_mask/1.jpg,masked\nwith_mask/2.jpg,ambiguous\n")
    assert training_sources.read_crops(tmp_path, table) == [
        (tmp_path / "with_mask" / "1.jpg", FaceClass.masked)
    ]
