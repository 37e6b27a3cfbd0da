"""Who is let in, and what a request may ask for: with a real client, at the real server."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from review_server import Server

from facesort.album.corrections.api import THUMB_PX

ASKED = [
    "/api/summary",
    "/api/faces?folder=Ana",
    "/api/suggestions",
    "/api/history",
    "/api/photos",
    "/api/events",
    "/api/folders",
    "/api/sort",
]


@pytest.fixture
def server(shared_server: Server) -> Server:
    """No test here changes anything."""
    return shared_server


@pytest.fixture
def sorted_album(shared_album: Path) -> Path:
    return shared_album


@pytest.fixture
def stranger(server: Server) -> Iterator[httpx.Client]:
    """A client without the cookie."""
    with httpx.Client(base_url=server.url, timeout=10) as client:
        yield client


def good(server: Server) -> dict[str, str]:
    return {"origin": server.url, "x-facesort": "1"}


def test_without_the_token_there_is_an_empty_page_and_nothing_else(
    server: Server, stranger: httpx.Client
) -> None:
    page = stranger.get("/")
    assert page.status_code == 200
    assert server.token not in page.text
    face = server.faces("Ana")[0]
    for path in [*ASKED, f"/face/{face}.jpg", f"/api/face/{face}", "/photo/x.jpg", "/nowhere"]:
        assert stranger.get(path).status_code == 401, path
    for path in ("/api/act", "/api/undo", "/api/forget", "/api/sort", "/api/review"):
        assert stranger.post(path, json={}, headers=good(server)).status_code == 401, path
    assert server.client.get("/api/summary").status_code == 200


@pytest.mark.parametrize("token", ["", "x", None, 7, ["a"], "é" * 50])
def test_a_wrong_token_opens_nothing(server: Server, stranger: httpx.Client, token: object) -> None:
    answer = stranger.post("/api/session", json={"token": token}, headers=good(server))
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_for_this_page_alone(server: Server) -> None:
    answer = server.post("/api/session", {"token": server.token})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert server.token not in cookie


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "0.0.0.0:{port}"],
)
def test_another_host_name_is_refused_whoever_asks(server: Server, host: str) -> None:
    """DNS rebinding: a foreign name that leads here."""
    port = server.url.rsplit(":", 1)[1]
    headers = {"host": host.format(port=port)}
    for path in ("/", "/api/summary", "/static/js/main.js"):
        assert server.client.get(path, headers=headers).status_code == 403
    answer = server.client.post("/api/undo", json={}, headers=good(server) | headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example", "x-facesort": "1"},
        {"origin": "null", "x-facesort": "1"},
        {"x-facesort": "1"},
        {"origin": "SELF"},
        {"origin": "SELF", "x-facesort": "1", "content-type": "text/plain"},
        {"origin": "SELF", "x-facesort": "1", "content-type": "application/x-www-form-urlencoded"},
        {"origin": "SELF", "x-facesort": "1", "sec-fetch-site": "cross-site"},
        {"origin": "https://127.0.0.1", "x-facesort": "1"},
    ],
)
def test_another_site_changes_nothing_even_with_the_cookie(
    server: Server, headers: dict[str, str]
) -> None:
    sent = {name: server.url if value == "SELF" else value for name, value in headers.items()}
    sent = {"content-type": "application/json"} | sent
    face = server.faces("Ana")[0]
    body = f'{{"do":"assign","faces":["{face}"],"folder":"Ben"}}'
    assert server.client.post("/api/act", content=body, headers=sent).status_code == 403
    assert face in server.faces("Ana")


def test_reading_across_sites_is_refused_too(server: Server) -> None:
    face = server.faces("Ana")[0]
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert server.client.get(f"/face/{face}.jpg", headers=headers).status_code == 403


def test_only_loopback_listens(server: Server) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with socket.socket() as sock:
        sock.settimeout(2)
        assert sock.connect_ex((own, port)) != 0


TRICKS = [
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/corrections.jsonl",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%00",
    "..\\..\\manifest.csv",
    "sorted",
    "Ana",
    "a" * 5000,
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_text_of_the_client_is_a_path(server: Server, trick: str) -> None:
    for path in (f"/face/{trick}.jpg", f"/photo/{trick}.jpg", f"/static/{trick}", f"/{trick}"):
        answer = server.client.get(path)
        assert answer.status_code in (400, 401, 404), path
        assert b"root:" not in answer.content
    answer = server.client.get("/example.jpg", params={"of": trick})
    assert answer.status_code == (200 if trick == "Ana" else 404)  # a person of the album
    assert server.get("/api/faces", folder=trick if trick != "Ana" else "..")["ids"] == []  # type: ignore[index]
    assert server.client.get("/api/folders", params={"folder": trick}).status_code == 400


def test_a_person_without_a_face_is_shown_by_an_example(server: Server) -> None:
    answer = server.client.get("/example.jpg", params={"of": "Ana"})
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert max(image.size) <= THUMB_PX


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "/tmp/evil", "..", ".", "CON", "_x", "a\0b", " "]
)
def test_a_person_whose_name_is_a_path_is_refused(
    server: Server, sorted_album: Path, name: str
) -> None:
    before = sorted(os.listdir(sorted_album / "faces"))
    face = server.faces("Ana")[0]
    for data in (
        {"do": "assign", "faces": [face], "folder": name},
        {"do": "merge", "old": "Ana", "new": name},
        {"do": "merge", "old": name, "new": "Ana"},
    ):
        answer = server.act(**data)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]
    assert sorted(os.listdir(sorted_album / "faces")) == before
    assert not (sorted_album.parent / "evil").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"do":"assign"}',
        b'{"do":"assign","faces":[],"folder":"Ana"}',
        b'{"do":"assign","faces":"x","folder":"Ana"}',
        b'{"do":"assign","faces":[7],"folder":"Ana"}',
        b'{"do":"assign","faces":["x"],"folder":"Ana"}',
        b'{"do":"assign","faces":["x"],"folder":["Ana"]}',
        b'{"do":"explode"}',
        b'{"do":"add","photo":"x","xyxy_px":[0,0,9,9],"folder":"Ana"}',
        b'{"do":"box","face":"x","xyxy_px":[0,0,1e999,9]}',
        b'{"do":"apart","pair":["Ana"]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_nonsense_gets_one_line_and_changes_nothing(server: Server, body: bytes) -> None:
    headers = good(server) | {"content-type": "application/json"}
    answer = server.client.post("/api/act", content=body, headers=headers)
    assert answer.status_code in (400, 404)
    assert "\n" not in answer.json()["error"]
    assert server.get("/api/history") == []


def test_too_much_at_once_is_refused(server: Server) -> None:
    headers = good(server) | {"content-type": "application/json"}
    big = b" " * (9 << 20)
    assert server.client.post("/api/act", content=big, headers=headers).status_code == 413

    def pieces():  # type: ignore[no-untyped-def]
        yield big

    assert server.client.post("/api/act", content=pieces(), headers=headers).status_code == 413


def test_the_page_forbids_itself_anything_from_outside(server: Server) -> None:
    for path in ("/", "/api/summary", "/static/js/main.js", "/nowhere"):
        headers = server.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http:" not in policy.replace("http://127", "")
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_images_are_kept_by_the_browser_and_lists_are_not(server: Server) -> None:
    face = server.client.get(f"/face/{server.faces('Ana')[0]}.jpg")
    assert face.headers["content-type"] == "image/jpeg"
    assert "immutable" in face.headers["cache-control"]
    assert server.client.get("/api/summary").headers["cache-control"] == "no-store"


def test_static_files_name_no_other_origin() -> None:
    static = Path(__file__).parents[2] / "tools/facesort/review/static"
    for file in static.rglob("*"):
        if file.suffix in (".html", ".js", ".css"):
            text = file.read_text(encoding="utf-8")
            assert "http://" not in text.replace("http://www.w3.org", ""), file
            assert "https://" not in text, file
