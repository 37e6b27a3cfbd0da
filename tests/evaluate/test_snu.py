"""The per-image score against a plain transcription of its authors' loops; files for WIDER FACE."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from test_wider import REAL
from test_wider import write_predictions as write_rows

from facesort.boxes import iou_matrix
from facesort.errors import DatasetError, LabelError
from facesort.evaluate.snu import evaluate_snu, image_score
from facesort.evaluate.wider import evaluate_wider, read_predictions, write_predictions
from facesort.models.detect import YoloDetector


def authors_score(truth: np.ndarray, rows: np.ndarray) -> float:
    """utils/metric.py, loop by loop; recall and precision swapped as there."""
    if not len(rows):
        return 0.0
    ious = iou_matrix(
        np.c_[rows[:, :2], rows[:, :2] + rows[:, 2:4]],
        np.c_[truth[:, :2], truth[:, :2] + truth[:, 2:]],
    )
    near = ious.max(axis=1) >= 0.4
    curve = np.zeros((100, 2), dtype=np.float32)
    for t in range(100):
        threshold = 1 - (t + 1) / 100
        right = np.zeros(len(rows))
        for best in ious.argmax(axis=0):
            right[best] = 1
        hits = (right * (rows[:, 4] >= threshold) * near).sum()
        curve[t] = hits / near.sum() if near.any() else np.nan, hits / len(truth)
    precision, recall = curve[:, 1], curve[:, 0]  # swapped: this is what is handed over
    total = 0.0
    for r in np.linspace(0, 1, 101):
        reached = np.argwhere(recall >= r)
        total += max(precision[reached.min() :]) if reached.size else 0
    return total / 101


@pytest.mark.parametrize("seed", range(30))
def test_equals_the_authors_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces = int(rng.integers(1, 8))
    corners, sizes = rng.integers(0, 200, (faces, 2)), rng.integers(9, 60, (faces, 2))
    truth = np.column_stack([corners, sizes]).astype(float)
    near = np.repeat(truth, 2, axis=0) + rng.normal(0, 5, (2 * faces, 4))
    boxes = np.maximum(near[rng.random(len(near)) < 0.7], 1)
    rows = np.column_stack([boxes, rng.uniform(0.02, 1, len(boxes))])
    assert image_score(truth, {"a": rows}, "a") == pytest.approx(authors_score(truth, rows), 1e-6)


FACE = np.array([[10.0, 10, 40, 40]])


@pytest.mark.parametrize(
    ("rows", "score"),
    [
        ([], 0.0),
        ([[10, 10, 40, 40, 0.9]], 1.0),
        ([[10, 10, 40, 40, 0.01]], 0.0),  # below 0.02
        ([[90, 90, 40, 40, 0.9]], 0.0),
        ([[10, 10, 40, 40, 0.03], [200, 200, 40, 40, 0.9]], 1.0),  # a false alarm costs nothing
        ([[10, 10, 40, 40, 0.9], [12, 10, 40, 40, 0.8]], 51 / 101),  # a double does
    ],
)
def test_by_hand(rows: list, score: float) -> None:
    found = {"a": np.array(rows, dtype=float).reshape(-1, 5)}
    assert image_score(FACE, found, "a") == pytest.approx(score)
    assert image_score(FACE, {}, "a") == 0


def test_images_are_averaged_by_the_difficulty_of_their_first_face(tmp_path: Path) -> None:
    row = "10 10 40 40 " + "-1.0 " * 16
    (tmp_path / "label.txt").write_text(
        f"# e/a.jpg\n{row}0\n{row}2\n# e/b.jpg\n{row}2\n# e/none.jpg\n0 0 0 0 {'-1.0 ' * 16}0\n"
    )
    write_rows(tmp_path / "p", {"e/a": np.array([[10.0, 10, 40, 40, 0.9]])})
    score = evaluate_snu(tmp_path / "label.txt", tmp_path / "p")
    assert score.images == 2  # one without a face, one without a prediction
    assert score.by_level["easy"] == pytest.approx(0.5)  # both faces lie on one another
    assert score.by_level["hard"] == 0 and np.isnan(score.by_level["medium"])
    assert score.mean == pytest.approx(0.25)


def test_a_list_without_difficulties(tmp_path: Path) -> None:
    (tmp_path / "label.txt").write_text("# a.jpg\n1 1 9 9 " + "-1.0 " * 16 + "\n")
    with pytest.raises(LabelError, match="no difficulty"):
        evaluate_snu(tmp_path / "label.txt", tmp_path)


def centre_detector() -> YoloDetector:
    """A network of 64 px that sees 400 faces of 2 px, none on another, and one too weak."""

    def forward(pixels: np.ndarray) -> np.ndarray:
        x, y = np.meshgrid(np.arange(20) * 3.0 + 2, np.arange(20) * 3.0 + 2)
        raw = np.zeros((6, 401), dtype=np.float32)
        raw[0, :400], raw[1, :400], raw[2:4, :400] = x.ravel(), y.ravel(), 2
        raw[4, :400] = np.linspace(0.002, 0.9, 400)
        raw[5, 400] = 0.0001
        return raw

    return YoloDetector(forward, ("face", "masked"), 64, "none")


def test_written_predictions_are_read_back(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("0--A/a.jpg", "0--A/a.png", "1--B/b.png"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (128, 128)).save(tmp_path / "images" / name)
    (tmp_path / "images" / "1--B" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    written = write_predictions(centre_detector(), tmp_path / "images", tmp_path / "p")
    assert written.files == 2
    assert written.left_out == {"another image of the same name": 1, "cannot be opened": 1}
    found = read_predictions(tmp_path / "p", {"0--A/a", "1--B/b", "2--C/c"})
    assert sorted(found) == ["0--A/a", "1--B/b"]
    assert len(found["1--B/b"]) == 400  # more than an album's 300, down to 0.001
    np.testing.assert_allclose(found["1--B/b"][0], [116, 116, 4, 4, 0.9], atol=0.01)
    with pytest.raises(DatasetError, match="is not empty"):
        write_predictions(centre_detector(), tmp_path / "images", tmp_path / "p")


def test_no_image_to_predict(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(DatasetError, match="no image that can be opened"):
        write_predictions(centre_detector(), tmp_path / "images", tmp_path / "p")


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no WIDER FACE ground truth in ../shared")
def test_a_published_detectors_predictions(tmp_path: Path) -> None:
    with tarfile.open(REAL / "yolov7_face_predictions.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    (predictions,) = tmp_path.iterdir()
    ap = evaluate_wider(REAL / "ground_truth", predictions).ap
    assert [round(value, 4) for value in ap.values()] == [0.9325, 0.9128, 0.8297]
    score = evaluate_snu(REAL / "label.txt", predictions)
    assert (round(score.mean, 4), score.images) == (0.9037, 3222)
