"""The review page: seconds to the first faces, an act's answer, suggestions, memory; and its acts.

    python tests/benchmarks/review.py                       # 18,000 photos, 54,000 faces
    python tests/benchmarks/review.py --photos 2000
    python tests/benchmarks/review.py --acts                # a teacher's acts, three ways

The album is drawn (tests/review/big_album.py); server and browser are the real ones. First paint is
from the request of the page to the first face on it, in headless Chromium. An act is timed at the
client: one face moved, a face confirmed, 24 faces moved. "Scored" is from an act to the suggestions
that follow it. Memory is the server's peak.

--acts: a scripted teacher wants folders that are 99 % pure with 95 % of the main faces in theirs.
On the page she says yes to suggestions but for what she crosses out (one act a suggestion, or for
all that is sure together, and one a cross), then goes through the 40 least certain faces of each
folder. In the file manager she drags each wrong crop, and the tools learn after each ten. By hand
she drags 95 of 100 main faces.
"""

from __future__ import annotations

import argparse
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

NOBODYS = (UNSURE, STRANGERS)
PURE, COMPLETE = 0.99, 0.95
SURE, TOGETHER = 0.98, 6  # as suggest.js has them
LOOKED = 40  # faces of a folder that she looks at before she believes the rest
LEARNS_AFTER = 10
ROUNDS = 40  # of acts that are timed
# two examples each and a third of all faces hard: 85 % of the main faces are named at first
HARD_ALBUM = {"judged": True, "examples_each": 2, "hard_share": 0.35}


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


def wait_scored(server: Server) -> None:
    while server.get("/api/suggestions")["version"] < server.version():
        time.sleep(0.01)


def measure(folder: Path, photos: int) -> None:
    album = big_album.make(folder, photos)
    server = Server([str(album.sorted)])
    print(f"{3 * photos:,} faces in {photos:,} photos")
    print(f"server ready: {timed(server.start):.1f} s")
    print(f"first suggestions after another {timed(lambda: wait_scored(server)):.1f} s")
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


class Teacher:
    """Knows whose each face is, and looks at the folders through the server."""

    def __init__(self, server: Server, album: big_album.BigAlbum) -> None:
        self.server, self.truth = server, album.truth
        self.right: dict[str, str] = {}
        self.acts = 0
        from facesort.album.corrections.face_table import FaceTable
        from facesort.album.journal import read_state

        state = read_state(album.sorted / ".facesort/journal.jsonl")
        table = FaceTable(state.entries.values(), big_album.BY)
        for face, place in zip(table.ids, table.where, strict=True):
            self.right[face] = album.truth[place]
        self.folders = [*big_album.NAMES, UNSURE, STRANGERS]

    def lies(self) -> dict[str, str]:
        return {face: folder for folder in self.folders for face in self.server.faces(folder)}

    def is_good(self) -> bool:
        lies = self.lies()
        named = [face for face, folder in lies.items() if folder not in NOBODYS]
        main = [face for face in lies if self.right[face] != STRANGERS]
        pure = sum(lies[face] == self.right[face] for face in named) / max(len(named), 1)
        complete = sum(lies[face] == self.right[face] for face in main) / max(len(main), 1)
        return pure >= PURE and complete >= COMPLETE

    def act(self, **data: object) -> None:
        self.acts += 1
        assert self.server.act(**data).status_code == 200

    def by_page(self) -> None:
        later: set[str] = set()
        while not self.is_good():
            wait_scored(self.server)
            found = self.server.get("/api/suggestions")["suggestions"]
            sure = [face for s in found for face in self.sure_of(s)]
            if len(sure) >= TOGETHER and sum(bool(self.sure_of(s)) for s in found) > 1:
                self.say_together(found)
                continue
            one = next((s for s in found if s["folder"] not in later), None)
            if one is None:
                if not self.walk():
                    return
                later.clear()
                continue
            wrong = [face for face in one["ids"] if self.right[face] != one["folder"]]
            right = [face for face in one["ids"] if face not in wrong]
            self.acts += len(wrong)  # each is crossed out
            if wrong:
                self.server.act(do="dismiss", faces=wrong, folder=one["folder"])
            if right:
                self.act(do="assign", faces=right, folder=one["folder"])
            else:
                later.add(one["folder"])

    def sure_of(self, one: dict[str, Any]) -> list[str]:
        pairs = zip(one["ids"], one["probability"], strict=True)
        return [face for face, probability in pairs if probability >= SURE]

    def say_together(self, found: list[dict[str, Any]]) -> None:
        """All that is sure, of everybody: one act, and one for each that she crosses out."""
        groups = []
        for one in found:
            sure = self.sure_of(one)
            wrong = [face for face in sure if self.right[face] != one["folder"]]
            right = [face for face in sure if face not in wrong]
            self.acts += len(wrong)
            if wrong:
                self.server.act(do="dismiss", faces=wrong, folder=one["folder"])
            if right:
                groups.append({"folder": one["folder"], "faces": right})
        if groups:
            self.act(do="assign each", groups=groups)

    def walk(self) -> bool:
        """Wrong faces among the least certain of each folder, one act each; was there any?"""
        moved = 0
        for folder in self.folders:
            for face in self.server.faces(folder)[:LOOKED]:
                wanted = self.right[face]
                if wanted != folder and not (folder in NOBODYS and wanted in NOBODYS):
                    self.act(do="assign", faces=[face], folder=wanted)
                    moved += 1
        return moved > 0


