"""The review page: seconds to the first faces, to an act's answer, to suggestions; and memory.

    python tests/benchmarks/review.py                       # 18,000 photos, 54,000 faces
    python tests/benchmarks/review.py --photos 2000

The album is drawn (tests/review/big_album.py); server and browser are the real ones. First paint is
from the request of the page to the first face on it, in headless Chromium. An act is timed at the
client: one face moved, a face confirmed, 24 faces moved. "Scored" is from an act to the suggestions
that follow it. Memory is the server's peak. Times are by the clock on the wall; as others may work
on this machine, the load is printed, and the processor's time that the server took.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/review")]

import big_album
from review_server import Server

from facesort.album.records import STRANGERS, UNSURE

ROUNDS = 40  # of acts that are timed


def timed(do: Callable[[], Any]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)]


def peak_mb(server: Server) -> float:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


def cpu_s(server: Server) -> float:
    """The processor's time that the server has taken."""
    assert server.process
    user, system = Path(f"/proc/{server.process.pid}/stat").read_text().split()[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def wait_scored(server: Server) -> None:
    while server.get("/api/suggestions")["version"] < server.version():
        time.sleep(0.05)  # asked more often, the answers alone keep the server busy


def measure(folder: Path, photos: int) -> None:
    album = big_album.make(folder, photos)
    server = Server([str(album.sorted)])
    print(f"{3 * photos:,} faces in {photos:,} photos; load {os.getloadavg()[0]:.1f}")
    print(f"server ready: {timed(server.start):.1f} s")
    print(f"first suggestions after another {timed(lambda: wait_scored(server)):.1f} s")
    wait_scored(server)
    began_s, taken_s = time.perf_counter(), cpu_s(server)
    faces = server.faces(UNSURE) + server.faces(STRANGERS)
    acts: dict[str, list[float]] = {"move 1": [], "confirm 1": [], "move 24": [], "undo": []}
    scored = []
    names = big_album.NAMES

    def act(kind: str, **data: object) -> None:
        acts[kind].append(timed(lambda: server.act(**data)))

    for i in range(ROUNDS):
        act("move 1", do="assign", faces=[faces[i]], folder=names[i % 9])
        act("confirm 1", do="confirm", faces=[faces[i]])
        if i % 3 == 0:
            act("move 24", do="assign", faces=faces[200 + 24 * i : 224 + 24 * i], folder=names[0])
            scored.append(timed(lambda: wait_scored(server)))
        if i % 6 == 0:
            acts["undo"].append(timed(lambda: server.post("/api/undo")))
    for name, seconds in acts.items():
        middle, most = statistics.median(seconds), percentile(seconds, 0.95)
        milliseconds = f"median {1000 * middle:6.0f} ms   p95 {1000 * most:6.0f} ms"
        print(f"{name:10} {milliseconds}   n {len(seconds)}")
    print(
        f"scored after an act: median {statistics.median(scored):.2f} s, most {max(scored):.2f} s"
    )
    count, taken_s = sum(map(len, acts.values())), cpu_s(server) - taken_s
    wall_s = time.perf_counter() - began_s
    print(
        f"{count} acts and what followed them: {wall_s:.1f} s, {taken_s:.1f} s of the processor; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    first_paint(server)
    print(f"peak memory of the server: {peak_mb(server):.0f} MB")
    server.stop()


def first_paint(server: Server) -> None:
    path = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        print("first paint: no Chromium here")
        return
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(server.address)
        page.wait_for_selector(".tile img.there")
        again = []
        for _ in range(5):
            page.goto("about:blank")
            begun = time.perf_counter()
            page.goto(server.url, wait_until="commit")
            page.wait_for_selector(".tile img.there")
            again.append(time.perf_counter() - begun)
        page.click(f'.folder[data-folder="{UNSURE}"]')
        page.wait_for_function("() => window.facesort.wall.ids.length > 300", timeout=60_000)
        page.wait_for_timeout(5000)  # after the acts the manifest is written
        frames = page.evaluate(FRAMES)
        print(f"first paint: median {statistics.median(again):.2f} s of 5")
        print(f"scrolling {frames['faces']:,} faces: {frames['fps']:.0f} frames a second")
        browser.close()


FRAMES = """async () => {
  const wall = document.getElementById("wall");
  const times = [];
  await new Promise((done) => {
    const begun = performance.now();
    const step = (now) => {
      times.push(now);
      wall.scrollTop += 60;
      now - begun < 3000 ? requestAnimationFrame(step) : done();
    };
    requestAnimationFrame(step);
  });
  const fps = (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
  return { fps, faces: window.facesort.wall.ids.length };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=18_000)
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(temporary), parser.parse_args().photos)


if __name__ == "__main__":
    main()
