"""Write the prediction files that WIDER FACE's protocol judges: a text beside each image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from facesort.detections import Detections
from facesort.errors import DatasetError, PhotoError
from facesort.evaluate.predict import AP_CONF, Progress, silent
from facesort.models.detect import YoloDetector
from facesort.photos import list_photos, open_photo

MAX_FACES = 1000  # an image of WIDER FACE has up to 1,965


@dataclass(frozen=True)
class Written:
    """How many files were written, and how many images were left out, by reason."""

    files: int
    left_out: Counter[str]


def write_predictions(
    detector: YoloDetector, images: Path, out: Path, progress: Progress = silent
) -> Written:
    """``images/event/image.jpg`` → ``out/event/image.txt``, whatever the class of a face.

    Format as in ``eval_tools``: name, number of faces, ``x y w h score`` a face, down to `AP_CONF`.
    Raises `DatasetError` where ``out`` holds something already or no image was found.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: is not empty; pass a new folder for the predictions")
    eager = replace(detector, conf=AP_CONF, max_faces=MAX_FACES)
    listed = list_photos(images).photos
    left_out: Counter[str] = Counter()
    files = 0
    for found in progress(listed, len(listed), "photo"):
        file = (out / found.relative).with_suffix(".txt")
        if file.exists():
            left_out["another image of the same name"] += 1
            continue
        try:
            rgb = open_photo(found.path).rgb
        except PhotoError:
            left_out["cannot be opened"] += 1
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(file.stem, eager.detect([rgb])[0]), encoding="utf-8")
        files += 1
    if not files:
        raise DatasetError(f"{images}: no image that can be opened; expected event/image.jpg")
    return Written(files, left_out)


def render(name: str, found: Detections) -> str:
    """The text of one file."""
    lines = [name, str(len(found))]
    for (x1, y1, x2, y2), score in zip(found.xyxy_px, found.confidence, strict=True):
        lines.append(f"{x1:.2f} {y1:.2f} {x2 - x1:.2f} {y2 - y1:.2f} {score:.6f}")
    return "".join(f"{line}\n" for line in lines)