def by_file_manager(album: big_album.BigAlbum) -> int:
    """Drags of single crops, learning after each ten, until the folders are good."""
    import io

    from facesort.album.corrections.apply import Options, apply_corrections
    from facesort.album.journal import read_state
    from facesort.reporter import ConsoleReporter

    moves, seen = 0, set[str]()
    while True:
        state = read_state(album.sorted / ".facesort/journal.jsonl")
        crops = {
            crop: album.truth[photo, number]
            for photo, entry in state.entries.items()
            for number, crop in enumerate(entry.crops)
        }
        folder = {crop: crop.split("/")[1] for crop in crops}
        named = [crop for crop in crops if folder[crop] not in NOBODYS]
        main = [crop for crop in crops if crops[crop] != STRANGERS]
        pure = sum(folder[crop] == crops[crop] for crop in named) / max(len(named), 1)
        complete = sum(folder[crop] == crops[crop] for crop in main) / max(len(main), 1)
        if pure >= PURE and complete >= COMPLETE:
            return moves
        rank = {UNSURE: 1, STRANGERS: 2}
        order = sorted(crops, key=lambda crop: (rank.get(folder[crop], 0), crop.rsplit("/", 1)[1]))
        wrong = [
            crop
            for crop in order
            if folder[crop] != crops[crop] and crop not in seen
            if not (folder[crop] in NOBODYS and crops[crop] in NOBODYS)
        ][:LEARNS_AFTER]
        if not wrong:
            return moves
        for crop in wrong:
            seen.add(crop)
            target = album.sorted / "faces" / crops[crop]
            target.mkdir(exist_ok=True)
            (album.sorted / crop).rename(target / Path(crop).name)
        moves += len(wrong)
        apply_corrections(
            album.sorted, Options(apply=True), ConsoleReporter(io.StringIO(), io.StringIO())
        )


def measure_acts(folder: Path, photos: int) -> None:
    album = big_album.make(folder / "page", photos, **HARD_ALBUM)
    main = sum(right != STRANGERS for right in album.truth.values())
    server = Server([str(album.sorted)]).start()
    teacher = Teacher(server, album)
    begun = time.perf_counter()
    teacher.by_page()
    seconds, done = time.perf_counter() - begun, teacher.is_good()
    server.stop()
    other = big_album.make(folder / "files", photos, **HARD_ALBUM)
    begun = time.perf_counter()
    drags = by_file_manager(other)
    drag_s = time.perf_counter() - begun
    print(
        f"{main} main faces in {photos} photos; acts, and seconds of machine, per 100 main faces:"
    )
    by_page = f"{100 * teacher.acts / main:6.1f} acts {100 * seconds / main:6.1f} s"
    print(f"review page   {by_page}  good: {done}")
    print(f"file manager  {100 * drags / main:6.1f} drags {100 * drag_s / main:6.1f} s")
    print(f"all by hand   {100.0 * COMPLETE:6.1f} drags")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, help="18,000; with --acts, 400")
    parser.add_argument("--acts", action="store_true", help="a teacher's acts, three ways")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if args.acts:
            measure_acts(Path(temporary), args.photos or 400)
        else:
            measure(Path(temporary), args.photos or 18_000)


if __name__ == "__main__":
    main()
