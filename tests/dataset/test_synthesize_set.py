"""tools/synthesize_occlusion.py on small data sets: what it writes, says and leaves."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import synthesize_occlusion
from small_sets import clean_set, image, jpeg, messy_set, write_set

from facesort.classes import CLASS_NAMES
from facesort.dataset.synth.draw_on_image import read_source
from facesort.dataset.yolo_dataset import read_config, read_layout
from facesort.detections import FoundFaces
from facesort.errors import DatasetError, LabelError, UsageError
from facesort.labels.image_labels import is_synthetic


def snapshot(root: Path) -> dict[str, bytes]:
    files = (p for p in sorted(root.rglob("*")) if p.is_file())
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "synthetic.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(data: Path, out: Path, *options: str) -> int:
    return synthesize_occlusion.main([str(data), "--out", str(out), *options])


def test_only_training_images_are_drawn_on(tmp_path: Path) -> None:
    data, out = clean_set(tmp_path / "source"), tmp_path / "out"
    before = snapshot(tmp_path / "source")
    assert run(data, out, "--share", "1") == 0
    assert snapshot(tmp_path / "source") == before
    layout = read_layout(out / "data.yaml")
    drawn = [p for p in layout.images if is_synthetic(p.path)]
    assert {p.split for p in drawn} == {"train"} and len(drawn) == 2
    after = snapshot(out)
    for name, content in before.items():
        if name != "set.yaml":
            assert after[name] == content
    assert str(tmp_path) not in (out / "data.yaml").read_text(encoding="utf-8")


def test_images_are_linked_and_labels_copied(tmp_path: Path) -> None:
    data, out = clean_set(tmp_path / "source"), tmp_path / "out"
    run(data, out)
    source = tmp_path / "source"
    assert os.path.samefile(source / "images/val/a.jpg", out / "images/val/a.jpg")
    assert not os.path.samefile(source / "labels/val/a.txt", out / "labels/val/a.txt")


def test_labels_and_table_follow_the_bits(tmp_path: Path) -> None:
    data, out = clean_set(tmp_path / "source"), tmp_path / "out"
    run(data, out, "--share", "1", "--kinds", "both")
    labels = {p.path.name: p for p in read_config(out / "data.yaml").read("train")}
    assert labels["synthetic_a.jpg"].class_id.tolist() == [3, 3]  # face, masked
    assert labels["synthetic_b.jpg"].class_id.tolist() == [3, 3]  # sunglasses, nothing to add
    assert labels["a.jpg"].class_id.tolist() == [0, 1]
    rows = rows_of(out)
    assert {r["drawn"] for r in rows} == {"both"} and {r["landmarks"] for r in rows} == {"box"}
    changes = Counter((r["class_before"], r["class_after"]) for r in rows)
    assert changes == {(name, "masked_sunglasses"): 1 for name in CLASS_NAMES[:3]}
    assert all(0 <= float(r["x1"]) < float(r["x2"]) <= 640 for r in rows)


def test_hard_negatives_keep_the_class(tmp_path: Path) -> None:
    data, out = clean_set(tmp_path / "source"), tmp_path / "out"
    run(data, out, "--share", "1", "--kinds", "clear_eyeglasses,hand,hat,chin_mask")
    rows = rows_of(out)
    assert rows and all(r["class_before"] == r["class_after"] for r in rows)


def test_same_seed_same_bytes_and_again_over_it(tmp_path: Path) -> None:
    data = clean_set(tmp_path / "source")
    for name, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        run(data, tmp_path / name, "--share", "1", "--seed", seed)
    one, other = snapshot(tmp_path / "one"), snapshot(tmp_path / "other")
    assert one == snapshot(tmp_path / "two")
    assert one["images/train/synthetic_a.jpg"] != other["images/train/synthetic_a.jpg"]
    run(data, tmp_path / "other", "--share", "1", "--seed", "3")
    assert snapshot(tmp_path / "other") == one


def test_a_image_is_drawn_the_same_whatever_the_others_are(tmp_path: Path) -> None:
    data = clean_set(tmp_path / "source")
    run(data, tmp_path / "all", "--share", "1")
    (tmp_path / "source/images/train/a.jpg").unlink()
    run(data, tmp_path / "fewer", "--share", "1")
    name = "images/train/synthetic_b.jpg"
    assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "fewer" / name).read_bytes()


def test_small_faces_are_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = {f"{s}/x.jpg": jpeg(image(i)) for i, s in enumerate(("train", "val"))}
    labels = {"train/x.txt": "0 .5 .5 .2 .2\n", "val/x.txt": ""}
    data = write_set(tmp_path / "source", images, labels)
    assert run(data, tmp_path / "out", "--share", "1") == 0
    said = capsys.readouterr().out
    assert "1 under 40 px" in said
    assert "1 training images = 0 with a synthetic copy, 1 without a face to draw on" in said
    assert rows_of(tmp_path / "out") == []


def test_what_cannot_be_read_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = messy_set(tmp_path / "source"), tmp_path / "out"
    assert run(data, out, "--share", "1") == 1
    said = capsys.readouterr().out
    assert "left out: " in said and "torn.jpg" in said and "text.jpg" in said
    total, *parts = map(
        int, re.findall(r"(?:^| )(\d+) \w", said.split("left out")[-1].split("\n")[1])
    )
    assert total == sum(parts)
    names = {p.name for p in (out / "images/train").iterdir()}
    assert "synthetic_good.jpg" in names
    assert "synthetic_synthetic_1.jpg" not in names
    assert "synthetic_<b>ß名.jpg" in names


def test_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(clean_set(tmp_path / "source"), tmp_path / "out", "--share", "1", "--kinds", "sunglasses")
    said = capsys.readouterr().out
    assert re.search(r"^face +1 +0 +1$", said, re.M)
    assert re.search(r"^masked_sunglasses +1 +1 +2$", said, re.M)


def test_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheets" / "sheet.jpg"
    data = clean_set(tmp_path / "source")
    run(data, tmp_path / "out", "--share", "1", "--sheet", str(sheet))
    assert sheet.read_bytes()[:2] == b"\xff\xd8"
    with pytest.raises(DatasetError, match="nothing was drawn"):
        run(data, tmp_path / "none", "--share", "0", "--sheet", str(sheet))


def test_other_names_in_another_order(tmp_path: Path) -> None:
    names = ("both", "sunglasses", "with_mask", "without_mask")
    images = {f"{s}/x.jpg": jpeg(image(1, (640, 480))) for s in ("train", "val")}
    data = write_set(tmp_path / "s", images, {"train/x.txt": "3 .5 .5 .4 .4\n"}, names)
    run(data, tmp_path / "out", "--share", "1", "--kinds", "mask")
    label = tmp_path / "out/labels/train/synthetic_x.txt"
    assert label.read_text(encoding="utf-8").startswith("2 ")


@pytest.mark.parametrize(
    ("names", "error"), [(("face", "masked"), DatasetError), (("dog",), LabelError)]
)
def test_classes_that_cannot_hold_the_bits(
    tmp_path: Path, names: tuple[str, ...], error: type[Exception]
) -> None:
    data = write_set(tmp_path / "s", {"train/x.jpg": jpeg(image(1))}, {}, names)
    with pytest.raises(error):
        run(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["source", "source/images", "source/images/train/new", "full"])
def test_a_folder_that_is_not_ours(tmp_path: Path, out: str) -> None:
    data = clean_set(tmp_path / "source")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    before = snapshot(tmp_path)
    with pytest.raises(DatasetError, match="pass another --out"):
        run(data, tmp_path / out)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "options",
    [
        ["--kinds", "sunglases"],
        ["--share", "2"],
        ["--seed", "-1"],
        ["--seed", "x"],
        ["--share", "nan"],
    ],
)
def test_usage(tmp_path: Path, options: list[str]) -> None:
    data = clean_set(tmp_path / "source")
    with pytest.raises(UsageError):
        run(data, tmp_path / "out", *options)


def test_a_folder_needs_a_face_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--face-model"):
        run(tmp_path, tmp_path / "out")


def test_a_folder_of_bare_faces(tmp_path: Path) -> None:
    """Faces that the finder is sure of become bare faces; a broken photo is listed."""
    photos = tmp_path / "photos" / "sub"
    photos.mkdir(parents=True)
    (photos / "x.jpg").write_bytes(jpeg(image(0, (320, 240))))
    (photos / "broken.jpg").write_bytes(b"no image")

    def find(rgb: np.ndarray, _imgsz: int) -> FoundFaces:
        boxes = np.array([[100.0, 60, 220, 200], [0, 0, 50, 50]])
        return FoundFaces(boxes, np.array([0.9, 0.2]), np.zeros((2, 5, 2)))

    source = read_source(tmp_path / "photos", find)
    assert [p.as_posix() for p in source.train.inside] == ["sub/x.jpg"]
    assert source.train.labels[0].class_id.tolist() == [0]
    assert len(source.train.left_out) == 1 and "broken.jpg" in source.train.left_out[0]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no photo"):
        read_source(tmp_path / "empty", find)
