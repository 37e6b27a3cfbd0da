"""Makes a small album to try everything on, from images that installed packages carry.

Ultralytics ships two street photos, scikit-image a portrait and photos without people; masks and
sunglasses are drawn onto the faces at the points stored below. Nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.classes import FaceClass
from facesort.dataset.synthesize import draw_mask, draw_sunglasses
from facesort.errors import AlbumError, UsageError
from facesort.photos import open_photo

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
Landmarks = tuple[tuple[int, int], ...]  # left eye, right eye, nose, left and right mouth corner

MARKER = ".facesort_sample_album"
BARE, MASK = FaceClass.face, FaceClass.masked
SHADES, BOTH = FaceClass.sunglasses, FaceClass.masked_sunglasses


@dataclass(frozen=True)
class PackageImage:
    """An image inside an installed package, and the faces that something is drawn onto."""

    package: str
    path: str
    faces: tuple[Landmarks, ...] = ()


_ASTRONAUT = ((203, 104), (248, 104), (224, 128), (204, 143), (243, 144))
_TOUCHLINE_RIGHT = ((967, 165), (1028, 166), (1005, 205), (969, 234), (1020, 236))
_TOUCHLINE_LEFT = ((631, 329), (640, 336), (655, 362), (620, 385), (630, 391))

SOURCES: dict[str, PackageImage] = {
    "astronaut": PackageImage("skimage", "data/astronaut.png", (_ASTRONAUT,)),
    "touchline": PackageImage(
        "ultralytics", "assets/zidane.jpg", (_TOUCHLINE_RIGHT, _TOUCHLINE_LEFT)
    ),
    "street": PackageImage("ultralytics", "assets/bus.jpg"),
    "cat": PackageImage("skimage", "data/chelsea.png"),
    "coffee": PackageImage("skimage", "data/coffee.png"),
    "rocket": PackageImage("skimage", "data/rocket.jpg"),
}


@dataclass(frozen=True)
class Sample:
    """One photo of the album. ``frames`` says what each face of the source wears; several frames
    make a strip, as from a photo booth; no frame at all is the image as it is."""

    name: str
    source: str
    frames: tuple[tuple[FaceClass, ...], ...] = ()
    seed: int = 0
    exif_orientation: int = 1
    crop_xyxy: tuple[int, int, int, int] | None = None


SAMPLES: tuple[Sample, ...] = (
    Sample("2023/Space museum/portrait.png", "astronaut"),
    Sample("2023/Space museum/launch.jpg", "rocket"),
    Sample("2024/Ausflug am See/IMG_0001.jpg", "astronaut", ((MASK,),), 8),
    Sample("2024/Ausflug am See/IMG_0002.jpg", "astronaut", ((SHADES,),), 6, exif_orientation=6),
    Sample("2024/Ausflug am See/IMG_0003.heic", "astronaut", ((BOTH,),), 3),
    Sample("2024/City trip/IMG_0001.jpg", "street"),
    Sample("2024/City trip/IMG_0002.jpg", "touchline"),
    Sample("2024/City trip/IMG_0003.jpg", "touchline", ((MASK, BARE),), 6),
    Sample("2024/City trip/IMG_0004.webp", "touchline", ((BOTH, BARE),), 8, exif_orientation=3),
    Sample("2024/Geburtstag 🎂/photo booth.jpg", "astronaut",
           ((BARE,), (MASK,), (SHADES,), (BOTH,)), 6, crop_xyxy=(60, 10, 400, 280)),
    Sample("2024/Geburtstag 🎂/Café.jpg", "coffee"),
    Sample("Katze.jpg", "cat"),
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
        with _complete_or_nothing(dst) as folder:
            for sample in SAMPLES:
                _make(folder, sample)
            (folder / MARKER).write_text("made by tools/make_sample_album.py\n", encoding="utf-8")
    except OSError as error:
        raise AlbumError(
            f"{dst}: cannot be written ({error.strerror or error}); choose another with --dst"
        ) from error
    return True


@contextmanager
def _complete_or_nothing(dst: Path) -> Iterator[Path]:
    """A folder beside ``dst`` that takes its place when all went well."""
    dst.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{dst.name}.", dir=dst.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp's is for us alone
        if dst.exists():
            dst.rmdir()  # empty, as checked: Windows does not rename onto a folder
        folder.rename(dst)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, sample: Sample) -> None:
    source = SOURCES[sample.source]
    original, target = _locate(source), folder / sample.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not sample.frames and original.suffix == target.suffix:
        shutil.copyfile(original, target)
        return
    rgb, rng = open_photo(original).rgb, np.random.default_rng(sample.seed)
    x1, y1, x2, y2 = sample.crop_xyxy or (0, 0, rgb.shape[1], rgb.shape[0])
    frames = []
    for worn in sample.frames or ((),):
        frame = rgb
        for landmarks, face_class in zip(source.faces, worn, strict=False):
            if face_class.mouth_covered:
                frame = draw_mask(frame, landmarks, rng)
            if face_class.eyes_covered:
                frame = draw_sunglasses(frame, landmarks, rng)
        frames.append(frame[y1:y2, x1:x2])
    _save(frames[0] if len(frames) == 1 else _strip(frames), target, sample.exif_orientation)


def _locate(source: PackageImage) -> Path:
    """Where the image lies, without importing its package."""
    spec = importlib.util.find_spec(source.package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if os.path.isfile(path := Path(folder, source.path)):
            return path
    raise AlbumError(
        f"{source.package}/{source.path}: not among the installed packages; expected it for the "
        "sample album; run pip install -r requirements.txt"
    )


def _strip(frames: Sequence[Pixels], border_px: int = 24) -> Pixels:
    """Frames below each other on white card."""
    edge = ((border_px // 2, border_px // 2), (border_px, border_px), (0, 0))
    return np.concatenate([np.pad(frame, edge, constant_values=250) for frame in frames])


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
