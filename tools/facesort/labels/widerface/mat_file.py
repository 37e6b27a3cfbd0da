"""WIDER FACE's MATLAB ground truth: ``wider_face_val.mat``, ``wider_{easy,medium,hard}_val.mat``.

Format (wider_face_split.zip and eval_tools.zip, http://shuoyang1213.me/WIDERFACE/): column cells,
one entry an event, in it one an image: ``file_list`` (names without .jpg), ``face_bbx_list``
(x y w h), one ``*_label_list`` an attribute, and in the last three files ``gt_list``: which faces
count at that difficulty, numbered from 1. An image without a face has one all-zero box.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import LabelError
from facesort.labels.widerface.bbx_text import ATTRIBUTES
from facesort.labels.widerface.face_list import FaceList, ListedImage, image_name, is_placeholder

MAX_BYTES = 64_000_000  # unpacked; wider_face_val.mat has 2.5 million
_HEADER_BYTES, _COMPRESSED, _BLOCK_BYTES = 128, 15, 1 << 20
COUNTED = "counted"  # 1 for the faces that gt_list names
_LISTS = {name: f"{name}_label_list" for name in ATTRIBUTES}
_NEEDED = ("event_list", "file_list", "face_bbx_list")


def read(path: Path) -> FaceList:
    """Read a whole file; raises `LabelError` for what is not this ground truth."""
    content = _load(path)
    missing = [name for name in _NEEDED if name not in content]
    if missing:
        raise LabelError(
            f"{path.name}: no {', '.join(missing)}; it holds {', '.join(sorted(content))}; "
            "expected WIDER FACE's ground truth"
        )
    columns = {name: key for name, key in _LISTS.items() if key in content}
    if "gt_list" in content:
        columns[COUNTED] = "gt_list"
    images: dict[str, ListedImage] = {}
    placeholders = 0
    for name, boxes, entry in _entries(content, path.name):
        if name in images:
            raise LabelError(f"{path.name}: {name} is listed twice; expected once")
        if is_placeholder(boxes):
            placeholders += 1
            images[name] = ListedImage.of(name, [], np.zeros((0, len(columns))))
            continue
        attributes = np.zeros((len(boxes), len(columns)))
        for index, (column, key) in enumerate(columns.items()):
            values = _marks if column == COUNTED else _column
            where = f"{path.name}: {name}: {key}"
            attributes[:, index] = values(entry(key), len(boxes), where)
        images[name] = ListedImage.of(name, boxes, attributes)
    return FaceList(tuple(columns), tuple(images.values()), placeholders)


def _load(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        _check_size(path)
        content = loadmat(str(path), appendmat=False)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror or error})") from error
    except LabelError:
        raise
    except NotImplementedError:
        raise LabelError(f"{path}: MATLAB 7.3; save it with -v7 to have it read") from None
    except Exception as error:  # damaged files raise whatever they lead the reader into
        raise LabelError(f"{path}: not a whole MATLAB file ({error}); copy it again") from error
    return {key: value for key, value in content.items() if not key.startswith("__")}


def _check_size(path: Path) -> None:
    """Raise `LabelError` for a file that unpacks to more than any such ground truth holds: a few
    megabytes of zeros would fill the memory. Elements of level 5 MAT files, of which some are
    compressed: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        order = "<" if head[-2:] == b"IM" else ">"
        room = MAX_BYTES
        if not head.startswith(b"MATLAB 5.0"):  # the others are not compressed, or not read
            return
        while room >= 0 and len(tag := file.read(8)) == 8:
            kind, size_bytes = struct.unpack(f"{order}II", tag)
            if kind != _COMPRESSED:
                room -= size_bytes
                file.seek(size_bytes, os.SEEK_CUR)
                continue
            unpacker = zlib.decompressobj()
            data = file.read(min(size_bytes, MAX_BYTES))
            while data and room >= 0 and not unpacker.eof:
                room -= len(unpacker.decompress(data, _BLOCK_BYTES))
                data = unpacker.unconsumed_tail
    if room < 0:
        raise LabelError(
            f"{path}: holds more than {MAX_BYTES / 1e6:.0f} MB; expected WIDER FACE's ground truth"
        )


Entry = Callable[[str], Any]


