"""A model that lost its sight does not pass: neither by figures, nor a head in 8 bits."""

from pathlib import Path

import numpy as np
import pytest

from facesort.dataset.sample_data import make_sample_album
from facesort.evaluate.regression_gate import Quality, RegressionGate, losses
from facesort.labels.image_labels import ImageLabels
from facesort.models.detect import load_detector
from facesort.models.int8.quantize import SCHEMES, calibrate
from facesort.models.letterbox import letterbox
from facesort.photos import list_photos, open_photo

ROOT = Path(__file__).resolve().parents[2]
BEFORE = Quality(0.9, 0.6, (0.9, 0.8, float("nan")), 0.95)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Quality(0.0, 0.0, (0.0, 0.0, float("nan")), 0.0), ["finds nothing", "60.00", "a", "b"]),
        (BEFORE, []),
        (Quality(0.8, 0.595, (0.89, 0.79, float("nan")), 0.9), []),
        (Quality(0.9, 0.594, (0.9, 0.8, float("nan")), 0.9), ["mAP50-95 fell by 0.60 points"]),
        (Quality(0.9, 0.6, (0.9, 0.78, float("nan")), 0.9), ["recall of b fell by 2.0 points"]),
        (Quality(0.9, float("nan"), (0.9, 0.8, float("nan")), 0.9), ["mAP50-95 fell by nan"]),
    ],
)
def test_losses(after: Quality, expected: list[str]) -> None:
    found = losses(BEFORE, after, ("a", "b", "c"))
    assert len(found) == len(expected)
    assert all(part in line for part, line in zip(expected, found, strict=True))


def test_one_face_of_a_rare_class_is_within_the_bar_and_two_are_not() -> None:
    before = Quality(0.9, 0.6, (0.9, 0.8), 0.95, faces=(400, 20))
    assert losses(before, Quality(0.9, 0.6, (0.9, 0.75), 0.95), ("a", "b")) == []
    found = losses(before, Quality(0.9, 0.6, (0.885, 0.7), 0.95), ("a", "b"))
    assert [line.split(";")[0] for line in found] == [
        "recall of a fell by 1.5 points",
        "recall of b fell by 10.0 points",
    ]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> list[ImageLabels]:
    """Photos of the sample album, labelled by the shipped model itself."""
    album = tmp_path_factory.mktemp("gate") / "album"
    make_sample_album(album)
    detector = load_detector(ROOT / "weights" / "occlusion.onnx", imgsz=320)
    out = []
    for photo in list_photos(album).photos[:6]:
        rgb = open_photo(photo.path).rgb
        found = detector.detect([rgb])[0]
        size_wh = (rgb.shape[1], rgb.shape[0])
        out.append(ImageLabels.of(photo.path, size_wh, found.xyxy_px, found.class_id))
    return out


def test_a_head_quantized_on_purpose_is_refused(
    tmp_path: Path, labelled: list[ImageLabels]
) -> None:
    original = load_detector(ROOT / "weights" / "occlusion.onnx", imgsz=320)
    inputs = [letterbox(open_photo(item.path).rgb, 320)[0] for item in labelled]
    calibrated = calibrate(ROOT / "weights" / "occlusion.onnx", inputs, tmp_path)
    gate = RegressionGate(labelled, original)
    assert gate(original) == [] and gate.before.max_score > 0.5
    calibrated.write(tmp_path / "blind.onnx", SCHEMES[0], tail=False)
    faults = gate(load_detector(tmp_path / "blind.onnx", imgsz=320))
    assert any("mAP50-95 fell" in fault for fault in faults), faults
    assert gate.seen.map50_95 < 0.9 * gate.before.map50_95
    calibrated.write(tmp_path / "sees.onnx", SCHEMES[0])
    gate(load_detector(tmp_path / "sees.onnx", imgsz=320))
    assert gate.seen.map50 > 0.9 * gate.before.map50
    assert np.isclose(gate.seen.max_score, gate.before.max_score, atol=0.1)
