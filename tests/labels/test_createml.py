"""CreateML json: as labelImg and Create ML write it, and each way to be wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import createml
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import Reading

FACE = {"label": "face", "coordinates": {"x": 20, "y": 10, "width": 8, "height": 6}}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("a.jpg", "ü.jpg"):
        draw(tmp_path / "images" / name, (64, 48))
    return tmp_path / "images"


def read(images: Path, content: Any, drop_bad: bool = False) -> LabelSet:
    file = images.parent / "labels.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return createml.read(file, Reading(images, drop_bad))


def test_centres_become_corners(images: Path) -> None:
    (image,) = read(images, [{"image": "a.jpg", "annotations": [FACE]}]).images
    assert image.xyxy_px.tolist() == [[16, 7, 24, 13]]


def test_a_file_a_image_as_labelimg_writes_it(images: Path) -> None:
    for name in ("a", "ü"):
        entry = {"image": f"{name}.jpg", "annotations": [FACE]}
        (images / f"{name}.json").write_text(json.dumps([entry]), encoding="utf-8")
    (images / "broken.json").write_text("[{", encoding="utf-8")
    labels = createml.read(images, Reading(images))
    assert labels.counts() == {"face": 2}
    assert any("broken.json: not JSON" in note for note in labels.notes)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ('[{"image": "a.j', "not JSON"),
        ("[" * 100_000, "nested too deep|not JSON"),
        ({}, "holds a dict; expected a CreateML list"),
    ],
)
def test_a_bad_file_is_an_error(images: Path, content: Any, why: str) -> None:
    with pytest.raises(LabelError, match=why):
        read(images, content)


@pytest.mark.parametrize(
    "entry", [None, 3, {}, {"image": 5}, {"image": "a.jpg", "annotations": "none"}]
)
def test_a_bad_entry_is_told_and_the_rest_goes_on(images: Path, entry: Any) -> None:
    labels = read(images, [entry, {"image": "ü.jpg", "annotations": [FACE]}])
    assert labels.counts() == {"face": 1}
    assert any("labels.json: image 0" in note for note in labels.notes)


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (None, "has no four numbers"),
        ({"label": "face"}, "has no four numbers"),
        ({**FACE, "coordinates": {**FACE["coordinates"], "x": "20"}}, "has no four numbers"),
        ({**FACE, "coordinates": {**FACE["coordinates"], "x": True}}, "has no four numbers"),
        ({**FACE, "coordinates": {**FACE["coordinates"], "width": 0}}, "has no width or height"),
        ({**FACE, "coordinates": {**FACE["coordinates"], "width": -8}}, "has no width or height"),
        ({**FACE, "coordinates": {**FACE["coordinates"], "x": 10**400}}, "has no four numbers"),
        ({**FACE, "label": None}, "has no class name"),
    ],
)
def test_a_bad_box_is_named(images: Path, box: Any, why: str) -> None:
    content = [{"image": "a.jpg", "annotations": [FACE, box]}]
    with pytest.raises(LabelError, match=rf"labels\.json: image 0 \(a\.jpg\): box 1: {why}"):
        read(images, content)
    assert sum(read(images, content, drop_bad=True).left_out.values()) == 1
