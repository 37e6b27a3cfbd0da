"""What the pixels tell: EXIF that turns an image away from its label, faces hard to see."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from small_sets import clean_set, image, jpeg, write_set

from facesort.boxes import xywhn_to_xyxy
from facesort.dataset.check.checker import Checked, check
from facesort.dataset.check.lint import turned_px
from facesort.dataset.check.sample import ImageStats, Sample, read_lines, read_samples
from facesort.dataset.yolo_dataset import read_layout
from facesort.detections import Detections
from facesort.photos import open_photo

WIDE, HIGH = (400, 300), (300, 400)
FACE_WH_PX = (60, 80)  # higher than wide, as faces are


def row(centre_px: tuple[int, int], size_wh: tuple[int, int]) -> str:
    (x, y), (w, h), (fw, fh) = centre_px, size_wh, FACE_WH_PX
    return f"0 {x / w:.6f} {y / h:.6f} {fw / w:.6f} {fh / h:.6f}\n"


def turned_set(root: Path, orientation: int, label: str, upright: int = 10) -> Path:
    """Upright images with two faces each, and one that EXIF turns."""
    two = row((100, 100), WIDE) + row((300, 200), WIDE)
    images = {f"train/{i}.jpg": jpeg(image(i, WIDE)) for i in range(upright)}
    labels = {f"train/{i}.txt": two for i in range(upright)}
    images["train/turned.jpg"] = jpeg(image(99, WIDE), orientation)
    return write_set(root, images, {**labels, "train/turned.txt": label}, ("face",))


def found(checked: Checked) -> list[str]:
    return [f.check for f in checked.issues if f.check.startswith("exif")]


def as_stored(centre_px: tuple[int, int]) -> str:
    """A label on the stored image (wide), where an upright face lies on its side."""
    (x, y), (w, h), (fw, fh) = centre_px, WIDE, FACE_WH_PX
    return f"0 {x / w:.6f} {y / h:.6f} {fh / w:.6f} {fw / h:.6f}\n"


@pytest.mark.parametrize(
    ("orientation", "label", "upright", "expected"),
    [
        (1, as_stored((100, 100)), 10, []),  # nothing is turned
        (6, "", 10, []),  # nothing is labelled
        (6, row((100, 100), HIGH), 10, []),  # labelled as it is shown
        (6, as_stored((100, 100)), 10, ["exif-unsure"]),
        (8, as_stored((100, 100)), 10, ["exif-unsure"]),
        (3, row((100, 100), WIDE), 10, []),  # upside down: shapes cannot tell
        (6, as_stored((100, 100)), 9, []),  # 18 upright faces are too few to know the shape
        (6, row((290, 100), HIGH), 10, ["exif"]),  # leaves the image
    ],
)
def test_shapes_tell_a_label_made_before_turning(
    tmp_path: Path, orientation: int, label: str, upright: int, expected: list[str]
) -> None:
    yaml = turned_set(tmp_path, orientation, label, upright)
    assert found(check(read_layout(yaml))) == expected


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_a_model_is_sure_where_shapes_are_not(tmp_path: Path, orientation: int) -> None:
    yaml = turned_set(tmp_path, orientation, as_stored((100, 100)))
    (sample,) = (s for s in read_samples(read_layout(yaml)) if s.path.stem == "turned")
    size_wh = HIGH if orientation >= 5 else WIDE
    nothing = np.zeros(0)
    seen = turned_px(sample, ImageStats(size_wh, orientation, "", 0, nothing, nothing))

    def detect(rgb: np.ndarray) -> Detections:
        return Detections(seen, np.zeros(len(seen), dtype=np.int64), np.full(len(seen), 0.9))

    assert found(check(read_layout(yaml), detect, {0})) == ["exif"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_a_label_follows_the_pixels(tmp_path: Path, orientation: int) -> None:
    """A white patch in the stored image is where the turned label says."""
    stored = np.zeros((300, 400, 3), dtype=np.uint8)
    stored[80:120, 40:120] = 255
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg(Image.fromarray(stored), orientation))
    upright = open_photo(file)
    lines = read_lines(f"0 {80 / 400} {100 / 300} {80 / 400} {40 / 300}")
    sample = Sample("train", file, Path("a.jpg"), "a.jpg", file, lines, 1)
    nothing = np.zeros(0)
    look = ImageStats(upright.size_wh, orientation, "", 0, nothing, nothing)
    x1, y1, x2, y2 = turned_px(sample, look)[0].round().astype(int)
    assert upright.rgb[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].min() > 200
    assert (upright.rgb > 128).sum() == pytest.approx(3 * (x2 - x1) * (y2 - y1), rel=0.05)


def faces_of(checked: Checked, name: str) -> list[tuple[str, int | None]]:
    return [(f.image.stem if f.image else "", f.box) for f in checked.by_check.get(name, [])]


def test_small_blurred_and_dark_faces(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(90, 250, (200, 200, 3), dtype=np.uint8)
    sharp = Image.fromarray(noise)
    images = {
        "train/sharp.jpg": jpeg(sharp),
        "train/blurred.jpg": jpeg(sharp.filter(ImageFilter.GaussianBlur(8))),
        "train/dark.jpg": jpeg(sharp.point(lambda v: v // 5)),
    }
    rows = "0 .5 .5 .4 .4\n0 .1 .1 .05 .05\n"
    labels = {name.replace("jpg", "txt"): rows for name in images}
    checked = check(read_layout(write_set(tmp_path, images, labels, ("face",))))
    assert faces_of(checked, "small") == [("blurred", 1), ("dark", 1), ("sharp", 1)]
    assert faces_of(checked, "blurred") == [("blurred", 0)]
    assert faces_of(checked, "dark") == [("dark", 0), ("dark", 1)]
    assert not checked.has_errors


def test_a_large_image_is_looked_at_reduced_but_measured_whole(tmp_path: Path) -> None:
    files = {"train/a.jpg": jpeg(image(1, (4000, 3000)))}
    yaml = write_set(tmp_path, files, {"train/a.txt": "0 .5 .5 .003 .003\n"}, ("face",))

    def detect(rgb: np.ndarray) -> Detections:
        assert max(rgb.shape) < 4000
        box = xywhn_to_xyxy([[0.5, 0.5, 0.2, 0.2]], (rgb.shape[1], rgb.shape[0]))
        return Detections(box, np.zeros(1, dtype=np.int64), np.ones(1))

    checked = check(read_layout(yaml), detect, {0})
    (small,) = checked.by_check["small"]
    assert "shorter side 9 px" in small.message
    (missing,) = checked.label_errors["missing box"]
    assert missing.xyxy_px == pytest.approx((1600, 1200, 2400, 1800), abs=4)


def test_upright_images_are_left_alone(tmp_path: Path) -> None:
    assert found(check(read_layout(clean_set(tmp_path)))) == []
