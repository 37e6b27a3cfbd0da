"""Makes a small album to try everything on, from the images that facesort carries.

Two portraits and three photos without people; masks and sunglasses are drawn onto the faces.
Nothing is downloaded, and no package but those of requirements.txt is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facesort.classes import FaceClass
from facesort.dataset.sample_images import (
    ASTRONAUT,
    CAT,
    COFFEE,
    HOPPER,
    ROCKET,
    Pixels,
    SampleImage,
)
from facesort.errors import AlbumError, UsageError
from facesort.files import replacing_folder

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
    image.save(target, quality=92, exif=exif.tobytes())
