"""Starts labelImg's window as a process of its own, so that a crash of Qt is not one of ours."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facesort.errors import FacesortError
from facesort.labels.labelimg.session import Session, write_classes
from facesort.labels.yolo import CLASSES_FILE

_TOOLS = Path(__file__).resolve().parents[3]
_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
# Qt's window plugin needs these, and PyQt5 does not bring them along
LINUX_LIBRARIES = (
    "libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
)


class LabelImgError(FacesortError):
    """labelImg cannot be shown."""


def require_labelimg(environment: Mapping[str, str] = os.environ) -> None:
    """Raise `LabelImgError` where labelImg is not installed or there is no screen to show it on."""
    for module in ("labelImg", "PyQt5"):
        if importlib.util.find_spec(module) is None:
            raise LabelImgError(
                f'{module} is not installed; python -m pip install "labelimg>=1.8.6,<2"'
            )
    if sys.platform.startswith("linux") and not any(environment.get(key) for key in _DISPLAY):
        raise LabelImgError(
            "no screen: DISPLAY is not set; labelImg has a window, run this on a desktop "
            "(over ssh: ssh -X)"
        )


@dataclass(frozen=True)
class Shown:
    """How the process ``died`` (None where it ended well), and why images were not shown."""

    died: str | None
    unreadable: tuple[str, ...] = ()


def show_window(session: Session) -> Shown:
    """Show the session until the person closes the window; raises `LabelImgError` where no window
    appeared."""
    for folder in session.label_folders:
        write_classes(folder / CLASSES_FILE, (*session.names, *session.extra))
    with tempfile.TemporaryDirectory(prefix="labelimg_") as private:
        opened, unreadable = Path(private) / "opened", Path(private) / "unreadable.json"
        code = _run(session, Path(private), opened, unreadable)
        if code == 0:
            reasons = json.loads(unreadable.read_text(encoding="utf-8")).values()
            return Shown(None, tuple(reasons))
        died = f"labelImg ended by signal {-code}" if code < 0 else f"labelImg ended with {code}"
        if not opened.exists():
            raise LabelImgError(
                f"{died} before its window opened; see the lines above; on Linux Qt needs: "
                f"apt-get install {LINUX_LIBRARIES}"
            )
        return Shown(died)


def _run(session: Session, private: Path, opened: Path, unreadable: Path) -> int:
    class_file, session_file = private / CLASSES_FILE, private / "session.json"
    write_classes(class_file, (*session.names, *session.extra))
    content = {
        "images": [str(image) for image in session.images],
        "names": session.names,
        "class_file": str(class_file),
        "opened_file": str(opened),
        "unreadable_file": str(unreadable),
    }
    session_file.write_text(json.dumps(content), encoding="utf-8")
    # utf8: labelImg opens its text files in the machine's encoding; cwd: where facesort is found
    command = [sys.executable, "-X", "utf8", "-m", "facesort.labels.labelimg.window"]
    with subprocess.Popen(
        [*command, str(session_file)],
        cwd=_TOOLS,
        env=child_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # labelImg prints what it does
    ) as process:
        while process.poll() is None:
            with contextlib.suppress(KeyboardInterrupt):  # the window has seen it, and asks
                process.wait()
        return process.returncode


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without what importing OpenCV leaves in it: the path to its own Qt, whose
    plugins PyQt5 would load and fail on."""
    return {
        key: value
        for key, value in environment.items()
        if not (key.startswith("QT_QPA_") and f"{os.sep}cv2{os.sep}" in value)
    }
