"""On real photos: covered faces do not pass, and most bare portraits of strangers do."""

from pathlib import Path

import pytest

from facesort.media.selfie_check import SelfieChecker
from facesort.models.detect import load_detector, with_second_looks
from facesort.models.people.points import load_point_finder
from facesort.photos import open_photo
from facesort.selfie.check import Verdict
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
    points = load_point_finder(ROOT / "weights" / "face_points.onnx")
    checker = SelfieChecker(with_second_looks(detector), points, limits)
    photos = [open_photo(path) for path in sorted((DATA / folder).iterdir())[:IMAGES]]
    return [checker.check(photo)[0] for photo in photos]


def test_strangers_pass() -> None:
    found = verdicts("strangers")
    assert sum(v.usable for v in found) >= 0.7 * IMAGES
    assert sum(bool(v.covered) for v in found) <= 2


def test_clear_eyeglasses_cover_nothing() -> None:
    """Two of the folder's thirteen mirror the room, or are tinted: no eye is seen in them."""
    names = sorted(path.name for path in (DATA / "selfies_sunglasses/clear_eyeglasses").iterdir())
    found = dict(zip(names, verdicts("selfies_sunglasses/clear_eyeglasses"), strict=False))
    assert len(found) == 13
    assert {name for name, v in found.items() if v.covered} <= {"03.jpg", "11.jpg"}


@pytest.mark.parametrize(
    ("folder", "what"), [("crops/with_mask", "mouth"), ("selfies_sunglasses/images", "eyes")]
)
def test_covered_faces_do_not(folder: str, what: str) -> None:
    found = verdicts(folder)
    assert sum(v.usable for v in found) <= 2  # a few wear nothing, whatever the folder's name
    assert sum(what in v.covered for v in found) >= 0.8 * IMAGES
