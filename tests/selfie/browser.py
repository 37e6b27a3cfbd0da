"""The Chromium that is installed, for tests of the selfie page; nothing is downloaded."""

from __future__ import annotations

import base64
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_driver import driver
from numpy.typing import NDArray

from facesort.errors import UsageError
from facesort.media.selfie_server import make_server
from facesort.media.selfie_web import find_runtime

ROOT = Path(__file__).resolve().parents[2]


def runtime_or_skip() -> Path:
    """ONNX Runtime Web: node_modules here or in $FACESORT_ONNXRUNTIME_WEB."""
    given = os.environ.get("FACESORT_ONNXRUNTIME_WEB")
    try:
        return find_runtime(Path(given) if given else None, (ROOT,))
    except UsageError as error:
        pytest.skip(str(error))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of ``folder``, served as --web does."""
    with make_server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@contextmanager
def open_page(address: str, camera: Path | None = None) -> Iterator[Any]:
    """A page of a fresh browser; ``camera`` is an MJPEG file that it takes for one. The page's
    ``asked`` lists all addresses that it asked for."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium installed")
    flags = ["--no-sandbox", "--use-fake-ui-for-media-stream"]
    if camera:
        flags += [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ]
    browser = driver().chromium.launch(executable_path=program, args=flags)
    page = browser.new_page(locale="en-GB")
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.set_default_timeout(120_000)
    page.goto(address)
    yield page
    browser.close()


def as_js(pixels: NDArray[np.uint8]) -> dict[str, object]:
    """An image (h, w[, 3]) for `DECODE` in the page."""
    text = base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
    return {"base64": text, "width": pixels.shape[1], "height": pixels.shape[0]}


DECODE = """
const image = ({ base64, width, height }) =>
  ({ data: Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), width, height });
"""
