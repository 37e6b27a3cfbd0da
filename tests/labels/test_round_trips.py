"""What is written in a format is read back the same, within what the format can tell."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_samples import NAMES, SIZES, assert_same, draw_all, label_sets

from facesort.boxes import as_boxes
from facesort.dataset.convert.label_reader import tell_format
from facesort.labels import coco, createml, extras, formats, parquet, voc, yolo
from facesort.labels.class_table import map_classes
from facesort.labels.extras import Extras
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import Reading
from facesort.labels.webdataset import shard_reader, shard_writer

ROOT = draw_all(Path(tempfile.mkdtemp()))
READING = Reading(ROOT)
# YOLO's six digits of the longest side here, VOC's hundredths, floating point
Through = Callable[[LabelSet, Path], LabelSet]
YOLO_PX, VOC_PX, JSON_PX = 200 * 1e-6, 0.0051, 1e-9


def through_voc(labels: LabelSet, folder: Path) -> LabelSet:
    voc.write_folder(labels, folder)
    return map_classes(voc.read_folder(folder, READING), {}, NAMES)


def through_yolo(labels: LabelSet, folder: Path) -> LabelSet:
    yolo.write_folder(labels, folder)
    return yolo.read_folder(folder, yolo.find_names(folder) or (), READING)


def through_createml(labels: LabelSet, folder: Path) -> LabelSet:
    file = folder / "annotations.json"
    file.write_text(createml.render(labels), encoding="utf-8")
    return map_classes(createml.read(file, READING), {}, NAMES)


def through_coco(labels: LabelSet, folder: Path) -> LabelSet:
    file = folder / "annotations.json"
    file.write_text(coco.render(labels), encoding="utf-8")
    return coco.read(file, READING)


def through_parquet(labels: LabelSet, folder: Path) -> LabelSet:
    parquet.write(labels, folder / "labels.parquet")
    return parquet.read(folder, READING)


def through_webdataset(labels: LabelSet, folder: Path) -> LabelSet:
    """Shards hold the images too; their names come back in a folder a shard, without dots."""
    shard_writer.write(labels, folder, per_shard=2)
    saved_images = folder / "images"
    again = shard_reader.read(folder, Reading(saved_images, unpack_to=saved_images))
    place = {i.path.relative_to(saved_images).as_posix().partition("/")[2]: i for i in again.images}
    back = [replace(place[DOTLESS.get(name, name)], path=ROOT / name) for name in SIZES]
    return replace(again, images=tuple(back), root=ROOT)


def through(name: str) -> Through:
    """As the registry has it: written into a folder, told by its content, read back."""

    def write_and_read(labels: LabelSet, folder: Path) -> LabelSet:
        (folder / "images").mkdir()
        form = formats.FORMATS[name]
        form.write(labels, folder)
        source = folder / form.into
        assert tell_format(source) == name
        return map_classes(form.read(source, READING), {}, NAMES)

    return write_and_read


DOTLESS = {"c.d.jpg": "c_d.jpg"}


def checked(through: Through, labels: LabelSet, atol_px: float) -> LabelSet:
    with tempfile.TemporaryDirectory() as folder:
        again = through(labels, Path(folder))
    assert again.names == labels.names and not again.left_out
    assert_same(again, labels, atol_px)
    return again


@pytest.mark.parametrize(
    ("through", "atol_px", "tells_unknown"),
    [
        (through_voc, VOC_PX, True),
        (through_yolo, YOLO_PX, False),
        (through_createml, JSON_PX, True),
        (through_coco, JSON_PX, True),
        (through_parquet, 0, True),
        (through_webdataset, JSON_PX, True),
        (through("cvat"), VOC_PX, True),
        (through("labelme"), JSON_PX, True),
        (through("labelstudio"), 1e-6, True),
        (through("openimages"), 1e-6, True),
    ],
)
@settings(max_examples=20)
@given(data=st.data())
def test_one_format(
    through: Through, atol_px: float, tells_unknown: bool, data: st.DataObject
) -> None:
    checked(through, data.draw(label_sets(ROOT, ignored=tells_unknown)), atol_px)


@pytest.mark.parametrize(
    ("through", "form"),
    [
        (through_voc, "voc"),
        (through_coco, "coco"),
        (through_parquet, "parquet"),
        (through_webdataset, "webdataset"),
        *((through(name), name) for name in ("cvat", "labelme", "labelstudio", "openimages")),
        (through_yolo, "labelimg"),
        (through_createml, "createml"),
    ],
)
@settings(max_examples=8)
@given(data=st.data())
def test_what_a_box_has_besides_is_kept_or_counted(
    through: Through, form: str, data: st.DataObject
) -> None:
    """In = out + dropped, of each kind; where there is room, each box has what it had."""
    labels = with_extras(data, data.draw(label_sets(ROOT, ignored=form != "labelimg")))
    with tempfile.TemporaryDirectory() as folder:
        again = through(labels, Path(folder))
    before, after = kinds_of(labels), kinds_of(again)
    given_extras = [one for image in labels.images for one in image.extras]
    assert before == after + extras.dropped(given_extras, formats.ROOM[form])
    if formats.ROOM[form] == extras.EVERYTHING:
        assert sorted(map(repr, by_box(again))) == sorted(map(repr, by_box(labels)))


def kinds_of(labels: LabelSet) -> Counter[str]:
    return extras.count_kinds(one for image in labels.images for one in image.extras)


def by_box(labels: LabelSet) -> list[tuple]:
    """Tracks are written behind the other boxes: the order is no part of what a file says."""
    return [
        (labels.relative(image.path).as_posix(), class_id, [round(v) for v in box], more)
        for image in labels.images
        for class_id, box, more in image.rows()
    ]


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=6)
ATTRIBUTES = st.dictionaries(
    (TEXT | st.sampled_from(["IsInside", "age"])).filter(
        lambda name: name not in ("score", "track_id", "rotation", *extras.FLAGS)
    ),
    TEXT | st.just("1"),
    max_size=2,
)


def with_extras(data: st.DataObject, labels: LabelSet) -> LabelSet:
    flag = st.booleans()
    one = st.builds(
        lambda track_id, confidence, a, b, c, more: Extras(
            track_id, confidence, a, b, c, tuple(sorted(more.items()))
        ),
        st.none() | st.integers(0, 10**6),
        st.none() | st.floats(0, 0.99),
        *(flag, flag, flag, ATTRIBUTES),
    )
    images = []
    for image in labels.images:
        # whole pixels, so that every format gives the box back, and no two are one
        corners = [[n, n, n + 9, n + 9] for n in range(len(image.class_id))]
        drawn = [data.draw(one) for _ in corners]
        images.append(ImageLabels.of(image.path, image.size_wh, corners, image.class_id, drawn))
    return replace(labels, images=tuple(images))


@settings(max_examples=15)
@given(data=st.data())
def test_voc_to_yolo_to_coco_to_createml_to_voc(data: st.DataObject) -> None:
    first = data.draw(label_sets(ROOT, ignored=False))
    labels = first
    for through in (through_voc, through_yolo, through_coco, through_createml, through_voc):
        labels = checked(through, labels, VOC_PX)
    assert_same(labels, first, 3 * VOC_PX)


@pytest.mark.parametrize(
    "through",
    [
        through_voc,
        through_yolo,
        through_createml,
        through_coco,
        through_parquet,
        through_webdataset,
        through("cvat"),
        through("labelme"),
        through("labelstudio"),
        through("openimages"),
    ],
)
def test_images_without_a_face(through: Through) -> None:
    images = [
        ImageLabels.of(ROOT / name, size_wh, as_boxes([]), []) for name, size_wh in SIZES.items()
    ]
    labels = LabelSet(NAMES, tuple(images), ROOT)
    assert len(checked(through, labels, 0).images) == len(SIZES)


def test_one_stem_twice_in_a_voc_folder(tmp_path: Path) -> None:
    """a.jpg and a.png would share a.xml."""
    saved_images = draw_all(tmp_path / "images")
    (saved_images / "kids" / "a.png").rename(saved_images / "a.png")
    images = [
        ImageLabels.of(saved_images / "a.jpg", SIZES["a.jpg"], [[1, 1, 5, 5]], [0]),
        ImageLabels.of(saved_images / "a.png", SIZES["kids/a.png"], [[2, 2, 6, 6]], [1]),
    ]
    labels = LabelSet(NAMES, tuple(images), saved_images)
    voc.write_folder(labels, tmp_path / "xml")
    again = voc.read_folder(tmp_path / "xml", Reading(saved_images))
    assert_same(map_classes(again, {}, NAMES), labels, 0)


def test_unknown_class_is_never_the_last_class() -> None:
    """An index of -1 would read as the last name."""
    image = ImageLabels.of(ROOT / "a.jpg", (64, 48), [[1, 1, 5, 5]], [IGNORE])
    labels = LabelSet(NAMES, (image,), ROOT)
    for text in (voc.render(image, NAMES), createml.render(labels)):
        assert NAMES[-1] not in text and "ignore" in text
    assert '"category_id": 5' in coco.render(labels)
    assert "ignore" not in coco.render(replace(labels, images=()))
