"""COCO json: categories by id, crowds as unknown class, and each way to be wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from label_samples import NAMES, draw

from facesort.errors import LabelError
from facesort.labels import coco
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import Reading

CATEGORIES = [{"id": 7, "name": "masked"}, {"id": 2, "name": "face"}]
IMAGE = {"id": 1, "file_name": "sub/ü.jpg", "width": 64, "height": 48}
FACE = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 10, 5], "iscrowd": 0}


def read(tmp_path: Path, content: Any, drop_bad: bool = False) -> LabelSet:
    draw(tmp_path / "images" / "sub" / "ü.jpg", (64, 48))
    file = tmp_path / "labels.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return coco.read(file, Reading(tmp_path / "images", drop_bad))


def content(*annotations: Any, images: Any = (IMAGE,), categories: Any = CATEGORIES) -> dict:
    return {"categories": categories, "images": list(images), "annotations": list(annotations)}


def test_categories_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    labels = read(tmp_path, content(FACE, {**FACE, "category_id": 7}))
    assert labels.names == ("face", "masked")
    assert labels.images[0].class_id.tolist() == [0, 1]
    assert labels.images[0].xyxy_px.tolist() == [[1, 2, 11, 7]] * 2


@pytest.mark.parametrize("mark", ["iscrowd", "ignore"])
def test_crowds_are_of_unknown_class(tmp_path: Path, mark: str) -> None:
    labels = read(tmp_path, content(FACE, {**FACE, mark: 1}))
    assert labels.images[0].class_id.tolist() == [0, IGNORE]


def test_a_folder_must_hold_one_json(tmp_path: Path) -> None:
    read(tmp_path, content(FACE))
    reading = Reading(tmp_path / "images")
    assert coco.read(tmp_path, reading).counts() == {"face": 1}
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(LabelError, match="holds 2 json files"):
        coco.read(tmp_path, reading)


def test_a_image_without_annotations_stays(tmp_path: Path) -> None:
    (image,) = read(tmp_path, content()).images
    assert image.xyxy_px.shape == (0, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ('{"images": [', "not JSON"),
        ([], "has no list 'categories'"),
        ({}, "has no list 'categories'"),
        ({"categories": [], "images": {}}, "has no list 'images'"),
        ({"categories": [], "images": []}, "has no list 'annotations'"),
    ],
)
def test_a_bad_file_is_an_error(tmp_path: Path, text: Any, why: str) -> None:
    with pytest.raises(LabelError, match=why):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        ({**FACE, "bbox": None}, "has no bbox of four numbers"),
        ({**FACE, "bbox": [1, 2, 3]}, "has no bbox of four numbers"),
        ({**FACE, "bbox": [1, 2, 3, float("nan")]}, "has no bbox of four numbers"),
        ({**FACE, "bbox": [1, 2, 0, 5]}, "has no width or height"),
        ({**FACE, "bbox": [100, 2, 5, 5]}, "is outside its image"),
        ({**FACE, "category_id": 99}, "has category_id 99, which is not listed"),
        ({**FACE, "category_id": [2]}, "has category_id"),
        ({"image_id": 1}, "has category_id None"),
    ],
)
def test_a_bad_box_is_named(tmp_path: Path, annotation: Any, why: str) -> None:
    with pytest.raises(LabelError, match=rf"labels\.json: annotation 1: {why}"):
        read(tmp_path, content(FACE, annotation))
    labels = read(tmp_path, content(FACE, annotation), drop_bad=True)
    assert labels.counts() == {"face": 1} and sum(labels.left_out.values()) == 1


@pytest.mark.parametrize("stray", [None, 3, {}, {**FACE, "image_id": 9}, {**FACE, "image_id": []}])
def test_boxes_of_no_image_are_counted(tmp_path: Path, stray: Any) -> None:
    labels = read(tmp_path, content(FACE, stray, stray))
    assert labels.counts() == {"face": 1} and labels.left_out == {"box of no image": 2}


@pytest.mark.parametrize("image", [None, {}, {"id": 5}, {"id": 5, "file_name": 7}])
def test_a_bad_image_is_told(tmp_path: Path, image: Any) -> None:
    labels = read(tmp_path, content(FACE, images=(IMAGE, image)))
    assert labels.counts() == {"face": 1}
    assert any("an image without id or file_name" in note for note in labels.notes)


def test_an_image_listed_twice_counts_once(tmp_path: Path) -> None:
    images = (IMAGE, IMAGE, {**IMAGE, "id": 2})
    labels = read(tmp_path, content(FACE, {**FACE, "image_id": 2}, images=images))
    assert labels.counts() == {"face": 1}
    assert labels.left_out == {"box that another label of the same image has too": 1}


def test_pycocotools_reads_it_the_same(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from pycocotools.coco import COCO

    boxes, classes = [[1, 2, 11, 7], [0, 0, 64, 48]], [3, IGNORE]
    image = ImageLabels.of(tmp_path / "x" / "ü.jpg", (64, 48), boxes, classes)
    file = tmp_path / "labels.json"
    file.write_text(coco.render(LabelSet(NAMES, (image,), tmp_path)), encoding="utf-8")
    found = COCO(str(file))
    assert found.loadImgs([1])[0]["file_name"] == "x/ü.jpg"
    face, crowd = found.loadAnns(found.getAnnIds(imgIds=[1]))
    assert found.loadCats([face["category_id"]])[0]["name"] == "masked_sunglasses"
    assert face["bbox"] == [1, 2, 10, 5] and face["area"] == 50 and not face["iscrowd"]
    assert crowd["iscrowd"] == 1
