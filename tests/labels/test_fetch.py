"""Fetching from a server on this machine: whole, continued, refused."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from label_samples import draw

from facesort.labels import fetch


class Handler(BaseHTTPRequestHandler):
    """Serves ``image``: with ranges, without them, cut short, or not at all."""

    image = b""
    ranges: list[str | None] = []  # noqa: RUF012 (what was asked for, by every request)

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if self.path == "/none":
            self.send_error(404)
        elif self.path == "/text":
            self._answer(200, b"<html>no image</html>")
        elif self.path == "/cut":
            self._answer(200, self.image, self.image[:50])
        elif self.path == "/whole" or not wanted:
            self._answer(200, self.image)
        elif start >= len(self.image):
            self.send_error(416)
        else:
            self._answer(206, self.image[start:])

    def _answer(self, code: int, told: bytes, sent: bytes | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told if sent is None else sent)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    Handler.image = draw(tmp_path / "source.png", (64, 48)).read_bytes()
    Handler.ranges = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_image_is_fetched_once_and_named_by_what_it_is(server: str, tmp_path: Path) -> None:
    stem = tmp_path / "out" / "masked" / "ann" / "17.5"
    for _ in range(2):
        assert fetch.fetch_image(f"{server}/a.jpg", stem).path == stem.parent / "17.5.png"
    assert (stem.parent / "17.5.png").read_bytes() == Handler.image
    assert Handler.ranges == [None]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("path", "begun", "asked"),
    [
        ("/a", 40, ["bytes=40-"]),
        ("/whole", 40, ["bytes=40-"]),  # a server without ranges sends all
        ("/a", 10_000, ["bytes=10000-", None]),  # more than there is: once more from the start
    ],
)
def test_what_was_begun_is_continued(
    server: str, tmp_path: Path, path: str, begun: int, asked: list
) -> None:
    (tmp_path / "1.part").write_bytes((Handler.image * 99)[:begun])
    found = fetch.fetch_image(server + path, tmp_path / "1")
    assert found.path is not None and found.path.read_bytes() == Handler.image
    assert Handler.ranges == asked


def test_a_broken_connection_is_continued_by_the_next_run(server: str, tmp_path: Path) -> None:
    first = fetch.fetch_image(f"{server}/cut", tmp_path / "1")
    assert first.path is None and "run again to go on" in first.why
    second = fetch.fetch_image(f"{server}/a", tmp_path / "1")
    assert second.path is not None and second.path.read_bytes() == Handler.image
    assert Handler.ranges == [None, "bytes=50-"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("{}/none", "the server answers 404"),
        ("{}/text", "what came is no image"),
        ("", "no http address"),
        ("file:///etc/hostname", "no http address"),
        ("http://127.0.0.1:1/a.jpg", "cannot be fetched"),
        ("http://[", "cannot be fetched"),
        ("http://127.0.0.1:1/a b\nc", "cannot be fetched"),
    ],
)
def test_a_failure_is_told(server: str, tmp_path: Path, url: str, why: str) -> None:
    found = fetch.fetch_image(url.format(server), tmp_path / "1")
    assert found.path is None and why in found.why
    assert not list(tmp_path.glob("1.*"))


def test_too_much_is_refused(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 10)
    assert "more than" in fetch.fetch_image(f"{server}/a", tmp_path / "1").why
