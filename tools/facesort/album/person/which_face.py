"""Examples with several faces, and nothing tells which one is meant: a crop of each, to choose.

The person moves the right crop into that child's folder of examples: it is an example like any
other, and by it her face in the whole photo is known, too. Crops that are no longer needed go,
unless they were changed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facesort.album.disk import write_atomic
from facesort.album.looking.crops import JPEG_QUALITY
from facesort.album.names import fit
from facesort.album.records import BoxPx
from facesort.boxes import clip_xyxy, grow_xyxy, pixels_under
from facesort.photos import Photo

FOLDER = "_which_face"
GROWTH = 2.0  # so much around a face that it is found in the crop, too
PAINT = 128  # what other faces become


@dataclass(frozen=True)
class WhichFace:
    """The crops in ``folder``, a folder a child, of photos below ``examples``."""

    folder: Path
    examples: Path

    def there(self, name: str, path: Path) -> list[Path]:
        """Crops of the photo ``path`` that lie here."""
        stem = f"{self._stem(name, path)}_"
        with suppress(OSError):
            here = sorted((self.folder / name).iterdir())
            return [one for one in here if one.name.startswith(stem) and one.suffix == ".jpg"]
        return []

    def crops(
        self, name: str, path: Path, photo: Photo, boxes: Sequence[BoxPx]
    ) -> dict[Path, bytes]:
        """A JPEG of each face in ``boxes`` (pixels of the full photo), by the file it goes to."""
        stem = self._stem(name, path)
        return {
            self.folder / name / fit(stem, f"_{number}.jpg"): jpeg
            for number, jpeg in enumerate(_cut(photo, boxes))
        }

    def put(self, crops: Mapping[Path, bytes]) -> None:
        for file, jpeg in crops.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, [jpeg], file.with_name(f".{file.name}.tmp"))

    def remove(self, crops: Mapping[Path, bytes]) -> None:
        """Those that are as we made them, and the folders that this empties."""
        for file, jpeg in crops.items():
            with suppress(OSError):
                if file.read_bytes() == jpeg:
                    file.unlink()
        for file in crops:
            with suppress(OSError):
                file.parent.rmdir()
                self.folder.rmdir()

    def _stem(self, name: str, path: Path) -> str:
        inner = path.relative_to(self.examples / name).with_suffix("")
        return "_".join(inner.parts)


def _cut(photo: Photo, boxes: Sequence[BoxPx]) -> list[bytes]:
    """Each face with what is around it, but for other faces: those are painted over."""
    from PIL import Image

    height, width = photo.rgb.shape[:2]
    faces = clip_xyxy(np.array(boxes) * photo.scale, (width, height))
    jpegs = []
    for number, around in enumerate(clip_xyxy(grow_xyxy(faces, GROWTH), (width, height))):
        rgb = photo.rgb.copy()
        for other, box in enumerate(faces):
            if other != number:
                left, top, right, bottom = pixels_under(box, (width, height))
                rgb[top:bottom, left:right] = PAINT
        left, top, right, bottom = pixels_under(faces[number], (width, height))
        rgb[top:bottom, left:right] = photo.rgb[top:bottom, left:right]
        left, top, right, bottom = pixels_under(around, (width, height))
        out = io.BytesIO()
        Image.fromarray(rgb[top:bottom, left:right]).save(out, "JPEG", quality=JPEG_QUALITY)
        jpegs.append(out.getvalue())
    return jpegs
