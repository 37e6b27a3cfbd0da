"""CVAT, labelme and Label Studio: what their files hold besides plain boxes is kept or counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from label_samples import draw

from facesort.errors import LabelError
from facesort.labels import cvat, label_studio, labelme
from facesort.labels.extras import Extras
from facesort.labels.image_labels import LabelSet
from facesort.labels.resolve import Reading

WH = (100, 50)


def boxes_of(labels: LabelSet) -> list[tuple[str, list[float]]]:
    return [
        (labels.names[c], [round(v, 3) for v in box])
        for image in labels.images
        for c, box in zip(image.class_id.tolist(), image.xyxy_px.tolist(), strict=True)
    ]


def reading(tmp_path: Path, *names: str) -> Reading:
    for name in names or ("a.jpg",):
        draw(tmp_path / "images" / name, WH)
    return Reading(tmp_path / "images", drop_bad=True)


CVAT = """<?xml version="1.0"?><annotations><version>1.1</version>
<image id="0" name="a.jpg" width="100" height="50"><tag label="indoor"/>
<box label="masked" occluded="1" xtl="10" ytl="20" xbr="30" ybr="40">
<attribute name="age">3</attribute></box>
<box label="masked" xtl="40" ytl="10" xbr="60" ybr="20" rotation="90"/>
<polygon label="face" points="1,2;5,2;5,9"/><ellipse label="face" cx="50" cy="25" rx="5" ry="4"/>
<points label="nose" points="3,3"/><box label="face" xtl="x" ytl="2" xbr="3" ybr="4"/>
</image></annotations>"""
TRACK = """<annotations><track id="7" label="face">
<box frame="0" outside="0" occluded="0" xtl="1" ytl="2" xbr="11" ybr="12"/>
<box frame="1" outside="1" occluded="0" xtl="1" ytl="2" xbr="11" ybr="12"/>
<box frame="2" outside="0" occluded="1" xtl="3" ytl="2" xbr="13" ybr="12"/></track></annotations>"""


def test_cvat_for_images(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(CVAT)
    labels = cvat.read(tmp_path / "annotations.xml", reading(tmp_path))
    assert boxes_of(labels) == [
        ("masked", [10, 20, 30, 40]),
        ("masked", [45, 5, 55, 25]),  # turned by 90 degrees
        ("face", [1, 2, 5, 9]),
        ("face", [45, 21, 55, 29]),
    ]
    assert sum(labels.left_out.values()) == 2  # the point, and the one without numbers
    told = "\n".join(labels.notes)
    assert "2 outlines (their box is kept), 1 tags" in told
    assert labels.images[0].extras[0] == Extras(occluded=True, attributes=(("age", "3"),))


def test_cvat_for_video(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(TRACK)
    names = [f"frame_{n:06}.png" for n in (0, 1, 2)]
    labels = cvat.read(tmp_path, reading(tmp_path, *names))
    assert [image.path.name for image in labels.images] == [names[0], names[2]]
    assert boxes_of(labels) == [("face", [1, 2, 11, 12]), ("face", [3, 2, 13, 12])]
    assert [image.extras for image in labels.images] == [
        (Extras(7),),
        (Extras(7, occluded=True),),
    ]


def test_cvat_keyframes_leave_the_frames_between_to_the_reader(tmp_path: Path) -> None:
    """Of frame 3 there is no image; frame 6 comes after the track went outside."""
    box = '<box frame="{}" keyframe="1" outside="{}" xtl="{}" ytl="2" xbr="{}" ybr="12"/>'
    boxes = [(0, 0, 10, 20), (4, 0, 50, 60), (5, 1, 50, 60), (8, 0, 1, 9)]
    track = "".join(box.format(*values) for values in boxes)
    (tmp_path / "a.xml").write_text(
        f'<annotations><track id="1" label="face">{track}</track></annotations>'
    )
    names = [f"frame_{n:06}.png" for n in (0, 1, 2, 4, 5, 6, 8)]
    labels = cvat.read(tmp_path / "a.xml", reading(tmp_path, *names))
    assert {image.path.stem[-1]: image.xyxy_px[0, 0] for image in labels.images} == {
        **{"0": 10, "1": 20, "2": 30},
        **{"4": 50, "8": 1},
    }
    assert "leaves to the reader: 2" in "\n".join(labels.notes)
    assert not labels.left_out


@pytest.mark.parametrize(
    "text", ["", "<annotation/>", "no xml", '<!DOCTYPE a [<!ENTITY b "c">]><a/>']
)
def test_what_is_not_cvat_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(LabelError, match=r"a\.xml: "):
        cvat.read(tmp_path / "a.xml", reading(tmp_path))


def test_labelme_and_x_anylabeling(tmp_path: Path) -> None:
    shapes = [
        {"label": "face", "points": [[30, 40], [10, 20]], "shape_type": "rectangle"},
        {
            "label": "masked",
            "points": [[1, 2], [5, 2], [5, 9], [1, 9]],  # as X-AnyLabeling writes a rectangle
            "shape_type": "rectangle",
            "score": 0.9,
            "group_id": 4,
            "difficult": True,
        },
        {"label": "face", "points": [[50, 25], [54, 28]], "shape_type": "circle"},
        {"label": "nose", "points": [[3, 3]], "shape_type": "point"},
        {"label": "face", "points": [[1, "x"]], "shape_type": "polygon"},
        "odd",
    ]
    content = {"version": "5.5.0", "shapes": shapes, "imagePath": "..\\x\\a.jpg"}
    (tmp_path / "a.json").write_text(json.dumps(content | {"imageWidth": 100, "imageHeight": 50}))
    (tmp_path / "b.json").write_text("[]")
    labels = labelme.read(tmp_path, reading(tmp_path))
    assert boxes_of(labels) == [
        ("face", [10, 20, 30, 40]),
        ("masked", [1, 2, 5, 9]),
        ("face", [45, 20, 55, 30]),
    ]
    assert sum(labels.left_out.values()) == 3
    told = "\n".join(labels.notes)
    assert "1 outlines (their box is kept)" in told
    assert labels.images[0].extras[1] == Extras(4, 0.9, difficult=True)
    assert "b.json: has no list of shapes" in told


def result(kind: str = "rectanglelabels", label: str = "face", **value: float) -> dict:
    told = {"x": 10, "y": 20, "width": 30, "height": 40} | value | {kind: [label]}
    return {"type": kind, "original_width": 100, "original_height": 50, "value": told}


def test_label_studio(tmp_path: Path) -> None:
    other = {"result": [result(label="masked")]}
    tasks = [
        {
            "data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"},
            "annotations": [
                {"was_cancelled": True, "result": [result()]},
                {"result": [result(), result(rotation=90, x=60), result("keypointlabels")]},
                other,
            ],
        },
        {
            "data": {"image": "/data/local-files/?d=in%20here/b.jpg"},
            "predictions": [
                {"score": 0.2, "result": []},
                {"score": 0.7, "result": [result(label="masked") | {"score": 0.7}]},
            ],
        },
        {"data": 5},
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    labels = label_studio.read(tmp_path / "export.json", reading(tmp_path, "a.jpg", "b.jpg"))
    assert boxes_of(labels) == [
        ("face", [10, 10, 40, 30]),
        ("face", [40, 10, 60, 40]),  # 90 degrees about the corner at 60, 10
        ("masked", [10, 10, 40, 30]),
    ]
    assert sum(labels.left_out.values()) == 1
    told = "\n".join(labels.notes)
    assert "1 results of a second annotator, 1 turned boxes" in told
    assert labels.images[1].extras == (Extras(confidence=0.7),)
    assert "task 2: has no data" in told
