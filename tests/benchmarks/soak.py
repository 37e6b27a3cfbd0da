"""Kills the sorter every few seconds until it is done, and compares with a run nobody disturbed.

    python tests/benchmarks/soak.py
    python tests/benchmarks/soak.py --photos 2000 --minutes 10

The album has clashing names in many folders and one file in fifty that is no photo. Each round
starts over with an empty destination, and is killed (SIGKILL, the power cut of a process) after a
random time until a run gets to its end. Then the tree must be that of the undisturbed run, byte for
byte; every line of the journal must be readable; no original may have changed in a byte or in its
time. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

SIZE_WH = (640, 480)
FOLDERS = 40  # each has an IMG_0001.jpg of its own
BAD_EVERY = 50
BAD = (b"", b"no photo at all", b"\xff\xd8\xff\xe0 torn")
KILL_AFTER_S = (0.3, 6.0)


@dataclass
class Outcome:
    rounds: int = 0
    kills: int = 0
    different: int = 0  # files and folders, over all rounds
    unreadable_lines: int = 0
    changed_originals: int = 0

    @property
    def is_good(self) -> bool:
        failures = self.different + self.unreadable_lines + self.changed_originals
        return self.rounds > 0 and self.kills > 0 and failures == 0


def make_album(folder: Path, count: int) -> None:
    """``count`` small photos, all different, in `FOLDERS` folders; some files are none."""
    import numpy as np
    from PIL import Image

    from facesort.dataset.sample_data import make_sample_album
    from facesort.photos import list_photos, open_photo

    with tempfile.TemporaryDirectory() as temporary:
        make_sample_album(Path(temporary) / "album")
        found = list_photos(Path(temporary) / "album").photos
        sources = [Image.fromarray(open_photo(p.path).rgb).resize(SIZE_WH) for p in found]
    for i in range(count):
        path = folder / f"day_{i % FOLDERS:02d}" / f"IMG_{i // FOLDERS:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if i % BAD_EVERY == 7:
            path.write_bytes(BAD[i // BAD_EVERY % len(BAD)])
            continue
        pixels = np.asarray(sources[i % len(sources)]).copy()
        pixels[0, :16, 0] = [(i >> bit & 1) * 255 for bit in range(16)]
        Image.fromarray(pixels).save(path, quality=80)


def tree(folder: Path) -> dict[str, str]:
    """What the person sees: every folder, and the hash of every file."""
    return {
        path.relative_to(folder).as_posix(): _hash(path) if path.is_file() else "folder"
        for path in folder.rglob("*")
        if ".facesort" not in path.parts
    }


def originals(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of every original."""
    return {
        str(path): (_hash(path), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _hash(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes()).hexdigest()


def unreadable_lines(journal: Path) -> int:
    """Whole lines that are no JSON; a torn last line is what a kill may leave."""
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    return sum(not _is_json(line) for line in lines)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def sort(album: Path, dst: Path, kill_after_s: float | None = None) -> bool:
    """Run the sorter; True where it got to its end before it was killed."""
    command = [sys.executable, str(ROOT / "tools" / "sort_photos.py")]
    process = subprocess.Popen(
        [*command, "--src", str(album), "--dst", str(dst), "--no-cache"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        code = process.wait(kill_after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    if code not in (0, 1):  # 1: the bad files are told
        raise RuntimeError(f"the sorter ended with {code}")
    return True


def soak(
    folder: Path, photos: int, seconds: float, seed: int = 0, kill_after_s=KILL_AFTER_S
) -> Outcome:
    """Rounds until ``seconds`` are over (at least one), in the empty ``folder``."""
    album, rng, outcome = folder / "album", random.Random(seed), Outcome()
    make_album(album, photos)
    before = originals(album)
    sort(album, folder / "undisturbed")
    expected, end = tree(folder / "undisturbed"), time.monotonic() + seconds
    while outcome.rounds == 0 or time.monotonic() < end:
        dst = folder / f"round_{outcome.rounds}"
        while not sort(album, dst, rng.uniform(*kill_after_s)):
            outcome.kills += 1
            outcome.unreadable_lines += unreadable_lines(dst / ".facesort" / "journal.jsonl")
        outcome.rounds += 1
        outcome.different += len(expected.items() ^ tree(dst).items())
        outcome.unreadable_lines += unreadable_lines(dst / ".facesort" / "journal.jsonl")
    after = originals(album)
    outcome.changed_originals = len(before.items() ^ after.items())
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        outcome = soak(Path(temporary), args.photos, 60 * args.minutes, args.seed)
    print(f"{args.photos:,} photos, {outcome.rounds} rounds, {outcome.kills} kills")
    print(f"files and folders unlike the undisturbed run: {outcome.different}")
    print(f"unreadable journal lines: {outcome.unreadable_lines}")
    print(f"changed originals: {outcome.changed_originals}")
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
