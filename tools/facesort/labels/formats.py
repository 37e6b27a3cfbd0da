"""The label formats: name, how a file of it begins, who reads and who writes it.

A new format is one module and one line here. Modules are imported when they are used, so that a
script's ``--help`` can list the names.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facesort.labels.extras import CONFIDENCE, EVERYTHING

if TYPE_CHECKING:
    from facesort.labels.image_labels import LabelSet
    from facesort.labels.resolve import Reading

_PACKAGE = "facesort.labels"
NO_ROOM: frozenset[str] = frozenset()
_OPEN_IMAGES = frozenset({CONFIDENCE, "occluded", "truncated", "IsDepiction", "IsInside"})


@dataclass(frozen=True)
class Format:
    """``reads`` is ``module.function`` of (Path, Reading) -> LabelSet. ``writes`` is one of
    (LabelSet, Path) -> None, which fills the file or folder ``into`` below a split's folder; or,
    with ``is_text``, of (LabelSet) -> str, which is that file. ``sniffs`` tells a file of the
    format by its first bytes. ``room`` is what it can hold besides: of
    `extras.KINDS`, or attributes by their names."""

    name: str
    reads: str = ""
    writes: str = ""
    into: str = ""
    is_text: bool = False
    sniffs: str = ""
    room: frozenset[str] = NO_ROOM

    def read(self, source: Path, reading: Reading) -> LabelSet:
        labels: LabelSet = _function(self.reads)(source, reading)
        return labels

    def write(self, labels: LabelSet, folder: Path) -> None:
        if self.is_text:
            (folder / self.into).write_text(_function(self.writes)(labels), encoding="utf-8")
        else:
            _function(self.writes)(labels, folder / self.into)

    def is_begun_by(self, start: bytes) -> bool:
        """Do these first bytes of a file, after any byte order mark, tell this format?"""
        return bool(self.sniffs) and bool(_function(self.sniffs)(start))


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), function)
    return found


_ALL = (
    Format("cvat", "cvat.read", "cvat.render", "annotations.xml", True, "cvat.is_cvat", EVERYTHING),
    Format("voc", "voc.read_folder", "voc.write_folder", "annotations", room=EVERYTHING),
    Format(
        *("labelme", "labelme.read", "labelme.write_folder", "images", False),
        *("labelme.is_labelme", EVERYTHING),
    ),
    Format(
        *("labelstudio", "label_studio.read", "label_studio.render", "annotations.json", True),
        *("label_studio.is_label_studio", EVERYTHING),
    ),
    Format("createml", "createml.read", "createml.render", "images/annotations.json", True),
    Format("coco", "coco.read", "coco.render", "annotations.json", True, room=EVERYTHING),
    Format(
        *("openimages", "open_images.read", "open_images.write", "annotations", False),
        *("open_images.is_open_images", _OPEN_IMAGES),
    ),
    Format("rof", "rof.read"),
    Format("parquet", "parquet.read", "parquet.write", "labels.parquet", room=EVERYTHING),
    Format(
        *("widerface", "", "widerface.bbx_text.from_label_set", "bbx_gt.txt", True),
        room=frozenset({"occluded"}),
    ),
    Format("labelimg", "", "yolo.write_folder", "images"),
)
FORMATS = {one.name: one for one in _ALL}
# yolo, widerface, retinaface and webdataset are whole data sets: dataset/convert reads these
SOURCES = (
    *(one.name for one in _ALL if one.reads),
    "yolo",
    "webdataset",
    "widerface",
    "retinaface",
)
TARGETS = ("yolo", *(one.name for one in _ALL if one.writes), "webdataset")
# what each target can hold besides boxes and classes
ROOM = {name: FORMATS[name].room if name in FORMATS else NO_ROOM for name in TARGETS}
ROOM["webdataset"] = EVERYTHING  # in the shape of COCO
WITHOUT_CLASSES = frozenset({"widerface"})


def sniff(start: bytes) -> str:
    """The format that these first bytes tell; "" where none does."""
    return next((name for name, one in FORMATS.items() if one.is_begun_by(start)), "")
