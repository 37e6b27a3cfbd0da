"""The page that mends, in a real browser and with a client: ticks, one act, and back again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from review_server import Server

sys.path.insert(0, str(Path(__file__).parents[1] / "dataset"))

from small_sets import messy_set

WAIT_MS = 120_000


def disk(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for kind in ("images", "labels")
        for path in sorted((root / kind).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """``start()`` checks the messy set and serves the page; it ends with the test."""
    servers: list[Server] = []
    file = messy_set(tmp_path)

    def go(*argv: object) -> Server:
        every = [file, "--serve", "--out", tmp_path / "out", *argv]
        servers.append(Server(list(map(str, every)), "check_dataset.py"))
        return servers[-1].start()

    yield go
    for server in servers:
        server.stop()


def ids(server: Server, kind: str) -> list[str]:
    fixes = server.get("/api/check")["fixes"]  # type: ignore[index]
    return [fix["id"] for fix in fixes if fix["kind"] == kind]


def test_who_is_not_let_in_sees_nothing(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start()
    leak = ids(server, "leak")[0]
    cookies = dict(server.client.cookies)
    server.client.cookies.clear()
    good = {"origin": server.url, "x-facesort": "1"}
    before = disk(tmp_path)
    for path in ("/api/check", f"/picture/{leak}.jpg", "/member/0/0.jpg"):
        assert server.client.get(path).status_code == 401
    for path in ("/api/apply", "/api/undo"):
        assert server.client.post(path, json={"fixes": [leak]}, headers=good).status_code == 401
    server.client.cookies.update(cookies)
    evil = {"origin": "http://evil.example", "x-facesort": "1"}
    assert server.client.post("/api/apply", json={"fixes": [leak]}, headers=evil).status_code == 403
    rebound = {"host": "evil.example"}
    assert server.client.get("/api/check", headers=rebound).status_code == 403
    assert disk(tmp_path) == before


@pytest.mark.parametrize("body", [{}, {"fixes": []}, {"fixes": "x"}, {"fixes": [7]}, []])
def test_nonsense_changes_nothing(
    start: Callable[..., Server], tmp_path: Path, body: object
) -> None:
    server = start()
    before = disk(tmp_path)
    assert server.post("/api/apply", body).status_code == 400
    assert server.post("/api/apply", {"fixes": ["../../etc/passwd"]}).status_code == 404
    assert server.post("/api/undo").status_code == 500
    for path in ("/picture/x.jpg", "/member/99/0.jpg", "/picture/..%2f..%2fset.yaml.jpg"):
        assert server.client.get(path).status_code == 404
    assert disk(tmp_path) == before


def test_a_copy_takes_the_fixes_and_the_original_stays(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    before = disk(tmp_path)
    server = start("--fix-to", tmp_path / "copy")
    done = server.post("/api/apply", {"fixes": ids(server, "leak")}).json()
    assert len(done["done"]) == 2 and done["acts"] == 1 and not done["skipped"]
    assert disk(tmp_path) == before
    names = [name for name in disk(tmp_path / "copy") if "shared" in name and "images" in name]
    assert names == ["images/test/shared again.jpg"]
    assert server.post("/api/undo").json()["applied"] == []
    copied = disk(tmp_path / "copy")
    assert sorted(copied.values()) == sorted(v for k, v in before.items() if "orphan" not in k)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security" in m.text else None)
    yield page
    context.close()
    assert errors == []


def test_tick_apply_and_take_back_in_a_browser(
    start: Callable[..., Server], page: Any, tmp_path: Path
) -> None:
    server = start()
    before = disk(tmp_path)
    page.goto(server.address)
    page.click('.folder[data-kind="outside"]')
    page.wait_for_selector(".fix img")
    page.wait_for_function("() => [...document.images].every((i) => i.complete && i.naturalWidth)")
    page.locator(".fix").first.click()
    page.click('.folder[data-kind="two-classes"]')
    page.click("#all")
    expect(page.locator("#apply")).to_have_text("Apply 2")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".fix.done")
    expect(page.locator("#notice")).to_contain_text("2 fixes done")
    after = disk(tmp_path)
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed == {"labels/train/lines.txt", "labels/train/two_classes.txt"}
    page.keyboard.press("Control+z")
    page.wait_for_function("() => !document.querySelector('.fix.done')")
    assert disk(tmp_path) == before
    page.click('.folder[data-kind="groups"]')
    page.wait_for_selector(".member img")
    assert page.locator("section.group").count() == 2
