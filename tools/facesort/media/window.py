"""Shows what is looked at in a window; ``q`` or closing it ends the run."""

from __future__ import annotations

import os
import sys

import numpy as np
from numpy.typing import NDArray

from facesort.errors import UsageError

TITLE = "faces (q quits)"
MAX_SIDE_PX = 1280
KEYS_TO_QUIT = (ord("q"), 27)  # Esc as well


class Quit(Exception):
    """The person has seen enough."""


def require_display() -> None:
    """Raise `UsageError` where there is no screen: OpenCV would end the whole process."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise UsageError("--show: there is no screen here; leave it out, or pass --annotate")


class Window:
    def __init__(self, wait_ms: int) -> None:
        """``wait_ms``: how long an image stays; 0: until a key is pressed."""
        self._wait_ms = wait_ms
        self._is_open = False

    def show(self, rgb: NDArray[np.uint8], is_video: bool = False) -> None:
        """Raises `Quit` when the person quits."""
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # about its fonts
        import cv2

        try:
            if not self._is_open:
                cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
                self._is_open = True
            cv2.imshow(TITLE, cv2.cvtColor(_fitting(rgb), cv2.COLOR_RGB2BGR))
            self._wait(1 if is_video else self._wait_ms)
        except cv2.error as error:
            raise UsageError(f"--show: OpenCV cannot open a window ({error.err})") from None

    def close(self) -> None:
        import cv2

        if self._is_open:
            cv2.destroyWindow(TITLE)
            self._is_open = False

    def _wait(self, wait_ms: int) -> None:
        """Wait in small steps: a window that is closed must be noticed without a key."""
        import cv2

        waited_ms = 0
        while True:
            step_ms = 50 if wait_ms == 0 else max(min(50, wait_ms - waited_ms), 1)
            key = cv2.waitKey(step_ms) & 0xFF
            waited_ms += step_ms
            if key in KEYS_TO_QUIT or cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
                self._is_open = False
                cv2.destroyAllWindows()
                raise Quit
            if key != 0xFF or (wait_ms and waited_ms >= wait_ms):
                return


def _fitting(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = rgb.shape[:2]
    scale = min(MAX_SIDE_PX / max(height, width), 1.0)
    if scale == 1.0:
        return rgb
    size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)
