"""Shows what is looked at in a window; ``q``, Esc or closing it ends the run.

The window is Qt's, which labelImg brings along: OpenCV's own needs a build with windows, and its Qt
and labelImg's do not go together in one process.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort import packages
from facesort.errors import UsageError

TITLE = "faces (q quits)"
MAX_SIDE_PX = 1280
STEP_S = 0.02  # a window that is closed must be noticed without a key


class Quit(Exception):
    """The person has seen enough."""


def require_display() -> None:
    """Raise where there is no screen or no Qt: Qt would end the whole process."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise UsageError("--show: there is no screen here; leave it out, or pass --annotate")
    packages.require("PyQt5", what="--show")


class Window:
    def __init__(self, wait_ms: int) -> None:
        """``wait_ms``: how long an image stays; 0: until a key is pressed."""
        self._wait_ms = wait_ms
        self._view: Any = None

    def show(self, rgb: NDArray[np.uint8], is_video: bool = False) -> None:
        """Raises `Quit` when the person quits."""
        from PyQt5 import QtGui

        if self._view is None:
            self._view = _open_view()
        shown = np.ascontiguousarray(_fitting(rgb))
        height, width = shown.shape[:2]
        gui: Any = QtGui  # PyQt5's types know neither this constructor nor the enum's members
        image = gui.QImage(shown.data, width, height, 3 * width, gui.QImage.Format_RGB888)
        self._view.setPixmap(QtGui.QPixmap.fromImage(image))
        self._view.setFixedSize(width, height)
        self._wait(1 if is_video else self._wait_ms)

    def close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def _wait(self, wait_ms: int) -> None:
        from PyQt5 import QtCore, QtWidgets

        qt: Any = QtCore.Qt
        self._view.key = None
        end_s = time.monotonic() + wait_ms / 1000
        while True:
            QtWidgets.QApplication.processEvents()
            if self._view.is_closed or self._view.key in (qt.Key_Q, qt.Key_Escape):
                self.close()
                raise Quit
            left_s = end_s - time.monotonic()
            if self._view.key is not None or (wait_ms and left_s <= 0):
                return
            time.sleep(min(STEP_S, left_s) if wait_ms else STEP_S)


def _open_view() -> Any:
    """A shown label that remembers the last key in ``key``, and whether it ``is_closed``."""
    from PyQt5 import QtWidgets

    class View(QtWidgets.QLabel):  # type: ignore[misc]
        key: int | None = None
        is_closed = False

        def keyPressEvent(self, event: Any) -> None:
            self.key = event.key()

        def closeEvent(self, event: Any) -> None:
            self.is_closed = True
            event.accept()

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([TITLE])
    view = View()
    view.setWindowTitle(TITLE)
    view.application = application  # Qt's objects die with it
    view.show()
    return view


def _fitting(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = rgb.shape[:2]
    scale = min(MAX_SIDE_PX / max(height, width), 1.0)
    if scale == 1.0:
        return rgb
    size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
