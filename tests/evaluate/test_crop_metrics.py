"""Crops judged by a detector that knows only colours: what it says is known beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.classes import CLASS_NAMES
from facesort.detections import Detections
from facesort.errors import DatasetError
from facesort.evaluate.crop_metrics import measure_crops, read_crops
from facesort.evaluate.report.plain import of_crops

COLOURS = {"face": 0, "masked": 60, "sunglasses": 120, "masked_sunglasses": 180}
NOTHING = 240


@dataclass(frozen=True)
class ColourDetector:
    """The class of the grey in the middle, from `COLOURS`; no face where it is `NOTHING`. It is
    never surer than 0.1."""

    conf: float = 0.25
    names = CLASS_NAMES

    def detect(self, images_rgb: Sequence[np.ndarray]) -> list[Detections]:
        return [self.detect_one(rgb) for rgb in images_rgb]

    def detect_one(self, rgb: np.ndarray) -> Detections:
        grey = int(rgb[rgb.shape[0] // 2, rgb.shape[1] // 2, 0])
        ids = [] if grey >= NOTHING - 5 or self.conf > 0.1 else [round(grey / 60)]
        boxes = np.tile([0.0, 0, 9, 9], (len(ids), 1))
        return Detections(boxes, np.array(ids, dtype=np.int64), np.full(len(ids), 0.1))


def write_crops(root: Path, crops: dict[str, int]) -> Path:
    for name, grey in crops.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (grey, grey, grey)).save(root / name)
    return root


def test_every_crop_is_counted_once(tmp_path: Path) -> None:
    root = write_crops(
        tmp_path,
        {
            "face/a.png": 0,
            "without_mask/b.png": 0,  # an alias
            "masked/a.png": 60,
            "masked/b.png": 0,  # covered, called clean
            "sunglasses/a.png": 180,
            "masked_sunglasses/a.png": NOTHING,
            "cats/a.png": 0,
        },
    )
    (root / "masked" / "broken.png").write_bytes(b"no image")
    judged = measure_crops(ColourDetector(), read_crops(root, CLASS_NAMES), resamples=50)
    assert judged.confusion.tolist() == [
        [2, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0],
    ]
    assert judged.left_out == {"cannot be opened": 1, "unknown class 'cats'": 1}
    assert judged.came_in == 8
    assert judged.overall["accuracy"][0] == pytest.approx(3 / 6)  # no prediction is an error
    assert judged.overall["macro recall"][0] == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert judged.overall["occluded predicted clean"][0] == pytest.approx(1 / 4)
    assert [(e.true_id, e.named_id) for e in judged.errors] == [(1, 0), (2, 3), (3, None)]
    text = of_crops(judged)
    assert "no prediction (an error): 1 of 6" in text
    assert "8 came in = 6 judged + 2 left out" in text


def test_a_table_names_the_classes(tmp_path: Path) -> None:
    write_crops(tmp_path, {"x/a.png": 60, "x/b.png": 60})
    (tmp_path / "t.csv").write_text("image,class\nx/a.png,masked\nx/b.png,face\nx/c.png,face\n")
    judged = measure_crops(
        ColourDetector(), read_crops(tmp_path / "t.csv", CLASS_NAMES), resamples=5
    )
    assert (len(judged.outcomes), judged.left_out) == (2, {"not there": 1})


def test_no_crop_can_be_judged(tmp_path: Path) -> None:
    crops = read_crops(write_crops(tmp_path, {"cats/a.png": 0}), CLASS_NAMES)
    with pytest.raises(DatasetError, match="no crop can be judged"):
        measure_crops(ColourDetector(), crops)