def _entries(
    content: Mapping[str, Any], source: str
) -> Iterator[tuple[str, NDArray[np.float64], Entry]]:
    """Name, boxes and a look-up by list of every image."""
    events = content["event_list"].ravel()
    for e, event in enumerate(events):
        where = f"{source}: event {e + 1}"
        for f, file in enumerate(_cell(content, "file_list", where, e).ravel()):

            def entry(key: str, e: int = e, f: int = f, where: str = where) -> Any:
                return _cell(content, key, f"{where}, image {f + 1}", e, f)

            path = "/".join(part for part in (_text(event, where), _text(file, where)) if part)
            name = image_name(f"{path}.jpg", where)
            boxes = _numeric(entry("face_bbx_list"), f"{where}: {name}")
            if boxes.size % 4:
                raise LabelError(f"{where}: {name}: boxes of shape {boxes.shape}; expected (n, 4)")
            yield name, boxes.reshape(-1, 4), entry


def _cell(content: Mapping[str, Any], key: str, where: str, *index: int) -> Any:
    value = content[key]
    try:
        for i in index:
            value = value.ravel()[i]
        value.ravel  # noqa: B018 (a number where a cell should be has none)
    except (IndexError, AttributeError):
        raise LabelError(f"{where}: nothing in {key}; expected an entry an image") from None
    return value


def _text(cell: Any, where: str) -> str:
    if getattr(cell, "dtype", np.dtype(int)).kind != "U":
        raise LabelError(f"{where}: {cell!r}; expected a name")
    return "".join(cell.ravel().tolist())


def _numeric(cell: Any, where: str) -> NDArray[np.float64]:
    if getattr(cell, "dtype", np.dtype(object)).kind not in "iuf":
        raise LabelError(f"{where}: {cell!r}; expected numbers")
    return np.asarray(cell, dtype=np.float64)


def _column(cell: Any, faces: int, where: str) -> NDArray[np.float64]:
    values = _numeric(cell, where).ravel()
    if len(values) != faces:
        raise LabelError(f"{where}: {len(values)} values for {faces} faces; expected one a face")
    return values


def _marks(cell: Any, faces: int, where: str) -> NDArray[np.float64]:
    numbered = _numeric(cell, where).ravel()
    marks = np.zeros(faces)
    if numbered.size and not (numbered.min() >= 1 and numbered.max() <= faces):
        raise LabelError(f"{where}: {numbered.tolist()}; expected faces from 1 to {faces}")
    marks[numbered.astype(int) - 1] = 1
    return marks


def write(faces: FaceList, path: Path) -> None:
    """Write ``faces`` by event, in the order in which events first come.

    Raises `LabelError` for an image that is no .jpg: the format has no place for the ending.
    """
    from scipy.io import savemat

    events: dict[str, list[ListedImage]] = {}
    for image in faces.images:
        if not image.name.endswith(".jpg"):
            raise LabelError(f"{image.name}: the .mat ground truth holds .jpg images only")
        events.setdefault(image.name.rpartition("/")[0], []).append(image)
    groups = list(events.values())
    content = {
        "event_list": _cells([[event] for event in events]),
        "file_list": _nested(groups, _file),
        "face_bbx_list": _nested(groups, _boxes),
    }
    for index, name in enumerate(faces.columns):
        if name == COUNTED:
            content["gt_list"] = _nested(groups, partial(_numbers_of_marked, column=index))
        else:
            content[f"{name}_label_list"] = _nested(groups, partial(_values, column=index))
    savemat(str(path), content, do_compression=True)


def _nested(
    groups: Sequence[Sequence[ListedImage]], value: Callable[[ListedImage], Any]
) -> NDArray[np.object_]:
    return _cells([_cells([value(image) for image in group]) for group in groups])


def _file(image: ListedImage) -> list[str]:
    return [image.name.rpartition("/")[2].removesuffix(".jpg")]


def _boxes(image: ListedImage) -> NDArray[np.float64]:
    return image.xywh_px if image.xywh_px.size else np.zeros((1, 4))


def _values(image: ListedImage, column: int) -> NDArray[np.float64]:
    return image.attributes[:, [column]] if image.xywh_px.size else np.zeros((1, 1))


def _numbers_of_marked(image: ListedImage, column: int) -> NDArray[np.int64]:
    return np.flatnonzero(image.attributes[:, column] == 1)[:, None] + 1


def _cells(values: Sequence[Any]) -> NDArray[np.object_]:
    """A column of MATLAB cells."""
    column = np.empty((len(values), 1), dtype=object)
    for index, value in enumerate(values):
        column[index, 0] = value
    return column
