"""A small album and a small SAMPLE data set, to try everything on where no photos are at hand.

Two portraits and three photos without people; masks and sunglasses are drawn onto the faces.
Nothing is downloaded, and no package but those of requirements.txt is needed.

Two portraits without copyright, cut, mirrored and scaled at random, with masks and sunglasses drawn
onto them. It shows that everything runs. It teaches nothing: all splits show the same two people,
so figures on it mean nothing. Every image is called ``synthetic_sample_*``, as all are that must
not be judged on.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facesort.boxes import Boxes, as_boxes
from facesort.classes import FaceClass
from facesort.dataset.sample_images import (
    ASTRONAUT,
    CAT,
    COFFEE,
    HOPPER,
    PORTRAITS,
    ROCKET,
    WITHOUT_FACES,
    Pixels,
    SampleImage,
)
from facesort.dataset.splits import SPLITS
from facesort.dataset.writer import write_jpeg
from facesort.errors import AlbumError, DatasetError, UsageError
from facesort.files import replacing_folder
from facesort.labels import yolo
from facesort.labels.image_labels import SYNTHETIC_PREFIX, ImageLabels
from facesort.photos import open_photo

if TYPE_CHECKING:
    from PIL.Image import Image

MARKER = ".facesort_sample_album"
BARE, MASK = FaceClass.face, FaceClass.masked
SHADES, BOTH = FaceClass.sunglasses, FaceClass.masked_sunglasses


@dataclass(frozen=True)
class Frame:
    """One image in a photo, and what its face wears."""

    image: SampleImage
    worn: FaceClass = BARE


@dataclass(frozen=True)
class Sample:
    """One photo of the album. Several frames make a strip, as from a photo booth, or stand
    ``side_by_side``; ``crop_xyxy`` (pixels) cuts each frame first."""

    name: str
    frames: tuple[Frame, ...]
    seed: int = 0
    exif_orientation: int = 1
    crop_xyxy: tuple[int, int, int, int] | None = None
    side_by_side: bool = False


_BOOTH = tuple(Frame(ASTRONAUT, worn) for worn in (BARE, MASK, SHADES, BOTH))
_SQUARE, _PORTRAIT = (0, 0, 512, 512), (112, 40, 512, 600)

SAMPLES: tuple[Sample, ...] = (
    Sample("2023/Space museum/portrait.png", (Frame(ASTRONAUT),)),
    Sample("2023/Space museum/launch.jpg", (Frame(ROCKET),)),
    Sample("2024/Ausflug am See/IMG_0001.jpg", (Frame(ASTRONAUT, MASK),), 8),
    Sample("2024/Ausflug am See/IMG_0002.jpg", (Frame(ASTRONAUT, SHADES),), 6, exif_orientation=6),
    Sample("2024/Ausflug am See/IMG_0003.heic", (Frame(ASTRONAUT, BOTH),), 3),
    Sample("2024/City trip/IMG_0001.jpg", (Frame(HOPPER),), crop_xyxy=_PORTRAIT),
    Sample("2024/City trip/IMG_0002.jpg", (Frame(HOPPER, MASK),), 1, crop_xyxy=_PORTRAIT),
    Sample("2024/City trip/IMG_0003.jpg", (Frame(ASTRONAUT, MASK), Frame(HOPPER)), 6,
           crop_xyxy=_SQUARE, side_by_side=True),
    Sample("2024/City trip/IMG_0004.webp", (Frame(HOPPER, BOTH), Frame(ASTRONAUT)), 8,
           exif_orientation=3, crop_xyxy=_SQUARE, side_by_side=True),
    Sample("2024/Geburtstag 🎂/photo booth.jpg", _BOOTH, 6, crop_xyxy=(60, 10, 400, 280)),
    Sample("2024/Geburtstag 🎂/Café.jpg", (Frame(COFFEE),)),
    Sample("Katze.jpg", (Frame(CAT),)),
)  # fmt: skip


def make_sample_album(dst: Path) -> bool:
    """Make the album at ``dst``, whole or not at all. False where it is there already, made by
    an earlier run; any other folder that holds something is refused."""
    if (dst / MARKER).is_file():
        return False
    if dst.exists() and not (dst.is_dir() and not any(dst.iterdir())):
        raise UsageError(
            f"{dst}: exists and is no sample album; expected a new or an empty folder; "
            "choose another with --dst"
        )
    try:
        with replacing_folder(dst) as folder:
            for sample in SAMPLES:
                _make(folder, sample)
            (folder / MARKER).write_text("made by tools/make_sample_album.py\n", encoding="utf-8")
    except OSError as error:
        raise AlbumError(
            f"{dst}: cannot be written ({error.strerror or error}); choose another with --dst"
        ) from error
    return True


def _make(folder: Path, sample: Sample) -> None:
    target = folder / sample.name
    target.parent.mkdir(parents=True, exist_ok=True)
    only = sample.frames[0] if len(sample.frames) == 1 else None
    if only and only.worn is BARE and not sample.crop_xyxy and target.suffix == ".jpg":
        shutil.copyfile(only.image.path, target)
        return
    rng = np.random.default_rng(sample.seed)
    drawn = [frame.image.wearing(frame.worn, rng) for frame in sample.frames]
    if sample.crop_xyxy:
        x1, y1, x2, y2 = sample.crop_xyxy
        drawn = [rgb[y1:y2, x1:x2] for rgb in drawn]
    _save(_joined(drawn, sample.side_by_side), target, sample.exif_orientation)


def _joined(frames: Sequence[Pixels], side_by_side: bool, border_px: int = 24) -> Pixels:
    """Frames below or beside each other on white card; one frame as it is."""
    if len(frames) == 1:
        return frames[0]
    edge = ((border_px // 2, border_px // 2), (border_px, border_px), (0, 0))
    padded = [np.pad(frame, edge, constant_values=250) for frame in frames]
    return np.concatenate(padded, axis=1 if side_by_side else 0)


def _save(rgb: Pixels, target: Path, exif_orientation: int) -> None:
    """Write a photo; with an EXIF orientation, turned as a camera held that way stores it."""
    from PIL import Image as pil
    from pillow_heif import register_heif_opener

    register_heif_opener()  # Pillow then writes .heic
    image: Image = pil.fromarray(rgb)
    exif = pil.Exif()
    exif[0x0112] = exif_orientation
    exif[0x0132] = "2024:07:20 14:30:00"
    turn = {3: pil.Transpose.ROTATE_180, 6: pil.Transpose.ROTATE_90}.get(exif_orientation)
    image = image if turn is None else image.transpose(turn)
    # .heic alone: six times as fast, a little larger, no less like the original
    options: dict[str, Any] = {"quality": 92, "exif": exif.tobytes()}
    if target.suffix == ".heic":
        options["enc_params"] = {"preset": "ultrafast"}
    image.save(target, **options)


IMAGES = {"train": 64, "val": 16, "test": 16}
SIZE_PX = 320  # of each image, width and height
SET_MARKER = "SAMPLE.txt"
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
        (folder / SET_MARKER).write_text(NOTE, encoding="utf-8")
        (folder / "BUILT_BY_FACESORT").write_text("tools/build_dataset.py may replace all this\n")
    total = sum(IMAGES.values())
    return f"{root}: made a SAMPLE of {total} images (two people, drawn masks); see {SET_MARKER}"


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
