"""Names that are odd, and reports of children: classes that are no occlusion."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_metrics import found, truth

from facesort.errors import DatasetError
from facesort.evaluate import evaluation
from facesort.evaluate.predict import Latency, SplitPredictions
from facesort.evaluate.regression_gate import parse_criteria
from facesort.evaluate.report.pages import write_report
from facesort.models.detect import YoloDetector

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "occlusion.onnx"
NAMES = ("Zoë | <i>", "$x_1$")


def evaluated(tmp_path: Path, detections: list) -> tuple[evaluation.Evaluated, evaluation.Request]:
    asked = evaluation.Request(tmp_path / "children.yaml", resamples=20)
    images = [truth((0, 0, 50, 0)), truth((0, 0, 50, 1))]
    seen = SplitPredictions(images, [found(*rows) for rows in detections], Counter())
    detector = YoloDetector(lambda pixels: np.zeros((6, 0), np.float32), NAMES, 64, "none")
    split = evaluation.judge_split(detector, seen, asked)
    speed = Latency(1.0, 2.0, 30, 64, 1)
    return evaluation.Evaluated(
        Path("a.onnx"), NAMES, 64, 0.25, "given", 1, speed, split, None
    ), asked


def test_odd_class_names(tmp_path: Path) -> None:
    model, asked = evaluated(tmp_path, [[(0, 0, 50, 0, 0.9)], [(0, 0, 50, 0, 0.9)]])
    page = write_report(
        {"a.onnx": model}, asked, parse_criteria("15MB"), tmp_path / "out", "cmd", 3
    )
    html, markdown = page.read_text("utf-8"), page.with_suffix(".md").read_text("utf-8")
    assert "<i>" not in html and "Zoë | &lt;i&gt;" in html
    assert "| Zoë \\| <i> | 1 |" in markdown
    assert "Two bits" not in html and "clean" not in html  # only the four classes are bits


def test_nothing_found_at_all(tmp_path: Path) -> None:
    model, asked = evaluated(tmp_path, [[], []])
    page = write_report({"a.onnx": model}, asked, parse_criteria("90%"), tmp_path / "out", "cmd", 0)
    assert "verdict: fails (accuracy &gt; 0.9: 0, NO)" in page.read_text("utf-8")
    assert "–" in page.with_suffix(".md").read_text("utf-8")


def test_models_are_judged_on_the_very_same_images(tmp_path: Path) -> None:
    (tmp_path / "crops" / "masked").mkdir(parents=True)
    for k in "ab":
        Image.new("RGB", (40, 40), (k == "a") * 9).save(tmp_path / "crops" / "masked" / f"{k}.png")
    shutil.copyfile(WEIGHTS, tmp_path / "copy.onnx")
    asked = evaluation.Request(None, crops=tmp_path / "crops", imgsz=64, resamples=5)
    files = [WEIGHTS, tmp_path / "copy.onnx"]
    assert list(evaluation.evaluate_all(files, asked)) == ["occlusion.onnx", "copy.onnx"]

    def vanish(items: Iterable[Any], total: int, unit: str) -> Iterator[Any]:
        yield from items
        (tmp_path / "crops" / "masked" / "b.png").unlink(missing_ok=True)

    with pytest.raises(DatasetError, match="the images changed"):
        evaluation.evaluate_all(files, asked, vanish)
