"""A `LabelSet` on the disk: images, labels, data.yaml, and every box accounted for."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from facesort.dataset.label_set_writer import check_out, summary, write_yolo
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet

NAMES = ("face", "masked")
SIZE = (40, 30)
BOX = [5, 5, 15, 20]


def save(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((*SIZE[::-1], 3), np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def label_set(root: Path, *files: str, boxes=(BOX,), ids=(1,), **more) -> LabelSet:
    images = (ImageLabels.of(save(root / file), SIZE, list(boxes), list(ids)) for file in files)
    return LabelSet(NAMES, tuple(images), root, **more)


def files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_nothing_makes_an_empty_split(tmp_path: Path) -> None:
    written = write_yolo(label_set(tmp_path), tmp_path / "out")
    assert written.images == ()
    assert files(tmp_path / "out") == ["data.yaml"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    labels = label_set(tmp_path / "in", "a.jpg", "sub/b.png", "sub/ü 😀.jpg")
    written = write_yolo(labels, out, "val")
    assert written.root == out and not written.left_out
    assert os.path.samefile(tmp_path / "in" / "a.jpg", out / "images" / "val" / "a.jpg")
    again = read_config(out / "data.yaml")
    assert again.names == NAMES
    read = again.read("val")
    assert [image.path for image in read] == sorted(image.path for image in written.images)
    for image in read:
        np.testing.assert_allclose(image.xyxy_px, [BOX], atol=1e-3)
        assert image.class_id.tolist() == [1]


def test_splits_are_added_to_the_yaml(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_yolo(label_set(tmp_path / "a", "a.jpg"), out, "test")
    assert yaml.safe_load((out / "data.yaml").read_text()) == {
        "train": "images/test", "val": "images/test", "test": "images/test",
        "names": {0: "face", 1: "masked"},
    }  # fmt: skip
    write_yolo(label_set(tmp_path / "b", "b.jpg"), out, "train")
    config = yaml.safe_load((out / "data.yaml").read_text())
    assert [config[s] for s in ("train", "val", "test")] == [
        "images/train", "images/test", "images/test"
    ]  # fmt: skip


def test_other_kinds_of_images_become_jpeg_and_names_stay_apart(tmp_path: Path) -> None:
    root = tmp_path / "in"
    labels = label_set(root, "a.jpg", "a.png")
    avif = save(root / "x.png").rename(root / "a.avif")  # known by its content
    third = ImageLabels.of(avif, SIZE, [BOX], [0])
    write_yolo(LabelSet(NAMES, (*labels.images, third), root), tmp_path / "out")
    expected = [f"{kind}/train/a{n}" for kind in ("images", "labels") for n in ("", "_2", "_3")]
    found = [name.rpartition(".")[0] for name in files(tmp_path / "out")]
    assert sorted(found) == sorted([*expected, "data"])
    assert (tmp_path / "out/images/train/a_3.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert avif.read_bytes()[:4] == b"\x89PNG"


def test_folders_called_images_do_not_hide_the_labels(tmp_path: Path) -> None:
    write_yolo(label_set(tmp_path / "in", "images/e/a.jpg"), tmp_path / "out")
    assert "labels/train/e/a.txt" in files(tmp_path / "out")


box = st.tuples(*[st.floats(-50, 60)] * 2, *[st.floats(0, 50)] * 2)


@given(st.lists(st.tuples(box, st.sampled_from([IGNORE, 0, 1])), max_size=6))
@example([((0.0, 0.0, 1.0, 5e-324), 0)])
@example([((0.0, 0.0, 1.0, 1e-6), 0)])
def test_every_box_is_written_or_counted(tmp_path_factory, rows) -> None:
    root = tmp_path_factory.mktemp("set")
    xyxy = [[x, y, x + w, y + h] for (x, y, w, h), _ in rows]
    labels = label_set(root / "in", "a.jpg", boxes=xyxy, ids=[c for _, c in rows])
    written = write_yolo(labels, root / "out")
    lines = (root / "out/labels/train/a.txt").read_text().splitlines()
    assert len(lines) == len(written.images[0].class_id)
    assert len(lines) + written.left_out.total() == len(rows)
    assert written.left_out["of unknown class"] == sum(c == IGNORE for _, c in rows)


def test_missing_images_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    labels = label_set(tmp_path / "in", "a.jpg", "b.jpg", left_out={"bad": 3}, notes=("a note",))
    labels.images[0].path.unlink()
    written = write_yolo(labels, tmp_path / "out")
    assert [image.path.name for image in written.images] == ["b.jpg"]
    assert written.left_out == {"bad": 3, "image is not there": 1}
    lines = summary(labels, written)
    assert lines[0] == "1 of 2 images"
    assert lines[-2:] == ["boxes: 5 in = 1 out + 4 left out", "a note"]


def test_labels_only_with_another_text_and_more_yaml(tmp_path: Path) -> None:
    images = (ImageLabels.of(Path("e/a.jpg"), SIZE, [BOX], [0]),)
    written = write_yolo(
        LabelSet(NAMES, images, Path()),
        tmp_path / "out",
        images=False,
        render=lambda image: f"{image.path.name} {len(image.class_id)}\n",
        config_lines={"kpt_shape": [5, 3]},
    )
    assert files(tmp_path / "out") == ["data.yaml", "labels/train/e/a.txt"]
    assert (tmp_path / "out/labels/train/e/a.txt").read_text() == "a.jpg 1\n"
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text())["kpt_shape"] == [5, 3]
    assert len(written.images) == 1


@pytest.mark.parametrize("split", ["val", "test"])
def test_synthetic_images_are_for_training_only(tmp_path: Path, split: str) -> None:
    labels = label_set(tmp_path / "in", "synthetic_a.jpg")
    with pytest.raises(DatasetError, match=f"synthetic, so for training only; not for {split}"):
        write_yolo(labels, tmp_path / "out", split)
    write_yolo(labels, tmp_path / "train")


def test_what_is_there_already_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    labels = label_set(tmp_path / "in", "a.jpg")
    with pytest.raises(DatasetError, match="--split all: expected one of train, val, test"):
        check_out(NAMES, out, "all")
    assert not out.exists()
    write_yolo(labels, out)
    with pytest.raises(DatasetError, match="holds files already"):
        write_yolo(labels, out)
    with pytest.raises(DatasetError, match=r"data.yaml: has classes \('face', 'masked'\)"):
        check_out(("face",), out, "val")
    with pytest.raises(DatasetError, match="with and without keypoints"):
        check_out(NAMES, out, "val", {"kpt_shape": [5, 3]})
    check_out(NAMES, out, "val")
    (out / "data.yaml").write_text("names: [")
    with pytest.raises(DatasetError, match="not a data set YAML"):
        check_out(NAMES, out, "val")
    with pytest.raises(DatasetError, match="not empty and no data set of ours"):
        check_out(NAMES, tmp_path / "in", "train")
