"""The window in earnest: on a screen of its own (Xvfb), with a hand on the keys (xdotool)."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
)
SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "find_faces.py"
PATIENCE_S = 60  # the network, Ultralytics and Qt have to be loaded


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """The environment of a display that nobody sees."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as pipe:
            display = f":{pipe.readline().strip()}"
        hidden = {"QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM_PLUGIN_PATH"}
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        yield kept | {"DISPLAY": display}
        server.terminate()


def test_q_ends_a_run_and_what_was_found_is_kept(
    screen: dict[str, str], portrait: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, SCRIPT, portrait, "--show", "--csv", "--out", out]
    with subprocess.Popen(
        [str(part) for part in command], env=screen, stdout=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < end:
            keys = ["xdotool", "search", "--onlyvisible", "--name", "q quits", "windowfocus"]
            subprocess.run([*keys, "key", "q"], env=screen, capture_output=True, timeout=10)
            time.sleep(0.3)
        said, _ = process.communicate(timeout=10)
    assert process.returncode == 0 and "faces: 1 (face 1)" in said
    assert len((out / "faces.csv").read_text(encoding="utf-8").splitlines()) == 2
