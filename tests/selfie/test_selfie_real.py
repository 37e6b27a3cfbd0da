"""On real photos: covered faces do not pass, and most bare portraits of strangers do."""

from pathlib import Path

import pytest

from facesort.models.detect import load_detector
from facesort.photos import open_photo
from facesort.selfie.check import Verdict, check_selfie
from facesort.selfie.limits import read_limits

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"
IMAGES = 30

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data"),
]


def verdicts(folder: str) -> list[Verdict]:
    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    detector = load_detector(ROOT / "weights" / "occlusion.onnx", imgsz=limits.network_px)
    photos = [open_photo(path) for path in sorted((DATA / folder).iterdir())[:IMAGES]]
    return [check_selfie(p, detector.detect([p.rgb])[0], limits) for p in photos]


def test_strangers_pass() -> None:
    found = verdicts("strangers")
    assert sum(v.usable for v in found) >= 0.7 * IMAGES
    assert sum(bool(v.covered) for v in found) <= 2


@pytest.mark.parametrize(
    ("folder", "what"), [("crops/with_mask", "mouth"), ("selfies_sunglasses/images", "eyes")]
)
def test_covered_faces_do_not(folder: str, what: str) -> None:
    found = verdicts(folder)
    assert sum(v.usable for v in found) <= 2  # a few wear nothing, whatever the folder's name
    assert sum(what in v.covered for v in found) >= 0.8 * IMAGES
