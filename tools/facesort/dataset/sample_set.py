"""Makes a small SAMPLE data set, so that a training can be tried where no photos are at hand.

Two portraits without copyright, cut, mirrored and scaled at random, with masks and sunglasses drawn
onto them. It shows that everything runs. It teaches nothing: all splits show the same two people,
so figures on it mean nothing. Every image is called ``synthetic_sample_*``, as all are that must
not be judged on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facesort.boxes import Boxes, as_boxes
from facesort.classes import FaceClass
from facesort.dataset.sample_images import PORTRAITS, WITHOUT_FACES, Pixels, SampleImage
from facesort.dataset.splits import SPLITS
from facesort.dataset.writer import write_jpeg
from facesort.errors import DatasetError
from facesort.files import replacing_folder
from facesort.labels import yolo
from facesort.labels.image_labels import SYNTHETIC_PREFIX, ImageLabels
from facesort.photos import open_photo

IMAGES = {"train": 64, "val": 16, "test": 16}
SIZE_PX = 320  # of each image, width and height
MARKER = "SAMPLE.txt"
NOTE = """\
This is a SAMPLE data set: two portraits with drawn masks and sunglasses. It shows that a training
runs; figures on it mean nothing. Build a real one with: python tools/build_dataset.py --help
(it replaces this folder).
"""


def make_sample_set(root: Path, seed: int = 0) -> str:
    """Make the sample at ``root`` (images/<split>, labels/<split>), whole or not at all, and return
    what to tell the user. Raises `DatasetError` where ``root`` holds something else."""
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise DatasetError(
            f"{root}: holds files, but not the images that the YAML names; build it again with "
            "python tools/build_dataset.py, or move it away to get a sample set"
        )
    rng = np.random.default_rng(seed)
    with replacing_folder(root) as folder:
        for split in SPLITS:
            for number in range(IMAGES[split]):
                _write(folder, split, number, rng)
        (folder / MARKER).write_text(NOTE, encoding="utf-8")
        (folder / "BUILT_BY_FACESORT").write_text("tools/build_dataset.py may replace all this\n")
    total = sum(IMAGES.values())
    return f"{root}: made a SAMPLE of {total} images (two people, drawn masks); see {MARKER}"


def _write(folder: Path, split: str, number: int, rng: np.random.Generator) -> None:
    if number % 8 == 7:  # some images without a face
        rgb, boxes = _background(WITHOUT_FACES[number // 8 % len(WITHOUT_FACES)], rng)
        classes = np.zeros(0, dtype=np.int64)
    else:
        face_class = FaceClass(number % len(FaceClass))
        rgb, boxes = _portrait(PORTRAITS[number // 4 % len(PORTRAITS)], face_class, rng)
        classes = np.array([int(face_class)])
    path = folder / "images" / split / f"{SYNTHETIC_PREFIX}sample_{split}_{number:03d}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_jpeg(rgb, path)
    yolo.write(ImageLabels.of(path, (SIZE_PX, SIZE_PX), boxes, classes))


def _portrait(
    image: SampleImage, face_class: FaceClass, rng: np.random.Generator
) -> tuple[Pixels, Boxes]:
    """A random square around the face, dressed as ``face_class``, and the face's box in it."""
    rgb = image.wearing(face_class, rng)
    x1, y1, x2, y2 = image.face_xyxy or (0, 0, 0, 0)
    height, width = rgb.shape[:2]
    side = int(min(max(x2 - x1, y2 - y1) * rng.uniform(1.3, 3.5), width, height))
    left = int(rng.integers(max(0, x2 - side), min(x1, width - side) + 1))
    top = int(rng.integers(max(0, y2 - side), min(y1, height - side) + 1))
    box = (np.array([x1, y1, x2, y2], dtype=np.float64) - [left, top, left, top]) / side * SIZE_PX
    square = _resized(rgb[top : top + side, left : left + side], rng)
    if rng.random() < 0.5:
        square = np.ascontiguousarray(square[:, ::-1])
        box = np.array([SIZE_PX - box[2], box[1], SIZE_PX - box[0], box[3]])
    return square, as_boxes(box)


def _background(image: SampleImage, rng: np.random.Generator) -> tuple[Pixels, Boxes]:
    rgb: Pixels = open_photo(image.path).rgb
    side = int(min(rgb.shape[:2]) * rng.uniform(0.5, 1.0))
    top = int(rng.integers(0, rgb.shape[0] - side + 1))
    left = int(rng.integers(0, rgb.shape[1] - side + 1))
    return _resized(rgb[top : top + side, left : left + side], rng), as_boxes([])


def _resized(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """At `SIZE_PX`, a little brighter or darker."""
    import cv2

    resized = cv2.resize(
        np.ascontiguousarray(rgb), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA
    )
    bright = resized.astype(np.float32) * rng.uniform(0.75, 1.25)
    return np.asarray(np.clip(bright, 0, 255).astype(np.uint8), dtype=np.uint8)
