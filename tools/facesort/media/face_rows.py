"""One row a face: CSV, JSON lines, or the text format of a RetinaFace system."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facesort.console import one_line
from facesort.csv_files import Writer
from facesort.errors import LabelError
from facesort.media.frame_results import Face, FrameResult
from facesort.media.masks import Region, whole_px

MANIFEST = "photo x1 y1 x2 y2 class mouth eyes confidence".split()
COLUMNS = [*MANIFEST, "frame", "time_s", "track"]


def csv_rows(look: FrameResult) -> str:
    """The rows of one look. Lines end in CR LF, as RFC 4180 has it."""
    when = [_blank(look.frame), "" if look.time_s is None else f"{look.time_s:.3f}"]
    rows = [
        [
            *(look.source_name, *face.xyxy_px, face.class_name, *(face.bits or ("", ""))),
            *(f"{face.confidence:.4f}", *when, _blank(face.track)),
        ]
        for face in look.faces
    ]
    return csv_text(rows or [[look.source_name, *[""] * (len(MANIFEST) - 1), *when, ""]])


def csv_text(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    Writer(text).writerows(rows)
    return text.getvalue()


def json_line(look: FrameResult) -> str:
    width, height = look.size_wh
    image: dict[str, Any] = {"photo": look.source_name, "width": width, "height": height}
    if look.frame is not None:
        image |= {"frame": look.frame, "time_s": round(look.time_s or 0.0, 3)}
    return json.dumps(image | {"faces": [_as_json(face) for face in look.faces]}) + "\n"


def _as_json(face: Face) -> dict[str, Any]:
    mouth, eyes = face.bits or (None, None)
    return {
        "xyxy": list(face.xyxy_px),
        "class": face.class_name,
        "mouth": mouth,
        "eyes": eyes,
        "confidence": round(face.confidence, 4),
        "track": face.track,
    }


def _blank(value: int | None) -> str:
    return "" if value is None else str(value)


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
