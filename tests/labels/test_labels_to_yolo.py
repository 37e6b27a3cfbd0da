"""tools/labels_to_yolo.py as a person runs it: there and back, with everything accounted for."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import labels_to_yolo
import pytest
from label_samples import NAMES, SIZES, assert_same, draw, draw_all
from tar_samples import jpeg, shard

from facesort.dataset.convert.conversion import TARGETS
from facesort.dataset.convert.label_reader import READERS
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError, LabelError, UsageError
from facesort.labels import voc
from facesort.labels.image_labels import ImageLabels, LabelSet

SCENES = Path(__file__).resolve().parents[3] / "shared" / "data" / "scenes_voc"


@pytest.fixture
def source(tmp_path: Path) -> LabelSet:
    """photos/images and photos/annotations with two boxes in every image but the last."""
    root = draw_all(tmp_path / "photos" / "images")
    images = [
        ImageLabels.of(root / name, size_wh, [[1, 2, 9, 12], [10, 10, 30, 30]], [n, 0])
        for n, (name, size_wh) in enumerate(SIZES.items())
    ]
    images[-1] = replace(
        images[-1], xyxy_px=images[-1].xyxy_px[:0], class_id=images[-1].class_id[:0]
    )
    labels = LabelSet(NAMES, tuple(images), root)
    voc.write_folder(labels, tmp_path / "photos" / "annotations")
    return labels


def run(*args: object) -> None:
    labels_to_yolo.main([str(arg) for arg in args])


def test_the_script_offers_what_the_library_knows() -> None:
    assert set(labels_to_yolo.FORMATS) - {"auto"} == set(READERS)
    assert set(labels_to_yolo.TARGETS) == set(TARGETS)


def test_voc_becomes_a_yolo_data_set(
    source: LabelSet, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run(tmp_path / "photos", "--out", tmp_path / "out", "--split", "val")
    out = tmp_path / "out"
    images = tuple(read_config(out / "data.yaml").read("val"))
    assert_same(LabelSet(NAMES, images, out / "images" / "val"), source, 1e-3)
    text = capsys.readouterr().out
    assert "4 of 4 images" in text
    assert "boxes: 6 in = 6 out + 0 left out" in text
    assert "read: 4 labels, 6 boxes" in (out / "left_out.txt").read_text()


@pytest.mark.parametrize(
    ("form", "labels"),
    [
        ("voc", "train/annotations"),
        ("coco", "train/annotations.json"),
        ("createml", "train/images/annotations.json"),
        ("labelimg", "train/images"),
        ("parquet", "train/labels.parquet"),
    ],
)
def test_there_and_back(source: LabelSet, tmp_path: Path, form: str, labels: str) -> None:
    run(tmp_path / "photos", "--out", tmp_path / "a")
    run(tmp_path / "a" / "data.yaml", "--to", form, "--out", tmp_path / "b")
    run(tmp_path / "b" / labels, "--out", tmp_path / "c")
    before = {p.relative_to(tmp_path / "a"): p.read_text() for p in (tmp_path / "a").rglob("*.txt")}
    after = {p.relative_to(tmp_path / "c"): p.read_text() for p in (tmp_path / "c").rglob("*.txt")}
    assert before == after and len(before) == 5


def test_through_shards_and_back(source: LabelSet, tmp_path: Path) -> None:
    run(tmp_path / "photos", "--out", tmp_path / "a")
    run(tmp_path / "a" / "data.yaml", "--to", "webdataset", "--out", tmp_path / "b")
    run(tmp_path / "b" / "train" / "data-{000000..000000}.tar", "--out", tmp_path / "c")
    before, after = (
        {
            p.with_suffix("").name.replace(".", "_"): p.read_text()
            for p in (tmp_path / name / "labels").rglob("*.txt")
        }
        for name in "ac"
    )
    assert before == after and len(before) == 3  # two images are called a
    names = [path.name for path in tmp_path.iterdir()]
    assert sorted(names) == ["a", "b", "c", "photos"]  # nothing is left of the unpacking


def test_shards_need_no_images(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"k.jpg": jpeg(), "k.cls": b"masked"})
    with pytest.raises(UsageError, match="hold their own images"):
        run(tmp_path / "a.tar", "--images", tmp_path, "--out", tmp_path / "out")
    with pytest.raises(LabelError, match="no shard there"):
        run(tmp_path / "b.tar", "--out", tmp_path / "out")
    run(tmp_path, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "labels" / "train" / "k.txt").read_text().startswith("1 0.5")


def test_widerface_and_back_keeps_the_boxes(source: LabelSet, tmp_path: Path) -> None:
    run(tmp_path / "photos", "--to", "widerface", "--out", tmp_path / "b")
    run(tmp_path / "b" / "train" / "bbx_gt.txt", "--out", tmp_path / "c")
    images = tuple(read_config(tmp_path / "c" / "data.yaml").read("train"))
    bare = [replace(image, class_id=image.class_id * 0) for image in source.images]
    found = LabelSet(NAMES, images, tmp_path / "c" / "images" / "train")
    assert_same(found, replace(source, images=tuple(bare)), 1e-3)


def test_splits_stay_apart_and_a_shared_one_is_read_once(source: LabelSet, tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(tmp_path / "photos", "--out", out, "--split", "test")
    run(out / "data.yaml", "--to", "coco", "--out", tmp_path / "b")  # train and val point to test
    assert [p.name for p in (tmp_path / "b").iterdir() if p.is_dir()] == ["test"]
    run(tmp_path / "photos", "--out", out)
    run(out / "data.yaml", "--out", tmp_path / "c")
    run(out / "data.yaml", "--out", tmp_path / "d", "--split", "test")
    assert {p.name for p in (tmp_path / "c" / "images").iterdir()} == {"train", "test"}
    assert {p.name for p in (tmp_path / "d" / "images").iterdir()} == {"test"}


def coco(tmp_path: Path, *names: str) -> Path:
    """An image of 64 x 48 with a box of each name."""
    draw(tmp_path / "images" / "a.jpg", (64, 48))
    content = {
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "gone.jpg"}],
        "annotations": [
            {"image_id": 1, "category_id": i, "bbox": [i, i, 9, 9]} for i in range(len(names))
        ]
        + [{"image_id": 2, "category_id": 0, "bbox": [1, 1, 9, 9]}],
    }
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_classes_are_mapped_dropped_ignored(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = coco(tmp_path, "with_mask", "Brille", "hat", "blurred")
    table = ["--map", "Brille=sunglasses", "hat=drop", "--map", "blurred=ignore"]
    run(file, "--out", tmp_path / "out", *table)
    assert (tmp_path / "out" / "labels" / "train" / "a.txt").read_text().split()[::5] == ["1", "2"]
    text = capsys.readouterr().out
    assert "boxes: 5 in = 2 out + 3 left out" in text
    assert "left out class hat (drop): 1" in text and "left out of unknown class: 1" in text
    assert "left out image is not there: 1" in text and "gone.jpg" in text


def test_images_without_a_face_are_something(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg", (64, 48))
    (tmp_path / "a.xml").write_text("<annotation><filename>a.jpg</filename></annotation>")
    run(tmp_path, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "labels" / "train" / "a.txt").read_text() == ""


def test_other_classes(tmp_path: Path) -> None:
    file = coco(tmp_path, "Ann", "Bob")
    run(file, "--out", tmp_path / "keep", "--classes", "keep")
    run(
        file,
        "--out",
        tmp_path / "own",
        "--classes",
        "child, adult",
        "--map",
        "Ann=child",
        "Bob=adult",
    )
    assert read_config(tmp_path / "keep" / "data.yaml").names == ("Ann", "Bob")
    assert read_config(tmp_path / "own" / "data.yaml").names == ("child", "adult")


@pytest.mark.parametrize(
    ("names", "args", "error", "message"),
    [
        (["wiht_mask"], [], LabelError, r"'wiht_mask' \(2 boxes\)"),
        (["face"], ["--map", "face"], UsageError, "expected SOURCE=TARGET"),
        (["face"], ["--map", "face=fce"], UsageError, "did you mean 'face'"),
        (["hat"], ["--map", "hat=drop"], DatasetError, r"no box to convert \(.*1 class hat"),
        ([], [], DatasetError, "no box to convert"),
        (["face"], ["--format", "voc"], DatasetError, "not an XML file"),
        (["face"], ["--download"], UsageError, "--download needs --images"),
        (["face"], ["--images", "none"], UsageError, "no such folder"),
    ],
)
def test_nothing_is_written_when_it_cannot_be_right(
    tmp_path: Path, names: list, args: list, error: type[Exception], message: str
) -> None:
    file = coco(tmp_path, *names)
    with pytest.raises(error, match=message):
        run(file, "--out", tmp_path / "out", *args)
    assert not (tmp_path / "out").exists()


def test_a_yaml_whose_images_are_elsewhere_is_told_so(tmp_path: Path) -> None:
    config = tmp_path / "data.yaml"
    config.write_text("train: ../gone/images/train\nnames: [face]\n")
    with pytest.raises(DatasetError, match=r"no images there: .*gone/images/train"):
        run(config, "--out", tmp_path / "out")


@pytest.mark.parametrize("form", TARGETS)
def test_what_is_there_is_not_overwritten(source: LabelSet, tmp_path: Path, form: str) -> None:
    run(tmp_path / "photos", "--out", tmp_path / "out", "--to", form)
    with pytest.raises(DatasetError, match="holds files already"):
        run(tmp_path / "photos", "--out", tmp_path / "out", "--to", form)


def test_rof(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Without --download nothing is fetched; an address of this machine stands in for the web."""
    folder = tmp_path / "ROF" / "masked"
    folder.mkdir(parents=True)
    entries = {
        i: {"url": "http://127.0.0.1:1/a.jpg", "faces": [{"box": [1, 1, 9, 9]}]} for i in (1, 2)
    }
    (folder / "ann.pkl").write_bytes(pickle.dumps(entries))
    images = tmp_path / "images"
    draw(images / "masked" / "ann" / "1.jpg", (64, 48))
    run(tmp_path / "ROF", "--images", images, "--out", tmp_path / "a")
    assert "not fetched" not in capsys.readouterr().out
    run(tmp_path / "ROF", "--images", images, "--out", tmp_path / "b", "--download")
    assert "not fetched: masked/ann: 2: cannot be fetched" in capsys.readouterr().out
    assert (tmp_path / "b" / "labels" / "train" / "1.txt").read_text().startswith("1 ")


