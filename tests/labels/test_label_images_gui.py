"""labelImg in earnest: on a screen of its own (Xvfb), with a mouse and keys (xdotool)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facesort.classes import CLASS_NAMES

pytestmark = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
)
SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "label_images.py"
PATIENCE_S = 8
CANVAS_XY = (480, 380)  # on the image, in the middle of the window


class Screen:
    """A display that nobody sees, a person's hands on it, and a home folder without settings."""

    def __init__(self, display: str, home: Path) -> None:
        self.home = home
        hidden = {"QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"}
        hidden |= {"QT_QPA_PLATFORM_PLUGIN_PATH"}  # set by cv2 for itself, if a test imported it
        inherited = {key: value for key, value in os.environ.items() if key not in hidden}
        self._started: list[subprocess.Popen[str]] = []
        self._env = {**inherited, "DISPLAY": display, "HOME": str(home)}

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=self._env,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def leave(self) -> None:
        """After the server is gone, and every window with it: what the processes still say."""
        for process in self._started:
            print(process.communicate(timeout=PATIENCE_S)[0] if process.returncode is None else "")

    def do(self, *action: str | int) -> str:
        done = subprocess.run(
            ["xdotool", *map(str, action)],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.stdout.strip()

    def focus(self, title: str) -> None:
        """Wait for the window of this title (a regular expression) and give it the keys."""
        windows = wait_for(lambda: self.do("search", "--onlyvisible", "--name", title).split())
        self.do("windowfocus", "--sync", windows[-1])

    def gone_after(self, key: str, title: str) -> bool:
        self.do("key", key)
        return not self.do("search", "--onlyvisible", "--name", title)

    def zoom_in(self, steps: int) -> None:
        self.do("mousemove", *CANVAS_XY, "keydown", "ctrl")
        self.do(*["click", "4"] * steps)
        self.do("keyup", "ctrl")

    def drag(self, width_px: int, height_px: int) -> None:
        x, y = CANVAS_XY
        self.do("mousemove", x, y, "mousedown", 1)
        self.do("mousemove", x + width_px // 2, y + height_px // 2)
        self.do("mousemove", x + width_px, y + height_px, "mouseup", 1)


def wait_for(look: Callable[[], object]):
    """What ``look`` returns as soon as it is something."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as pipe:
            display = f":{pipe.readline().strip()}"
        home = tmp_path / "home"
        home.mkdir()
        screen = Screen(display, home)
        yield screen
        server.terminate()
        screen.leave()


def lying_image(path: Path) -> Path:
    """300 wide and 400 high when upright; stored lying, in PNG, which Qt would not turn."""
    path.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(stored).save(path, exif=exif)
    return path


def test_zoom_draw_save_reopen(screen: Screen) -> None:
    image = lying_image(screen.home / "Daten ä" / "images" / "val" / "a b ü.png")
    label = screen.home / "Daten ä" / "labels" / "val" / "a b ü.txt"

    session = screen.start(SCRIPT, image.parent)
    screen.focus("labelImg .*png")
    screen.do("key", "ctrl+equal")  # 100 %
    screen.zoom_in(2)  # 120 %
    screen.do("click", 5, "click", 4)  # scroll
    screen.do("key", "w")
    screen.drag(120, 60)
    screen.focus("^Which class")
    screen.do("type", "nonsense")
    screen.do("key", "Return")  # is refused
    screen.focus("^one of: face, masked")
    screen.do("key", "ctrl+a")
    screen.do("type", "masked")
    wait_for(lambda: screen.gone_after("Return", "^one of"))  # the first closes the completion
    screen.focus("labelImg .*png")
    screen.do("key", "ctrl+s")
    wait_for(label.exists)
    screen.do("key", "ctrl+q")
    code, out = end_of(session)
    assert code == 0, out
    assert "labels saved: 1 of 1 images, 1 of them changed" in out

    text = label.read_text()
    class_id, *xywhn = text.split()
    assert class_id == "1"
    size_px = np.array(xywhn[2:], float) * [300, 400]  # of the upright image
    np.testing.assert_allclose(size_px, [100, 50], atol=1.5)  # 120 x 60 on the screen, at 120 %
    assert label.with_name("classes.txt").read_text().split() == list(CLASS_NAMES)

    written_ns = label.stat().st_mtime_ns
    again = screen.start(SCRIPT, image.parent)
    screen.focus("labelImg .*png")
    screen.do("key", "space")  # "is right": saves the label as it was read
    wait_for(lambda: label.stat().st_mtime_ns != written_ns)
    wait_for(lambda: label.read_text() == text)
    screen.do("key", "ctrl+shift+d")  # labelImg's "delete the image" does nothing here
    screen.do("key", "ctrl+q")
    code, out = end_of(again)
    assert code == 0, out
    assert "labels saved: 1 of 1 images, 0 of them changed" in out
    assert image.exists()
    assert not (screen.home / ".labelImgSettings.pkl").exists()


def test_as_it_comes_labelimg_dies_of_the_same_zoom(screen: Screen) -> None:
    """What the fix is for; when this fails, labelImg has been fixed and ours can go."""
    image = lying_image(screen.home / "images" / "a.png")
    bare = screen.start("-c", "import labelImg.labelImg as l; l.main()", image.parent)
    screen.focus("labelImg .*png")
    screen.do("mousemove", 200, 250, "keydown", "ctrl", "click", 4, "keyup", "ctrl")
    code, out = end_of(bare)
    assert code != 0 and "TypeError: setValue" in out
