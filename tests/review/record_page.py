"""Records the review page for README: drawn people, the real page, a real browser.

    python tests/review/record_page.py docs/images/review.webp

Sorts an album of drawn people into a temporary folder, works on it by keys and mouse, and writes an
animated WebP (.gif works, too) of what is seen.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / one) for one in ("tools", "tests/review", "tests")]

import drawn_album
from conftest import ALONE, browser_path
from PIL import Image
from review_server import Server

SIZE_WH = (1120, 630)
QUALITY = 62


class Film:
    def __init__(self, page: Any) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.lasts_ms: list[int] = []

    def show(self, lasts_ms: int = 900, settle_ms: int = 350) -> None:
        self.page.wait_for_timeout(settle_ms)
        shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(shot)
        self.lasts_ms.append(lasts_ms)

    def save(self, file: Path) -> None:
        first, *rest = self.frames
        first.save(
            file,
            save_all=True,
            append_images=rest,
            duration=self.lasts_ms,
            loop=0,
            quality=QUALITY,
            method=6,
        )


def play(page: Any, film: Film) -> None:
    """An evening in half a minute."""
    keys, mouse = page.keyboard, page.mouse
    page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    film.show(1400)
    page.click('.folder[data-folder="_unsure"]')
    film.show(1400)
    for key in ("Space", "ArrowRight", "Space"):
        keys.press(key)
        film.show(500, 150)
    start = page.locator(".tile").first.bounding_box()
    end = page.locator('.folder[data-folder="Eva"]').bounding_box()
    mouse.move(start["x"] + 60, start["y"] + 60)
    mouse.down()
    for share in (0.15, 0.6, 1.0):
        x = start["x"] + 60 + (end["x"] + 90 - start["x"] - 60) * share
        mouse.move(x, start["y"] + 60 + (end["y"] + 18 - start["y"] - 60) * share)
        film.show(350, 60)
    mouse.up()
    film.show(1300, 500)
    keys.press("Control+z")
    film.show(1200, 600)
    page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    keys.press(".")
    film.show(1700, 900)
    keys.press("Enter")
    film.show(1300, 900)
    page.click('.folder[data-folder="Ana"]')
    page.wait_for_timeout(300)
    keys.press("Shift+Enter")
    page.wait_for_selector("#photo .box.focus")
    film.show(1700, 500)
    keys.press("Escape")
    page.wait_for_timeout(500)
    keys.press("d")
    keys.type("ae")
    film.show(1300, 250)
    keys.press("Enter")
    film.show(1200, 600)
    page.emulate_media(color_scheme="dark")
    film.show(1900, 400)


def main(file: Path) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        drawn_album.write_album(root, photos=90, seed=11, hard=0.35)
        drawn_album.sort_by_person(root)
        server = Server([str(root / "sorted")]).start()
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=browser_path(), args=ALONE)
            size = {"width": SIZE_WH[0], "height": SIZE_WH[1]}
            page = browser.new_page(viewport=size, locale="en-US")
            page.goto(server.address)
            page.wait_for_selector(".tile img.there")
            film = Film(page)
            play(page, film)
            browser.close()
        server.stop()
    film.save(file)
    print(f"{file}: {len(film.frames)} frames, {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
