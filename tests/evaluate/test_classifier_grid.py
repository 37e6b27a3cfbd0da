"""The script from crops to table, and the gate that keeps no bad 8-bit file."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from train_classifier import main

from facesort.classes import CLASS_NAMES
from facesort.errors import FacesortError
from facesort.evaluate.classifiers import Grid
from facesort.models.classify.classifier import Classifier

ROOT = Path(__file__).resolve().parents[2]


def image(class_id: int, number: int) -> NDArray[np.uint8]:
    """One colour a class, and noise that makes every image another."""
    blocks = np.random.default_rng(number).integers(0, 90, (5, 5, 3), dtype=np.uint8)
    rgb = blocks.repeat(8, axis=0).repeat(8, axis=1)
    rgb[..., class_id % 3] += 80 + 60 * (class_id // 3)
    return rgb


def always(class_id: int) -> Classifier:
    answer = np.eye(4, dtype=np.float32)[class_id]
    return Classifier(lambda pixels: answer, CLASS_NAMES, 32)


@pytest.mark.parametrize(
    ("before", "after", "refusal"),
    [
        (0, 0, ""),
        (0, 1, "not kept: accuracy on val fell from 0.750 to 0.250"),
        (1, 0, ""),  # macro recall is as bad, and accuracy better
    ],
)
def test_the_gate(before: int, after: int, refusal: str) -> None:
    val = [(image(c, i), c) for i, c in enumerate([0, 0, 0, 1])]
    grid = Grid(parts={}, out=Path(), test=val, val=val, calibration=[], overrides={})
    assert grid.refused(always(before), always(after)) == refusal


def test_the_gate_sees_a_rare_class() -> None:
    """One of 101 crops is less than a hundredth of them, and half of the macro recall."""
    val = [(image(0, 0), 0)] * 100 + [(image(3, 1), 3)]
    grid = Grid(parts={}, out=Path(), test=val, val=val, calibration=[], overrides={})
    first = iter([np.eye(4, dtype=np.float32)[c] for _, c in val])
    right = replace(always(0), forward=lambda pixels: next(first))
    assert grid.refused(right, always(0)).startswith("not kept: macro recall on val fell from 1.00")


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Class folders with two classes of twelve crops each, and one file that is no image."""
    for number in range(24):
        folder = tmp_path / "crops" / ("face", "masked")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        bgr = image(number % 2, number)[..., ::-1]
        cv2.imwrite(str(folder / f"{number}.png"), np.ascontiguousarray(bgr))
    (tmp_path / "crops" / "face" / "broken.png").write_text("no image")
    return tmp_path / "crops"


def test_from_crops_to_table(
    crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_thread: None
) -> None:
    out, smallest = tmp_path / "out", "epochs=1 batch=4 device=cpu workers=0".split()
    network = ["--model", "mobilenet_v3_small", "--imgsz", "32", "--out", str(out)]
    main([str(crops), *network, "--split", "0.5,0.25,0.25", *smallest])
    assert "crops: 25 in = 24 out + 1 left out (1 unreadable)" in capsys.readouterr().out
    with (out / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["ONNX float32", "ONNX 8 bits", "ONNX", "ONNX"]
    assert (out / "mobilenet_v3_small-original.onnx").is_file()
    kept = (out / "mobilenet_v3_small-original-int8.onnx").is_file()
    assert kept == (not rows[1]["note"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--sampling", "more"], 2, "invalid choice"),
        (["--split", "half"], 2, "expected one of train, val, test"),
        (["--split", "train"], 1, "no crop in val, test"),
        (["--model", "vgg16"], 1, "no such classifier"),
        (["--detector", "none.onnx"], 1, "no such model"),
        (["--weights", "none.pt"], 1, "no such weights"),
        (["--out", str(ROOT / "tests")], 1, "not empty; pass another --out"),
        (["pretrained=x.pt"], 2, "--weights FILE"),
        (["epochs=0"], 2, "expected 1 or more"),
    ],
)
def test_what_is_refused(
    arguments: list[str], code: int, message: str, crops: Path, tmp_path: Path
) -> None:
    """Before anything is written."""
    with pytest.raises(FacesortError, match=message) as refusal:
        main([str(crops), "--out", str(tmp_path / "out"), *arguments])
    assert refusal.value.exit_code == code
    assert not (tmp_path / "out").exists()
