"""The benchmark measures what it says, and its tables say what was measured."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.evaluate.benchmark.benchmark import BenchmarkPlan, benchmark, class_in, face_crops
from facesort.evaluate.benchmark.candidates import Candidate, candidates, measure_cold_start
from facesort.evaluate.benchmark.results import Row, as_markdown, pareto, plot, write_csv
from facesort.labels.image_labels import ImageLabels
from facesort.models.runtime import in_turns_ms

ROOT = Path(__file__).resolve().parents[2]
ONNX = ROOT / "weights" / "occlusion.onnx"
ROW = Row("m", "onnxruntime", "photo", 640, 1, 9.0, 9.5, 10.0, 100.0, 3.0, 90.0, 0.5)


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, False),
        ({"map50": 0.95, "image_ms": 5.0}, True),
        ({"accuracy": 0.95, "image_ms": 5.0}, True),
        ({"map50": 0.90, "image_ms": 5.0}, False),
        ({"map50": 0.95, "image_ms": 6.0}, False),
        ({"map50": 0.95, "image_ms": 5.0, "mb": 15.0}, False),
    ],
)
def test_what_fits_a_phone(changes: dict, fits: bool) -> None:
    assert replace(ROW, **changes).fits == fits


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([], []),
        ([(5, 0.8)], [(5, 0.8)]),
        ([(5, 0.8), (9, 0.7), (8, 0.9), (5, 0.6)], [(5, 0.8), (8, 0.9)]),
    ],
)
def test_pareto(points: list, front: list) -> None:
    rows = [replace(ROW, image_ms=ms, map50=share) for ms, share in points]
    assert [(r.image_ms, r.map50) for r in pareto([*rows, ROW])] == front


def test_tables_and_plot(tmp_path: Path) -> None:
    rows = [replace(ROW, map50=0.95, image_ms=5.0), ROW]
    assert as_markdown([]).count("\n") == 2
    text = as_markdown(rows).splitlines()
    assert text[2].endswith("| yes |") and text[3].endswith("|  |")
    write_csv(rows, tmp_path / "b.csv")
    with (tmp_path / "b.csv").open(encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [row["fits"] for row in read] == ["True", "False"] and read[1]["map50"] == ""
    for shown in (rows, []):
        plot(shown, tmp_path / "b.png")
        with Image.open(tmp_path / "b.png") as image:
            assert image.size[0] > 500


def test_calls_take_turns() -> None:
    order: list[str] = []
    ms = in_turns_ms({n: lambda n=n: order.append(n) for n in "ab"}, rounds=3, warm_up=1)
    assert "".join(order) == "abababab" and [len(v) for v in ms.values()] == [3, 3]


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], -1),
        ([(50, 50, 60, 60, 1, 0.9)], -1),
        ([(0, 0, 60, 60, 1, 0.4), (10, 10, 40, 40, 2, 0.8), (50, 50, 60, 60, 3, 0.9)], 2),
    ],
)
def test_the_face_in_the_middle_counts(boxes: list, expected: int) -> None:
    rows = np.array(boxes, dtype=np.float64).reshape(-1, 6)
    found = Detections(rows[:, :4], rows[:, 4].astype(np.int64), rows[:, 5])
    assert class_in(found, (30, 30)) == expected


def test_crops_are_cut_around_large_faces(tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), "red").save(tmp_path / "a.png")
    boxes = [[0, 0, 40, 40], [100, 50, 110, 60], [100, 10, 150, 60]]
    item = ImageLabels.of(tmp_path / "a.png", (200, 100), boxes, [2, 0, -1])
    crops = list(face_crops([item, ImageLabels.of(tmp_path / "gone.png", (9, 9), [], [])]))
    assert [(c.rgb.shape, c.centre_px, c.class_id) for c in crops] == [((52, 52, 3), (20, 20), 2)]


def test_a_benchmark_without_labels_times_blank_images() -> None:
    plan = BenchmarkPlan([Candidate("shipped", "onnxruntime", ONNX)], [96], [64], [1], 3, [])
    rows = benchmark(plan, lambda items, n, unit: items)
    assert [(r.mode, r.imgsz) for r in rows] == [("photo", 96), ("crop", 64)]
    assert all(r.network_ms <= r.network_p95_ms and r.map50 is None for r in rows)


def test_the_onnx_detector_starts_without_torch() -> None:
    fresh = measure_cold_start(Candidate("shipped", "onnxruntime", ONNX), 640, 1)
    assert not fresh.uses_torch and 0 < fresh.start_s < 60
    assert sys.platform != "linux" or 30 < fresh.peak_mb < 400


@pytest.mark.parametrize(
    ("name", "backends", "message"),
    [
        ("gone.onnx", ["onnxruntime"], "no such model"),
        ("text.onnx", ["torch"], "none of torch runs text.onnx"),
    ],
)
def test_what_cannot_take_part(tmp_path: Path, name: str, backends: list, message: str) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match=message):
        candidates([tmp_path / name], backends, tmp_path, tmp_path)
    with pytest.raises(ModelError, match=r"text\.onnx in onnxruntime: .*cannot load it"):
        measure_cold_start(Candidate("t", "onnxruntime", tmp_path / "text.onnx"), 64, 1)
