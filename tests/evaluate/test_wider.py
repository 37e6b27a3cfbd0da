"""WIDER FACE's protocol against a plain transcription of the authors' loops."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facesort.errors import DatasetError, LabelError
from facesort.evaluate.wider import SUBSETS, evaluate_wider
from facesort.labels.widerface import mat_file
from facesort.labels.widerface.face_list import FaceList, ListedImage

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "widerface_val"


def authors_ap(images, found):
    """eval_tools of the benchmark, loop by loop. ``images``: name: (xywh, counted)."""
    scores = np.concatenate([rows[:, 4] for rows in found.values()])
    low, high = scores.min(), scores.max()
    curve, faces = np.zeros((1000, 2)), 0
    for name, (gt, counted) in images.items():
        faces += int(counted.sum())
        if name not in found or not len(found[name]):
            continue
        rows = found[name][np.argsort(-found[name][:, 4], kind="stable")]
        recall, proposal, running = np.zeros(len(gt)), np.ones(len(rows)), np.zeros(len(rows))
        for h, row in enumerate(rows):
            overlaps = []
            for g in gt:
                x1, y1 = max(row[0], g[0]), max(row[1], g[1])
                x2, y2 = min(row[0] + row[2], g[0] + g[2]), min(row[1] + row[3], g[1] + g[3])
                w, h_ = x2 - x1 + 1, y2 - y1 + 1
                inter = w * h_ if w > 0 and h_ > 0 else 0
                union = (row[2] + 1) * (row[3] + 1) + (g[2] + 1) * (g[3] + 1) - inter
                overlaps.append(inter / union)
            best = int(np.argmax(overlaps)) if overlaps else -1
            if overlaps and overlaps[best] >= 0.5:
                if not counted[best]:
                    recall[best], proposal[h] = -1, -1
                elif recall[best] == 0:
                    recall[best] = 1
            running[h] = (recall == 1).sum()
        scaled = (rows[:, 4] - low) / (high - low)
        for t in range(1000):
            reached = np.flatnonzero(scaled >= 1 - (t + 1) / 1000)
            if len(reached):
                curve[t, 0] += (proposal[: reached[-1] + 1] == 1).sum()
                curve[t, 1] += running[reached[-1]]
    precision = [b / a if a else 0 for a, b in curve]
    mrec = [0, *(curve[:, 1] / faces), 1]
    mpre = [0, *precision, 0]
    for i in range(len(mpre) - 1, 0, -1):
        mpre[i - 1] = max(mpre[i - 1], mpre[i])
    return sum((mrec[i + 1] - mrec[i]) * mpre[i + 1] for i in range(len(mrec) - 1))


def write_truth(folder: Path, images) -> None:
    listed = tuple(
        ListedImage.of(f"{name}.jpg", gt, counted[:, None].astype(float))
        for name, (gt, counted) in images.items()
    )
    for subset in SUBSETS:
        truth = FaceList((mat_file.COUNTED,), listed, 0)
        mat_file.write(truth, folder / f"wider_{subset}_val.mat")


def write_predictions(folder: Path, found) -> None:
    for name, rows in found.items():
        file = folder / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        body = "".join(" ".join(map(repr, row)) + "\n" for row in rows.tolist())
        file.write_text(f"{name}\n{len(rows)}\n{body}")


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_authors_loops(tmp_path: Path, seed: int) -> None:
    """Random images with hits, near misses, doubles, faces that do not count, and gaps."""
    rng = np.random.default_rng(seed)
    images, found = {}, {}
    for i in range(12):
        name = f"{i % 3}--Event/{i}_image"
        n = int(rng.integers(0, 6))
        gt = np.column_stack([rng.integers(0, 200, (n, 2)), rng.integers(4, 60, (n, 2))]) * 1.0
        images[name] = gt, rng.random(n) < 0.7
        near = np.repeat(gt, 2, axis=0) + rng.normal(0, 4, (2 * n, 4))
        far = np.column_stack([rng.integers(0, 200, (3, 2)), rng.integers(4, 60, (3, 2))])
        boxes = np.maximum(np.concatenate([near, far]), 1)
        if i % 5 != 4:  # one in five has no prediction file
            found[name] = np.column_stack([boxes, rng.random(len(boxes)).round(2)])
    found["0--Event/0_image"] = np.zeros((0, 5))
    write_truth(tmp_path, images)
    write_predictions(tmp_path / "predictions", found)
    result = evaluate_wider(tmp_path, tmp_path / "predictions")
    assert result.ap["hard"] == pytest.approx(authors_ap(images, found), abs=1e-12)
    assert (result.predicted, result.images) == (len(found), 12)
    assert result.faces["easy"] == sum(int(counted.sum()) for _, counted in images.values())


ONE = {"0--A/a": (np.array([[10.0, 10, 30, 30]]), np.array([True]))}


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, DatasetError, "no prediction of any of the 1 images"),
        ("", LabelError, "not a prediction file"),
        ("a\n2\n1 2 3 4 0.5\n", LabelError, "not a prediction file"),
        ("a\n1\n1 2 3 4 high\n", LabelError, "not a prediction file"),
    ],
)
def test_predictions_that_cannot_be_read(
    tmp_path: Path, content: str | None, error: type[Exception], message: str
) -> None:
    write_truth(tmp_path, ONE)
    (tmp_path / "predictions" / "0--A").mkdir(parents=True)
    if content is not None:
        (tmp_path / "predictions" / "0--A" / "a.txt").write_text(content)
    with pytest.raises(error, match=message):
        evaluate_wider(tmp_path, tmp_path / "predictions")


def test_the_script_prints_four_decimals(tmp_path: Path) -> None:
    write_truth(tmp_path, ONE)
    write_predictions(tmp_path / "p", {"0--A/a": np.array([[10.0, 10, 30, 30, 0.9]])})
    options = ["--protocol", "widerface", "--ground-truth", tmp_path, "--predictions"]
    script = [sys.executable, str(ROOT / "tools" / "evaluate_yolo.py"), *map(str, options)]
    done = subprocess.run([*script, str(tmp_path / "p")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:4]] == [
        ["easy", "1.0000"],
        ["medium", "1.0000"],
        ["hard", "1.0000"],
    ]
    missing = subprocess.run(script[:-1], capture_output=True, text=True)
    assert missing.returncode == 2
    assert "--predictions" in missing.stderr


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="no WIDER FACE ground truth in ../shared")
def test_the_real_ground_truth(tmp_path: Path) -> None:
    """Its own boxes as predictions find every face of every subset."""
    truth = mat_file.read(REAL / "ground_truth" / "wider_hard_val.mat")
    found = {
        p.name[: -len(".jpg")]: np.column_stack([p.xywh_px, np.ones(len(p.xywh_px))])
        for p in truth.images
    }
    write_predictions(tmp_path, found)
    result = evaluate_wider(REAL / "ground_truth", tmp_path)
    assert result.faces == {"easy": 7211, "medium": 13319, "hard": 31958}
    assert min(result.ap.values()) > 0.99
