"""RetinaFace's ``label.txt``: WIDER FACE with five landmarks a face, also used at SNU.

Format (https://github.com/deepinsight/insightface/issues/664): ``# event/name.jpg``, then a face a
line: ``x y w h``, five times ``x y state`` (0 visible, 1 covered, all three -1 where it was
not marked), and a blur score from 0 to 1 (not WIDER's blur 0, 1, 2). That makes 20 fields; the
list of the val part has a difficulty of 0, 1 or 2 as the 21st, and -1.0 in the 16 before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from facesort.errors import LabelError
from facesort.labels.widerface.face_list import (
    LANDMARKS,
    FaceList,
    ListedImage,
    as_text,
    image_name,
    is_placeholder,
    numbered,
    numbers,
    text_lines,
)

COLUMNS_OF_FIELDS = {20: ("blur_score",), 21: ("blur_score", "difficulty")}
_STATE_END = 4 + 3 * LANDMARKS
_EXPECTED = "20 (x y w h, 5 times x y state, blur) or 21 (and a difficulty)"


def read(path: Path) -> FaceList:
    """Read a whole file; raises `LabelError` naming the line that is wrong."""
    return _parse(text_lines(path), path.name)


def parse(text: str, source: str = "text") -> FaceList:
    """Read the text of a file; ``source`` is what messages call it."""
    return _parse(numbered(text), source)


def _parse(lines: Sequence[tuple[int, str]], source: str) -> FaceList:
    faces: dict[str, list[list[float]]] = {}
    fields = None
    rows = None
    for number, line in lines:
        where = f"{source}: line {number}"
        if line.startswith("#"):
            name = image_name(line[1:].strip(" \t"), where)
            if name in faces:
                raise LabelError(f"{where}: {name} was listed before; merge its faces")
            rows = faces.setdefault(name, [])
            continue
        if rows is None:
            raise LabelError(f"{where}: '{line}'; expected '# ' and an image first")
        rows.append(_row(line, where, fields))
        fields = len(rows[-1])
    columns = COLUMNS_OF_FIELDS[fields or min(COLUMNS_OF_FIELDS)]
    placeholders = [name for name, rows in faces.items() if is_placeholder([r[:4] for r in rows])]
    for name in placeholders:
        faces[name] = []
    images = (_image(name, rows, len(columns)) for name, rows in faces.items())
    return FaceList(columns, tuple(images), len(placeholders))


def _row(line: str, where: str, fields: int | None) -> list[float]:
    values = numbers(line)
    if values is None:
        raise LabelError(f"{where}: '{line}' is neither numbers nor '# ' and an image")
    if len(values) not in COLUMNS_OF_FIELDS:
        raise LabelError(f"{where}: {len(values)} fields; expected {_EXPECTED}")
    if fields not in (None, len(values)):
        raise LabelError(f"{where}: {len(values)} fields, {fields} before; expected one number")
    states = values[6:_STATE_END:3]
    if not set(states) <= {-1.0, 0.0, 1.0}:
        raise LabelError(f"{where}: landmark states {states}; expected -1, 0 or 1")
    return values


def _image(name: str, rows: Sequence[Sequence[float]], columns: int) -> ListedImage:
    values = np.asarray(rows, dtype=np.float64).reshape(-1, _STATE_END + columns)
    return ListedImage.of(name, values[:, :4], values[:, _STATE_END:], values[:, 4:_STATE_END])


def render(faces: FaceList) -> str:
    """The text of a file; raises `LabelError` for lists without this format's columns."""
    if faces.columns not in COLUMNS_OF_FIELDS.values():
        raise LabelError(
            f"columns {', '.join(faces.columns)}; label.txt holds blur_score and perhaps difficulty"
        )
    lines = []
    for image in faces.images:
        lines.append(f"# {image.name}")
        lines += _render_rows(image)
    return "".join(f"{line}\n" for line in lines)


def _render_rows(image: ListedImage) -> Iterator[str]:
    n = len(image.xywh_px)
    points = np.full((n, 3 * LANDMARKS), -1.0)
    if image.landmarks.size:
        points = image.landmarks.reshape(n, -1)
    blur, rest = image.attributes[:, :1], image.attributes[:, 1:]
    for box, exact, whole in zip(
        image.xywh_px, np.concatenate([points, blur], axis=1), rest, strict=True
    ):
        # as the lists themselves are written: 345 for boxes, -1.0 for landmarks and blur
        yield " ".join([*as_text(box), *map(repr, exact.tolist()), *as_text(whole)])


def write(faces: FaceList, path: Path) -> None:
    path.write_text(render(faces), encoding="utf-8")
