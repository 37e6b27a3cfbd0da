"""``*_inference_results.txt``, as a RetinaFace system of Seoul National University writes it.

A line with the image's name, then ``x1 y1 x2 y2 confidence`` for each face: whole pixels, and a
confidence with six decimals. An image without faces is its name alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facesort.console import one_line
from facesort.errors import LabelError
from facesort.media.frame_results import FrameResult
from facesort.media.regions import Region, whole_px

FILE_NAME = "faces_inference_results.txt"
Scored = tuple[Region, float]


def render(name: str, faces: Sequence[Scored]) -> str:
    """The lines of one image; a line break in its name is made visible."""
    rows = [f"{x1} {y1} {x2} {y2} {score:f}" for (x1, y1, x2, y2), score in faces]
    return "".join(f"{line}\n" for line in [one_line(name), *rows])


def of_look(look: FrameResult) -> str:
    faces = [(whole_px(face.xyxy_px, look.size_wh), face.confidence) for face in look.faces]
    return render(look.name, faces)


def read(path: Path) -> dict[str, list[Scored]]:
    """Faces by image. Raises `LabelError` with the line that is neither a name nor a face."""
    images: dict[str, list[Scored]] = {}
    faces: list[Scored] | None = None
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.split("\n"), start=1):
        face = _face(line)
        if face is None:
            if line:
                faces = images.setdefault(line, [])
        elif faces is None:
            raise LabelError(f"{path.name}: line {number}: '{line}'; expected an image's name")
        else:
            faces.append(face)
    return images


def _face(line: str) -> Scored | None:
    """A face, or None where the line is anything else: then it is a name."""
    fields = line.split(" ")
    if len(fields) != 5:
        return None
    try:
        x1, y1, x2, y2 = (int(value) for value in fields[:4])
        return (x1, y1, x2, y2), float(fields[4])
    except ValueError:
        return None