@pytest.mark.real
@pytest.mark.skipif(not SCENES.is_dir(), reason="no ../shared")
def test_the_real_scenes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run(SCENES, "--map", "with_incorrect_mask=drop", "--out", tmp_path / "out")
    text = capsys.readouterr().out
    assert "boxes: 3,945 in = 3,481 out + 464 left out" in text
    assert "1,593 of 1,593 images" in text


def yolo_files(root: Path, *names: str, text: str = "0 .5 .5 .4 .4\n1 .2 .2 .2 .2\n") -> None:
    for name in names:
        draw(root / "images" / f"{name}.jpg", (60, 40))
        label = root / "labels" / f"{name}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(text)


def test_yolo_without_a_class_list_goes_by_number(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    yolo_files(tmp_path / "in", "a", "b")
    with pytest.raises(LabelError, match=r"'0' \(2 boxes\), '1' \(2 boxes\); pass --map"):
        run(tmp_path / "in", "--out", tmp_path / "out")
    run(tmp_path / "in", "--map", "0=masked", "1=face", "--out", tmp_path / "out")
    text = capsys.readouterr().out
    assert "boxes: 4 in = 4 out + 0 left out" in text and "classes go by number" in text
    written = (tmp_path / "out/labels/train/a.txt").read_text().split()
    assert [written[0], written[5]] == ["1", "0"]


def test_texts_that_are_no_labels_have_no_boxes(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """A list of images and a description lie among the labels of many a data set."""
    yolo_files(tmp_path / "in", "a", "b")
    labels = tmp_path / "in/labels"
    (labels / "train.txt").write_text("".join(f"data/obj/{n}.jpg\n" for n in range(853)))
    (labels / "info.txt").write_text("downloaded from\nsomewhere 1 2 3 4 5\n")
    draw(tmp_path / "in/images/unlabelled.jpg", (60, 40))
    run(tmp_path / "in", "--map", "0=masked", "1=face", "--out", tmp_path / "out")
    text = capsys.readouterr().out
    assert "boxes: 4 in = 4 out + 0 left out" in text
    assert "passed over, no labels: labels/train.txt" in text
    assert "passed over, no labels: labels/info.txt" in text
    assert "images without a label, left out: 1" in text


def test_a_text_in_place_of_a_images_label_is_still_an_error(tmp_path: Path) -> None:
    yolo_files(tmp_path / "in", "a")
    yolo_files(tmp_path / "in", "b", text="not a label\n")
    with pytest.raises(LabelError, match=r"labels/b.txt: line 1: is no YOLO label"):
        run(tmp_path / "in", "--map", "0=masked", "1=face", "--out", tmp_path / "out")


def test_a_missing_class_is_told_before_a_image_is_opened(tmp_path: Path) -> None:
    yolo_files(tmp_path / "in", "a", "b")
    (tmp_path / "in/images/a.jpg").write_bytes(b"would be told of if it were opened")
    with pytest.raises(LabelError, match="no class of ours for '0'"):
        run(tmp_path / "in", "--drop-bad", "--out", tmp_path / "out")


@pytest.mark.parametrize("layout", ["{split}/images", "images/{split}"])
def test_splits_given_by_folders_are_kept(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = tmp_path / "in"
    for split, count in (("train", 3), ("valid", 2), ("test", 1)):
        for number in range(count):
            image = root / layout.format(split=split) / f"{split}{number}.jpg"
            draw(image, (60, 40))
            label = Path(str(image).replace("images", "labels")).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("0 .5 .5 .4 .4\n")
    yaml = "train: {0}\nval: {1}\nnames: [masked]\n"  # of the test split, it says nothing
    places = [layout.format(split=split) for split in ("train", "valid")]
    (root / "data.yaml").write_text(yaml.format(*places))
    run(root, "--out", tmp_path / "two")
    assert not (tmp_path / "two/images/test").exists()
    run(root, "--keep-splits", "--out", tmp_path / "three")
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        assert len(list((tmp_path / "three/labels" / split).iterdir())) == count
    assert "test:\n  1 of 1 images" in capsys.readouterr().out
    run(root, "--keep-splits", "--split", "test", "--out", tmp_path / "one")
    assert [p.name for p in (tmp_path / "one/images").iterdir()] == ["test"]


def open_images_csv(names: Iterable[str]) -> str:
    rows = [f"{Path(name).stem},masked,.1,.5,.2,.6" for name in names]
    return "\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *rows])


def coco_json(names: Iterable[str]) -> str:
    images = [
        {"id": n, "file_name": name, "width": 60, "height": 40} for n, name in enumerate(names)
    ]
    boxes = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [6, 8, 24, 16]}
        for n in range(len(images))
    ]
    categories = [{"id": 1, "name": "masked"}]
    return json.dumps({"images": images, "annotations": boxes, "categories": categories})


@pytest.mark.parametrize(
    ("file", "write"),
    [("{}-annotations-bbox.csv", open_images_csv), ("instances_{}2017.json", coco_json)],
)
def test_a_label_file_a_split_is_kept(
    file: str, write: Callable[[Iterable[str]], str], tmp_path: Path
) -> None:
    """As Open Images, Datumaro and COCO lay them out: annotations/ beside images/SPLIT/."""
    (tmp_path / "in/annotations").mkdir(parents=True)
    splits = {"train": 3, "val": 2}
    for split, count in splits.items():
        names = [f"{split}{number}.jpg" for number in range(count)]
        for name in names:
            draw(tmp_path / "in/images" / split / name, (60, 40))
        (tmp_path / "in/annotations" / file.format(split)).write_text(write(names))
    run(tmp_path / "in", "--keep-splits", "--out", tmp_path / "out")
    for split, count in splits.items():
        labels = [p.read_text().split() for p in (tmp_path / "out/labels" / split).iterdir()]
        assert [[float(x) for x in label] for label in labels] == [[1, 0.3, 0.4, 0.4, 0.4]] * count


def test_split_folders_that_cannot_be_told(tmp_path: Path) -> None:
    yolo_files(tmp_path / "in", "a")
    with pytest.raises(
        LabelError, match="no folder or label file train, valid or test; there: none"
    ):
        run(tmp_path / "in", "--keep-splits", "--out", tmp_path / "out")
    for name in ("val", "valid"):
        (tmp_path / "in" / name).mkdir()
    with pytest.raises(LabelError, match="val and valid are both val"):
        run(tmp_path / "in", "--keep-splits", "--out", tmp_path / "out")


def test_resized_images_are_scaled_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    draw(tmp_path / "big/a.jpg", (120, 80))
    image = ImageLabels.of(tmp_path / "big/a.jpg", (120, 80), [[12, 8, 60, 40]], [0])
    voc.write_folder(LabelSet(("masked",), (image,), tmp_path / "big"), tmp_path / "xml")
    draw(tmp_path / "small/a.jpg", (60, 40))
    with pytest.raises(DatasetError, match=r"--scale-boxes scales them"):
        run(tmp_path / "xml", "--images", tmp_path / "small", "--out", tmp_path / "out")
    run(
        tmp_path / "xml", "--images", tmp_path / "small", "--scale-boxes", "--out", tmp_path / "out"
    )
    (label,) = (tmp_path / "out/labels/train").iterdir()
    assert label.read_text() == "1 0.300000 0.300000 0.400000 0.400000\n"
    assert "1 labels of another size scaled" in capsys.readouterr().out


def test_a_name_taken_for_one_of_ours_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    yolo_files(tmp_path / "in", "a")
    (tmp_path / "in/labels/classes.txt").write_text("Mask\nNO_MASK\n")
    run(tmp_path / "in", "--out", tmp_path / "out")
    assert "taken by its name: 'Mask' as masked, 'NO_MASK' as face" in capsys.readouterr().out
    run(tmp_path / "in", "--map", "Mask=masked", "NO_MASK=face", "--out", tmp_path / "out2")
    assert "taken by its name" not in capsys.readouterr().out
