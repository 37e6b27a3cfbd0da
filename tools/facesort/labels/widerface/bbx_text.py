"""WIDER FACE's text ground truth, ``wider_face_*_bbx_gt.txt``.

Format (readme.txt in wider_face_split.zip, http://shuoyang1213.me/WIDERFACE/):

    0--Parade/0_Parade_marchingband_1_849.jpg
    1
    449 330 122 149 0 0 0 0 0 0        x y w h blur expression illumination invalid occlusion pose

in whole pixels. An image without a face has the count 0, followed by one all-zero line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from facesort.errors import LabelError
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.widerface.face_list import (
    FaceList,
    ListedImage,
    as_text,
    image_name,
    is_placeholder,
    numbered,
    numbers,
    text_lines,
)

# blur 0 clear, 1 normal, 2 heavy; expression 0 typical, 1 exaggerate; illumination 0 normal,
# 1 extreme; invalid 1: an annotation not to be used; occlusion 0 none, 1 partial (1 to 30 %),
# 2 heavy; pose 0 typical, 1 atypical
ATTRIBUTES = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_FIELDS = 4 + len(ATTRIBUTES)
_EXPECTED = f"expected {_FIELDS}: x y w h {' '.join(ATTRIBUTES)}"


def read(path: Path) -> FaceList:
    """Read a whole file; raises `LabelError` naming the line that is wrong."""
    return _parse(text_lines(path), path.name)


def parse(text: str, source: str = "text") -> FaceList:
    """Read the text of a file; ``source`` is what messages call it."""
    return _parse(numbered(text), source)


def _parse(lines: Sequence[tuple[int, str]], source: str) -> FaceList:
    images: dict[str, ListedImage] = {}
    at = placeholders = 0
    while at < len(lines):
        number, text = lines[at]
        where = f"{source}: line {number}"
        if numbers(text) is not None:
            raise LabelError(f"{where}: '{text}'; expected an image; is the count above too low?")
        name = image_name(text, where)
        if name in images:
            raise LabelError(f"{where}: {name} was listed before; merge its faces")
        count = _count(lines, at + 1, source)
        rows = [
            _row(lines, at + 2 + face, source, f"{face + 1} of {count}") for face in range(count)
        ]
        at += 2 + count
        if count == 0 and at < len(lines) and _is_zero_row(lines[at][1]):
            placeholders += 1
            at += 1
        elif is_placeholder([row[:4] for row in rows]):
            placeholders += 1
            rows = []
        values = np.asarray(rows, dtype=np.float64).reshape(-1, _FIELDS)
        images[name] = ListedImage.of(name, values[:, :4], values[:, 4:])
    return FaceList(ATTRIBUTES, tuple(images.values()), placeholders)


def _count(lines: Sequence[tuple[int, str]], at: int, source: str) -> int:
    if at >= len(lines):
        raise LabelError(f"{source}: ends after line {lines[-1][0]}; expected a count of faces")
    number, text = lines[at]
    if not (text.isascii() and text.isdigit()):
        raise LabelError(f"{source}: line {number}: '{text}'; expected a count of faces")
    return int(text)


def _row(lines: Sequence[tuple[int, str]], at: int, source: str, which: str) -> list[float]:
    if at >= len(lines):
        raise LabelError(f"{source}: ends after line {lines[-1][0]}; expected face {which}")
    number, text = lines[at]
    values = numbers(text)
    if values is None:
        raise LabelError(f"{source}: line {number}: face {which}: '{text}' is not numbers")
    if len(values) != _FIELDS:
        raise LabelError(
            f"{source}: line {number}: face {which}: {len(values)} fields; {_EXPECTED}"
        )
    return values


def _is_zero_row(line: str) -> bool:
    values = numbers(line)
    return values is not None and len(values) == _FIELDS and not any(values)


def render(images: Iterable[ListedImage]) -> str:
    """The text of a file; raises `LabelError` for images with other columns."""
    lines = []
    for image in images:
        if image.attributes.shape[1] != len(ATTRIBUTES):
            raise LabelError(
                f"{image.name}: {image.attributes.shape[1]} attributes a face; "
                f"expected {len(ATTRIBUTES)}: {', '.join(ATTRIBUTES)}"
            )
        lines += [image.name, str(len(image.xywh_px))]
        rows = np.concatenate([image.xywh_px, image.attributes], axis=1)
        lines += [" ".join(as_text(row)) for row in rows] or [" ".join(["0"] * _FIELDS)]
    return "".join(f"{line}\n" for line in lines)


def from_label_set(labels: LabelSet) -> str:
    """``labels`` as the text of a file: whole pixels, no classes; of the
    attributes, occlusion where it is given.

    Faces of unknown class (`IGNORE`) are marked ``invalid``, WIDER's word for not to be counted.
    """
    images = []
    for image in labels.images:
        corners = np.rint(image.xyxy_px)
        xywh = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        xywh[:, 2:] = np.maximum(xywh[:, 2:], 1)  # a face thinner than a pixel is still one
        attributes = np.zeros((len(xywh), len(ATTRIBUTES)))
        attributes[:, ATTRIBUTES.index("invalid")] = image.class_id == IGNORE
        attributes[:, ATTRIBUTES.index("occlusion")] = [more.occluded for *_, more in image.rows()]
        name = labels.relative(image.path).as_posix()
        images.append(ListedImage.of(name, xywh, attributes))
    return render(images)
