"""Changed copies: the boxes follow the image, what leaves it is gone, and nothing is fetched."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.boxes import as_boxes, iou_matrix
from facesort.dataset.balance import augment as module
from facesort.dataset.balance.augment import augment
from facesort.labels.image_labels import IGNORE, ImageLabels

SIZE_WH = 320, 240
TOOLS = Path(__file__).resolve().parents[2] / "tools"


def disc(xyxy_px: list[int], size_wh: tuple[int, int] = SIZE_WH) -> NDArray[np.uint8]:
    """A white ellipse in a box, on black: a face whose edges can be measured."""
    w, h = size_wh
    x1, y1, x2, y2 = xyxy_px
    y, x = np.mgrid[:h, :w] + 0.5
    inside = ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2 <= 0.25
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, axis=2)


def labels_of(boxes: list[list[int]], size_wh: tuple[int, int] = SIZE_WH) -> ImageLabels:
    return ImageLabels.of(Path("a.jpg"), size_wh, boxes, [1] * len(boxes))


def test_no_box_is_no_trouble() -> None:
    copy = augment(np.zeros((240, 320, 3), np.uint8), labels_of([]), Path("b.jpg"), [0])
    assert copy.labels.xyxy_px.shape == (0, 4)
    assert copy.gone == 0


@pytest.mark.parametrize("seed", range(8))
def test_the_box_follows_the_face(seed: int) -> None:
    box = [180, 60, 240, 150]
    copy = augment(disc(box), labels_of([box]), Path("b.jpg"), [seed])
    assert copy.rgb.shape == (240, 320, 3) and copy.rgb.dtype == np.uint8
    # the middle of the image is black or white; the grey of the corners stays outside
    grey = copy.rgb[40:200, 40:280, 0].astype(float)
    y, x = np.nonzero(grey > (grey.min() + grey.max()) / 2)
    seen = [[x.min() + 40, y.min() + 40, x.max() + 41, y.max() + 41]]
    assert iou_matrix(seen, copy.labels.xyxy_px)[0, 0] > 0.95
    assert copy.labels.path == Path("b.jpg") and copy.labels.class_id.tolist() == [1]


def test_a_smaller_image_has_smaller_boxes() -> None:
    box = [180, 60, 240, 150]
    whole = augment(disc(box), labels_of([box]), Path("b.jpg"), [3]).labels.xyxy_px
    half_rgb = disc([90, 30, 120, 75], (160, 120))
    half = augment(half_rgb, labels_of([box]), Path("b.jpg"), [3]).labels
    assert half.size_wh == (160, 120)
    assert half.xyxy_px * 2 == pytest.approx(whole)


def test_a_turned_box_is_that_of_the_ellipse() -> None:
    matrix = module._flip_and_turn((200, 200), False, 90.0)
    assert module._move(as_boxes([[40, 90, 60, 120]]), matrix)[0] == pytest.approx(
        [80, 40, 110, 60]
    )
    turned = module._move(
        as_boxes([[80, 80, 120, 120]]), module._flip_and_turn((200, 200), True, 45)
    )
    assert turned[0] == pytest.approx([80, 80, 120, 120])  # a circle stays as wide


def test_boxes_that_leave_are_dropped_and_painted_over() -> None:
    corner, middle = [0, 0, 14, 14], [150, 100, 190, 150]
    gone = 0
    for seed in range(12):
        copy = augment(disc(corner), labels_of([corner, middle]), Path("b.jpg"), [seed])
        kept = copy.labels.class_id != IGNORE
        assert kept[1]
        gone += copy.gone
        boxes = copy.labels.xyxy_px[kept]
        assert (boxes >= 0).all() and (boxes <= [320, 240, 320, 240]).all()
        if not kept[0]:
            x1, y1, x2, y2 = copy.labels.xyxy_px[0].round().astype(int)
            assert len(np.unique(copy.rgb[y1:y2, x1:x2].reshape(-1, 3), axis=0)) <= 1
    assert 0 < gone < 12


def test_a_seed_is_one_copy() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    labels = labels_of([[10, 10, 40, 40]], (80, 60))
    first, again, other = (augment(rgb, labels, Path("b.jpg"), seed) for seed in ([1], [1], [2]))
    assert (first.rgb == again.rgb).all()
    assert (first.rgb != other.rgb).any()
    assert (rgb == np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).all()


@pytest.mark.parametrize("size_wh", [(10, 10), (1, 1), (2, 300)])
def test_odd_sizes_pass(size_wh: tuple[int, int]) -> None:
    rgb = np.full((size_wh[1], size_wh[0], 3), 200, np.uint8)
    for seed in range(4):
        copy = augment(rgb, labels_of([[0, 0, *size_wh]], size_wh), Path("b.jpg"), [seed])
        assert copy.rgb.shape == rgb.shape


def test_augmenting_opens_no_connection() -> None:
    code = (
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event.startswith('socket.') or event == 'urllib.Request': raise SystemExit(event)\n"
        "sys.addaudithook(refuse)\n"
        f"sys.path.insert(0, {str(TOOLS)!r})\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from facesort.dataset.balance.augment import augment\n"
        "from facesort.labels.image_labels import ImageLabels\n"
        "labels = ImageLabels.of(Path('a.jpg'), (9, 9), [[1, 1, 8, 8]], [0])\n"
        "augment(np.zeros((9, 9, 3), np.uint8), labels, Path('b.jpg'), [0])\n"
        "print(sorted({'torch', 'albumentations'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
