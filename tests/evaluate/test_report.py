"""Names that are odd, and reports of children: classes that are no occlusion."""

from collections import Counter
from pathlib import Path

import numpy as np
from test_metrics import found, truth

from facesort.evaluate import run
from facesort.evaluate.bars import parse_bars
from facesort.evaluate.latency import Latency
from facesort.evaluate.predict import Seen
from facesort.evaluate.report import write_report
from facesort.models.detect import YoloDetector

NAMES = ("Zoë | <i>", "$x_1$")


def evaluated(tmp_path: Path, detections: list) -> tuple[run.Evaluated, run.Request]:
    asked = run.Request(tmp_path / "children.yaml", resamples=20)
    pictures = [truth((0, 0, 50, 0)), truth((0, 0, 50, 1))]
    seen = Seen(pictures, [found(*rows) for rows in detections], Counter())
    detector = YoloDetector(lambda pixels: np.zeros((6, 0), np.float32), NAMES, 64, "none")
    split = run.judge_split(detector, seen, asked)
    speed = Latency(1.0, 2.0, 30, 64, 1)
    return run.Evaluated(Path("a.onnx"), NAMES, 64, 0.25, "given", 1, speed, split, None), asked


def test_odd_class_names(tmp_path: Path) -> None:
    model, asked = evaluated(tmp_path, [[(0, 0, 50, 0, 0.9)], [(0, 0, 50, 0, 0.9)]])
    page = write_report({"a.onnx": model}, asked, parse_bars("15MB"), tmp_path / "out", "cmd", 3)
    html, markdown = page.read_text("utf-8"), page.with_suffix(".md").read_text("utf-8")
    assert "<i>" not in html and "Zoë | &lt;i&gt;" in html
    assert "| Zoë \\| <i> | 1 |" in markdown
    assert "Two bits" not in html and "clean" not in html  # only the four classes are bits


def test_nothing_found_at_all(tmp_path: Path) -> None:
    model, asked = evaluated(tmp_path, [[], []])
    page = write_report({"a.onnx": model}, asked, parse_bars("90%"), tmp_path / "out", "cmd", 0)
    assert "verdict: fails (accuracy &gt; 0.9: 0, NO)" in page.read_text("utf-8")
    assert "–" in page.with_suffix(".md").read_text("utf-8")
