"""A drawn album, sorted once and copied for the tests; the real server; a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import drawn_album
import pytest
from browser_driver import driver
from review_server import Server

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ALONE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album of 24 photos of drawn people, by person."""
    root = tmp_path_factory.mktemp("drawn")
    drawn_album.write_album(root, photos=24, examples=4, seed=3, hard=0.3)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    assert drawn_album.sort_by_person(root) == 0
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return root


def copy_sorted(drawn: Path, root: Path) -> Path:
    """The sorted album once more: its links stay links to the originals."""
    subprocess.run(["cp", "-a", drawn / "sorted", root], check=True)
    for photo in (root / "photos").rglob("*.jpg"):
        original = next((drawn / "album").rglob(photo.name))
        photo.unlink()
        os.link(original, photo)
    return root


@pytest.fixture
def sorted_album(drawn: Path, tmp_path: Path) -> Path:
    return copy_sorted(drawn, tmp_path / "sorted")


@pytest.fixture(scope="module")
def shared_album(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests of a file, which leave it as it was."""
    return copy_sorted(drawn, tmp_path_factory.mktemp("shared") / "sorted")


@pytest.fixture(scope="module")
def shared_server(shared_album: Path) -> Iterator[Server]:
    server = Server([str(shared_album)]).start()
    yield server
    server.stop()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """``serve(sorted)`` starts the server; it ends with the test."""
    servers: list[Server] = []

    def start(*argv: object) -> Server:
        servers.append(Server(list(map(str, argv))))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., Server], sorted_album: Path) -> Server:
    return serve(sorted_album)


def browser_path() -> str:
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium here: apt-get install chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    browser = driver().chromium.launch(executable_path=browser_path(), args=ALONE)
    yield browser
    browser.close()
