"""labelImg 1.8.6 on today's Python: its own classes, with what is broken in them fixed.

labelImg hands floats to Qt parameters that are integers. Up to Python 3.9 they were rounded
silently; since 3.10 it is a TypeError, and PyQt5 ends the process: on scrolling, on zooming, on
moving the image, and as soon as a box is begun. The calls are all over labelImg's methods, but
the Qt classes that receive them are only three (painter, scroll bar, zoom field), and labelImg
looks each of them up by name in its modules. So three small subclasses that round, put under those
names, fix every such call, and no method of labelImg has to be copied or edited.

Import this module only in the process that shows the window: it changes labelImg's modules.
Source: https://github.com/HumanSignal/labelImg, tag v1.8.6.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QImage, QPainter
from PyQt5.QtWidgets import QScrollArea, QScrollBar, QWidget

from facesort.errors import PhotoError
from facesort.photos import open_photo

KNOWN_VERSION = "1.8.6"

if importlib.util.find_spec("distutils") is None:  # gone since Python 3.12; imported, never used
    sys.modules["distutils"] = ModuleType("distutils")
    sys.modules["distutils.spawn"] = ModuleType("distutils.spawn")

import labelImg.labelImg as labelimg
import libs.canvas
import libs.constants as settings_keys
from libs.labelDialog import LabelDialog
from libs.labelFile import LabelFileFormat
from libs.settings import Settings
from libs.yolo_io import YoloReader
from libs.zoomWidget import ZoomWidget

MainWindow, icon = labelimg.MainWindow, labelimg.new_icon


def rounded(values: tuple[Any, ...]) -> list[Any]:
    """``values`` with whole numbers in the place of floats."""
    return [round(value) if isinstance(value, float) else value for value in values]


class RoundingPainter(QPainter):
    """canvas.py lines 526, 530, 531 and shape.py line 133."""

    def drawRect(self, *args: Any) -> None:
        super().drawRect(*rounded(args))

    def drawLine(self, *args: Any) -> None:
        super().drawLine(*rounded(args))

    def drawText(self, *args: Any) -> None:
        super().drawText(*rounded(args))


class RoundingScrollBar(QScrollBar):
    """labelImg.py lines 965, 1024, 1025."""

    def setValue(self, value: float) -> None:
        super().setValue(round(value))


class RoundingScrollArea(QScrollArea):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVerticalScrollBar(RoundingScrollBar())
        self.setHorizontalScrollBar(RoundingScrollBar())


class RoundingZoom(ZoomWidget):  # type: ignore[misc]
    """labelImg.py line 971."""

    def setValue(self, value: float) -> None:
        super().setValue(round(value))


class SessionSettings(Settings):  # type: ignore[misc]
    """Settings of one session. labelImg's own are a pickle in the home folder that remembers
    another session's format and folders; it is neither read nor written."""

    def load(self) -> None:
        self.path = None
        self.data = {
            settings_keys.SETTING_LABEL_FILE_FORMAT: LabelFileFormat.YOLO,
            settings_keys.SETTING_AUTO_SAVE: True,  # when going to the next image
            settings_keys.SETTING_PAINT_LABEL: True,
            settings_keys.SETTING_WIN_SIZE: QSize(1200, 800),
        }


class TolerantReader(YoloReader):  # type: ignore[misc]
    """labelImg's reader stops at a blank line, two spaces, a tab, or class ``1.0``."""

    def parse_yolo_format(self) -> None:
        for line in Path(self.file_path).read_text(encoding="utf-8").splitlines():
            if line.strip():
                class_id, *xywhn = line.split()
                label, *xyxy_px = self.yolo_line_to_shape(float(class_id), *xywhn)
                self.add_shape(label, *xyxy_px, False)


class KnownLabelDialog(LabelDialog):  # type: ignore[misc]
    """Takes no class that is not on the list: labelImg would add a misspelt one to it."""

    names: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setWindowTitle("Which class?")

    def validate(self) -> None:
        if self.edit.text().strip() in self.names:
            self.accept()
        else:
            self.setWindowTitle(f"one of: {', '.join(self.names)}")
            self.edit.selectAll()


unreadable: dict[str, str] = {}  # images of this session and why they could not be opened


def read_upright(filename: str, default: Any = None) -> QImage:
    """An image as this project sees it: upright for every format (Qt turns neither PNG nor WebP),
    HEIC and AVIF too. A null image, which labelImg reports, where it cannot be opened."""
    try:
        rgb = open_photo(Path(filename)).rgb
    except PhotoError as error:
        unreadable[filename] = str(error)
        return QImage()
    height, width = rgb.shape[:2]
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format_RGB888).copy()


def apply() -> str | None:
    """Put the fixed classes where labelImg looks for them; a warning where its version is not
    the one that they were written for."""
    places: list[tuple[Any, str, Any]] = [
        (libs.canvas, "QPainter", RoundingPainter),
        (labelimg, "QScrollArea", RoundingScrollArea),
        (labelimg, "ZoomWidget", RoundingZoom),
        (labelimg, "Settings", SessionSettings),
        (labelimg, "YoloReader", TolerantReader),
        (labelimg, "LabelDialog", KnownLabelDialog),
        (labelimg, "read", read_upright),
    ]
    gone = [name for module, name, _ in places if not hasattr(module, name)]
    for module, name, fixed in places:
        setattr(module, name, fixed)
    version = importlib.metadata.version("labelImg")
    if version == KNOWN_VERSION and not gone:
        return None
    return (
        f"labelImg {version}: the fix is for {KNOWN_VERSION}"
        + (f", and {', '.join(gone)} is gone" if gone else "")
        + f"; if it misbehaves: pip install labelImg=={KNOWN_VERSION}"
    )
