"""Exports as people get them: zips, a data.yaml of another computer, outlines, extra columns."""

from __future__ import annotations

import zipfile
from pathlib import Path

import labels_to_yolo
import pytest
from label_samples import draw

from facesort.dataset.convert import zips
from facesort.errors import DatasetError, LabelError, UsageError


def run(*args: object) -> None:
    labels_to_yolo.main([str(arg) for arg in args])


def roboflow(root: Path, lines: dict[str, str], yaml: str = "") -> Path:
    """train/, valid/, test/ with images and labels, and the data.yaml that Roboflow writes."""
    for split, line in lines.items():
        draw(root / split / "images" / f"{split}_jpg.rf.0a1b.jpg", (100, 50))
        label = root / split / "labels" / f"{split}_jpg.rf.0a1b.txt"
        label.parent.mkdir(parents=True)
        label.write_text(line)
    (root / "data.yaml").write_text(
        (yaml or "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n")
        + "nc: 2\nnames: ['face', 'masked']\n"
        + "roboflow:\n  workspace: w\n  version: 1\n"
    )
    return root


OUTLINE = "1 0.1 0.2 0.3 0.2 0.3 0.6 0.2 0.7\n"
LINES = {"train": "0 .5 .5 .4 .4\n" + OUTLINE, "valid": OUTLINE, "test": "0 .5 .5 .2 .2\n"}


@pytest.mark.parametrize(
    "yaml",
    [
        "",
        "train: /content/faces-1/train/images\nval: /content/faces-1/valid/images\n"
        "test: /content/faces-1/test/images\n",
        "path: ../datasets/faces\ntrain: train/images\nval: valid/images\ntest: test/images\n",
        "train: C:\\faces\\train\\images\nval: C:\\faces\\valid\\images\ntest: test/images\n",
    ],
)
def test_a_roboflow_export(yaml: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run(roboflow(tmp_path / "in", LINES, yaml), "--out", tmp_path / "out")
    text = capsys.readouterr().out
    for split in ("train", "val", "test"):
        assert len(list((tmp_path / "out/labels" / split).iterdir())) == 1
    assert text.count("1 outlines (their box is kept)") == 2
    assert "boxes: 2 in = 2 out + 0 left out" in text
    (label,) = (tmp_path / "out/labels/val").iterdir()
    assert label.read_text() == "1 0.200000 0.450000 0.200000 0.500000\n"


def test_a_split_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    some = {split: LINES[split] for split in ("train", "valid")}
    run(roboflow(tmp_path / "in", some), "--out", tmp_path / "out")
    assert "test: ../test/images is not there; this split is left out" in capsys.readouterr().out


def test_images_without_any_label_file_are_an_error(tmp_path: Path) -> None:
    """Not a data set of background."""
    root = roboflow(tmp_path / "in", LINES)
    (root / "train" / "labels").rename(root / "train" / "Labels")
    with pytest.raises(LabelError, match="no label file for any of 1 images"):
        run(root, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_class_that_would_be_lost_whole_is_an_error(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg", (100, 50))
    for name, kind in (("a", "face"), ("gone", "masked")):
        box = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
        thing = f"<object><name>{kind}</name><bndbox>{box}</bndbox></object>"
        (tmp_path / f"{name}.xml").write_text(f"<annotation>{thing}</annotation>")
    with pytest.raises(DatasetError, match=r"no box is left of 'masked' \(1 boxes\): 1 image is"):
        run(tmp_path, "--out", tmp_path / "out")
    run(tmp_path, "--map", "masked=drop", "--out", tmp_path / "out")


def test_confidences_and_ids_that_yolo_has_no_room_for_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """What `yolo predict save_conf` and `yolo track` write."""
    lines = {"train": "0 .5 .5 .4 .4 0.93\n1 .2 .2 .1 .1 0.5 7\n", "valid": "0 .5 .5 .2 .2 3\n"}
    run(roboflow(tmp_path / "in", lines), "--out", tmp_path / "out")
    text = capsys.readouterr().out
    assert "dropped: 1 track ids, 2 confidences; yolo has no room for them" in text
    assert "dropped: 1 track ids; yolo has no room for them" in text
    run(tmp_path / "in", "--to", "cvat", "--out", tmp_path / "cvat", "--split", "train")
    assert "kept with the boxes: 1 track ids, 2 confidences" in capsys.readouterr().out


def test_keypoints_are_no_outline(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    line = "0 .5 .5 .4 .4 .4 .4 .6 .4 .5 .5 .4 .6 .6 .6\n"
    root = roboflow(tmp_path / "in", {"train": line})
    with (root / "data.yaml").open("a") as file:
        file.write("kpt_shape: [5, 2]\n")
    run(root, "--out", tmp_path / "out")
    (label,) = (tmp_path / "out/labels/train").iterdir()
    assert label.read_text() == "0 0.500000 0.500000 0.400000 0.400000\n"


def test_a_zip_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root = roboflow(tmp_path / "in", {"train": "0 .5 .5 .4 .4 0.5 7\n1 .2 .2 .1 .1\n"})
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for file in root.rglob("*.*"):
            archive.write(file, file.relative_to(root))
    run(tmp_path / "faces.zip", "--to", "cvat", "--zip", "--out", tmp_path / "cvat")
    names = set(zipfile.ZipFile(tmp_path / "cvat/train.zip").namelist())
    assert names == {"annotations.xml", "images/train_jpg.rf.0a1b.jpg"}
    run(tmp_path / "cvat/train.zip", "--to", "coco", "--out", tmp_path / "coco")
    assert "kept with the boxes: 1 track ids, 1 confidences" in capsys.readouterr().out
    assert '"track_id": 7' in (tmp_path / "coco/train/annotations.json").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["coco", "cvat", "faces.zip", "in"]
    with pytest.raises(UsageError, match="--zip: a YOLO data set is one folder"):
        run(tmp_path / "faces.zip", "--zip", "--out", tmp_path / "out")


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../out.txt"])
def test_a_zip_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "0 .5 .5 .4 .4")
    with pytest.raises(LabelError, match=r"a\.zip: .*nothing was read"):
        run(tmp_path / "a.zip", "--out", tmp_path / "in" / "out")
    assert [p.name for p in tmp_path.rglob("*")] == ["a.zip", "in"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip"])
def test_a_damaged_zip_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(LabelError, match=r"a\.zip: no zip that can be read"):
        run(tmp_path / "a.zip", "--out", tmp_path / "out")


def test_a_zip_that_holds_more_than_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "0 .5 .5 .4 .4")
    monkeypatch.setattr(zips, "MAX_BYTES", 5)
    with pytest.raises(LabelError, match="holds more than"):
        run(tmp_path / "a.zip", "--out", tmp_path / "out")
