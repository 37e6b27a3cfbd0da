"""One row a face: CSV with the columns of the sorter's manifest.csv, or JSON lines.

``mouth`` and ``eyes`` are 1 where covered, and empty if the model has classes of its own; ``frame``
(from 0), ``time_s`` and ``track`` are empty for photos. In CSV, a picture without a face has one
row with these empty; JSON has one line a picture with a list of faces.
"""

from __future__ import annotations

import io
import json
from typing import Any

from facesort.csv_files import Writer
from facesort.media.looks import Face, Look

MANIFEST = "photo x1 y1 x2 y2 class mouth eyes confidence".split()
COLUMNS = [*MANIFEST, "frame", "time_s", "track"]


def csv_rows(look: Look) -> str:
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


def json_line(look: Look) -> str:
    width, height = look.size_wh
    picture: dict[str, Any] = {"photo": look.source_name, "width": width, "height": height}
    if look.frame is not None:
        picture |= {"frame": look.frame, "time_s": round(look.time_s or 0.0, 3)}
    return json.dumps(picture | {"faces": [_as_json(face) for face in look.faces]}) + "\n"


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
