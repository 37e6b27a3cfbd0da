"""The comparison counts by its stated rule, and says what is not available."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from facesort.boxes import Boxes, as_boxes
from facesort.classes import FaceClass
from facesort.errors import DatasetError, FacesortError, LabelError
from facesort.evaluate.baselines.comparison import GroundTruth, as_markdown, compare, read_truth
from facesort.evaluate.baselines.detectors import BASELINES, Baseline, NotInstalled, open_baseline
from facesort.labels.image_labels import IGNORE, ImageLabels

ROOT = Path(__file__).resolve().parents[2]


def image(path: Path, size_wh: tuple[int, int] = (100, 80)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (*size_wh[::-1], 3), dtype=np.uint8)).save(path)
    return path


def saying(*boxes: Sequence[float]):
    """A detector that always gives these boxes."""

    def find(_: NDArray[np.uint8]) -> Boxes:
        return as_boxes(boxes)

    return find


def failing(_: NDArray[np.uint8]) -> Boxes:
    raise ValueError("no")


def labels(path: Path, boxes: Sequence[Sequence[float]], classes: Sequence[int]) -> ImageLabels:
    return ImageLabels.of(path, (100, 80), boxes, classes)


@pytest.mark.parametrize(
    ("boxes", "found", "extra"),
    [
        ([], [0, 0, 0, 0], 0),
        ([(0, 0, 40, 40)], [1, 0, 0, 0], 0),
        ([(0, 0, 40, 40), (1, 1, 41, 41)], [1, 0, 0, 0], 1),  # one face, two boxes
        ([(50, 0, 90, 40)], [0, 0, 0, 1], 0),
        ([(50, 0, 90, 90)], [0, 0, 0, 1], 0),  # IoU .44
        ([(50, 0, 99, 99)], [0, 0, 0, 0], 1),
        ([(0, 60, 40, 80)], [0, 0, 0, 0], 0),  # the small one, and on the unknown one: neither
        ([(45, 45, 85, 80)], [0, 0, 0, 0], 0),
    ],
)
def test_labelled_boxes(
    tmp_path: Path, boxes: list[tuple[float, ...]], found: list[int], extra: int
) -> None:
    true = [(0, 0, 40, 40), (50, 0, 90, 40), (0, 60, 20, 70), (45, 45, 85, 80)]
    classes = [FaceClass.face, FaceClass.masked_sunglasses, FaceClass.face, IGNORE]
    truth = GroundTruth((labels(image(tmp_path / "a.png"), true, classes),))
    result = compare({"it": saying(*boxes)}, truth, min_side_px=32)
    assert result.faces.tolist() == [1, 0, 0, 1]
    assert result.scores["it"].found.tolist() == found
    assert result.scores["it"].extra == extra


@pytest.mark.parametrize(
    ("boxes", "found", "extra"),
    [
        ([], 0, 0),
        ([(10, 5, 90, 75)], 1, 0),
        ([(10, 5, 90, 75), (20, 10, 80, 70)], 1, 0),
        ([(45, 35, 55, 45)], 0, 1),  # in the middle, but a nose
        ([(60, 20, 100, 60)], 0, 1),  # large, but beside the middle
    ],
)
@pytest.mark.parametrize("pad", [0, 0.5])
def test_crops(
    tmp_path: Path, boxes: list[tuple[float, ...]], found: int, extra: int, pad: float
) -> None:
    image(tmp_path / "masked" / "a.png")
    (tmp_path / "masked" / "b.png").write_bytes(b"damaged")
    truth = read_truth(tmp_path, "test", {})
    assert truth.crops and truth.left_out.total() == 1
    moved = [np.array(box) + [100 * pad, 80 * pad] * 2 for box in boxes]
    result = compare({"it": saying(*moved)}, truth, 32, pad)
    assert result.faces.tolist() == [0, 1, 0, 0]
    assert result.scores["it"].found.tolist() == [0, found, 0, 0]
    assert result.scores["it"].extra == extra


def test_no_images_and_a_detector_that_fails(tmp_path: Path) -> None:
    assert "0 faces" in as_markdown(compare({"it": failing}, GroundTruth(()), 32), {})
    gone = labels(tmp_path / "gone.png", [], [])
    here = labels(image(tmp_path / "a.png"), [(0, 0, 40, 40)], [3])
    result = compare(
        {"it": failing, "MTCNN": saying((0, 0, 40, 40))}, GroundTruth((gone, here)), 32
    )
    assert result.images == 1 and len(result.unreadable) == 1
    assert result.scores["it"].failed == 1
    text = as_markdown(result, {"dlib HOG": "pip install dlib-bin"})
    assert "| it (1 failed) | - | - | - | 0 of 1 (0%) | 0 of 1 (0%) | 0 | nan |" in text
    assert "| MTCNN | 540 of 729 (74%) | 1 of 1 (100%) |" in text
    assert "| dlib HOG | 104 of 729 (14%) | not available |" in text
    assert "- dlib HOG: pip install dlib-bin" in text


def test_truth_of_a_yaml_and_of_labels(tmp_path: Path) -> None:
    image(tmp_path / "images" / "test" / "a.png")
    file = tmp_path / "labels" / "test" / "a.txt"
    file.parent.mkdir(parents=True)
    file.write_text("2 0.5 0.5 0.4 0.5\n", encoding="utf-8")
    data = tmp_path / "data.yaml"
    data.write_text("test: images/test\nnames: [face, masked, sunglasses, masked_sunglasses]\n")
    truth = read_truth(data, "test", {})
    assert not truth.crops and truth.images[0].class_id.tolist() == [2]
    assert len(truth.with_class(FaceClass.sunglasses).images) == 1
    assert len(truth.with_class(FaceClass.face).images) == 0
    with pytest.raises(DatasetError, match="no split 'val'"):
        read_truth(data, "val", {})
    data.write_text("test: images/test\nnames: [anna, ben, masked]\n")
    assert read_truth(data, "test", {}).images[0].class_id.tolist() == [1]
    data.write_text("test: images/test\nnames: [anna, ben, carl]\n")
    with pytest.raises(LabelError, match="carl"):
        read_truth(data, "test", {})
    assert read_truth(data, "test", {"carl": "both"}).images[0].class_id.tolist() == [3]
    with pytest.raises(FacesortError):
        read_truth(tmp_path / "none", "test", {})


def missing(_: Path):
    raise ModuleNotFoundError("No module named 'dlib'")


@pytest.mark.parametrize(
    ("rival", "weights", "message"),
    [
        (Baseline("a", missing, "dlib-bin"), None, "pip install dlib-bin .*No module named 'dlib'"),
        (Baseline("a", missing, "dlib-bin", "mmod", "m.dat"), None, "give --mmod m.dat"),
        (
            Baseline("a", missing, "dlib-bin", "mmod", "m.dat"),
            "x.dat",
            "--mmod .*x.dat: no such file",
        ),
        (Baseline("a", failing, "p", "w", "w.dat"), __file__, "a cannot load it .no."),
    ],
)
def test_what_is_not_here_says_what_it_lacks(
    rival: Baseline, weights: str | None, message: str
) -> None:
    with pytest.raises(NotInstalled, match=message):
        open_baseline(rival, Path(weights) if weights else None)


@pytest.mark.parametrize("rival", [r for r in BASELINES if r.option], ids=lambda r: r.name)
def test_a_file_that_is_no_model(tmp_path: Path, rival: Baseline) -> None:
    file = tmp_path / "empty.onnx"
    file.write_bytes(b"")
    with pytest.raises(NotInstalled):
        open_baseline(rival, file)


def test_the_script_prints_markdown(tmp_path: Path) -> None:
    image(tmp_path / "face" / "1.png")
    script = ROOT / "tools" / "compare_detectors.py"
    command = [sys.executable, script, tmp_path, "--imgsz", "64"]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| detector | `face` |")
    assert "| occlusion.onnx, 64 px | 0 of 1 (0%) |" in done.stdout
    assert "- YuNet: give --yunet face_detection_yunet_2023mar.onnx" in done.stdout
