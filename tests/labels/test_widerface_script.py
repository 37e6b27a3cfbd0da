"""tools/widerface_to_yolo.py: a folder and a list go in, a data set that adds up comes out."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from face_lists import WIDER_VAL
from script_runs import run_here

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "widerface_to_yolo.py"
TRAIN = "# e/a.jpg\n10 10 20 40 12 20 0 26 20 1 20 30 0 14 40 0 -1 -1 -1 0.8\n# e/gone.jpg\n" + (
    "1 1 9 9 " + "-1 " * 15 + "0.2\n"
)


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A label.txt with two images, one of which is there."""
    (tmp_path / "label.txt").write_text(TRAIN)
    (tmp_path / "photos").mkdir()
    image = cv2.imencode(".jpg", np.zeros((100, 100, 3), np.uint8))[1]
    (tmp_path / "photos" / "a.jpg").write_bytes(image.tobytes())
    return tmp_path


def test_what_is_there_is_converted_and_what_is_not_is_listed(source: Path) -> None:
    out = source / "out"
    done = run("--labels", source / "label.txt", "--images", source / "photos", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "boxes: 2 in = 1 out + 1 left out" in done.stdout
    assert "left out image missing: 1" in done.stdout
    assert "1 of 2 images missing or unreadable: e/gone.jpg\n" in done.stdout
    assert (out / "missing_train.txt").read_text() == "e/gone.jpg: is not there\n"
    label = (out / "labels" / "train" / "a.txt").read_text()
    assert label == "0 0.200000 0.300000 0.200000 0.400000\n"
    assert os.path.samefile(out / "images" / "train" / "a.jpg", source / "photos" / "a.jpg")
    assert yaml.safe_load((out / "data.yaml").read_text()) == {
        "train": "images/train", "val": "images/train", "names": {0: "face"}
    }  # fmt: skip


def test_keypoints_and_a_class_of_the_four(source: Path) -> None:
    out = source / "out"
    args = ["--labels", source / "label.txt", "--images", source / "photos", "--out", out]
    done = run_here(SCRIPT, *args, "--keypoints", "--map", "face=masked", "--split", "val")
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load((out / "data.yaml").read_text())
    assert config["kpt_shape"] == [5, 3] and config["flip_idx"] == [1, 0, 2, 4, 3]
    assert config["names"][1] == "masked"
    fields = (out / "labels" / "val" / "a.txt").read_text().split()
    assert fields[0] == "1" and fields[7::3] == ["2", "1", "2", "2", "0"]
    again = run_here(SCRIPT, *args, "--map", "face=masked")
    assert again.returncode == 1
    assert "with and without keypoints" in again.stderr


def test_labels_without_images(source: Path) -> None:
    out = source / "out"
    (source / "sizes.csv").write_text("image,width,height\ne/a.jpg,100,100\ne/gone.jpg,10,10\n")
    args = ["--labels", source / "label.txt", "--out", out, "--class", "head"]
    assert run_here(SCRIPT, *args).returncode == 2
    done = run_here(SCRIPT, *args, "--sizes-from", source / "sizes.csv")
    assert done.returncode == 0, done.stderr
    assert "boxes: 2 in = 2 out + 0 left out" in done.stdout
    assert sorted(p.name for p in (out / "labels").rglob("*.txt")) == ["a.txt", "gone.txt"]
    assert not [p for p in (out / "images").rglob("*") if p.is_file()]
    assert "0: head" in (out / "data.yaml").read_text()


def test_nothing_converted_is_a_problem_and_leaves_nothing(source: Path) -> None:
    args = ["--labels", source / "label.txt", "--images", source / "photos"]
    done = run_here(SCRIPT, *args, "--out", source / "out", "--min-size", 50)
    assert done.returncode == 1
    assert "no face to convert (1 smaller than 50 px; 1 image missing" in done.stderr
    assert not (source / "out").exists()
    assert "no column blur" in run_here(SCRIPT, *args, "--out", source / "out", "--blur", 1).stderr


@pytest.mark.real
@pytest.mark.skipif(not WIDER_VAL.exists(), reason="no ../shared")
@pytest.mark.parametrize("labels", ["label.txt", "ground_truth/wider_face_val.mat"])
def test_wider_val_with_ten_images(labels: str, tmp_path: Path) -> None:
    done = run_here(
        SCRIPT,
        *("--labels", WIDER_VAL / labels, "--images", WIDER_VAL / "sample_images"),
        *("--split", "val", "--out", tmp_path / "out"),
    )
    assert done.returncode == 0, done.stderr
    assert "boxes: 39,708 in = 507 out + 39,201 left out" in done.stdout
    assert "3,216 of 3,226 images missing" in done.stdout
    assert len((tmp_path / "out" / "missing_val.txt").read_text().splitlines()) == 3216
    assert len(list((tmp_path / "out" / "labels" / "val").glob("*.txt"))) == 10
