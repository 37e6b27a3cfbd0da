"""What it costs that a power cut loses nothing: the time that a sort waits for the disk (fsync).

    python tests/benchmarks/durability.py
    python tests/benchmarks/durability.py --photos 2000 --folder /some/disk

Sorts an album of small images with the shipped model and adds up the time within fsync by what is
forced to the disk: crops, plan and manifest; the journal; the count of its lines; the names of
files in their folders. Small images are the worst case: of large ones, more time goes into
decoding. Linux only (it asks /proc what a file is).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import soak
import sort_photos


class Stopwatch:
    """Stands in for `os.fsync`, and times it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self._fsync = os.fsync

    def __call__(self, descriptor: int) -> None:
        kind = _kind(os.readlink(f"/proc/self/fd/{descriptor}"))
        start = time.perf_counter()
        self._fsync(descriptor)
        self.seconds[kind] += time.perf_counter() - start
        self.calls[kind] += 1


def _kind(path: str) -> str:
    if os.path.isdir(path):
        return "names in folders"
    if ".head" in path:
        return "count of lines"
    return "journal" if path.endswith("journal.jsonl") else "crops, plan, manifest"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    args = parser.parse_args()
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        album, dst = Path(temporary) / "album", Path(temporary) / "sorted"
        soak.make_album(album, args.photos)
        os.fsync = watch
        start = time.perf_counter()
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            sort_photos.main(["--src", str(album), "--dst", str(dst), "--no-cache"])
        total_s = time.perf_counter() - start
    print(f"{args.photos:,} photos in {total_s:.1f} s")
    for kind, seconds in watch.seconds.most_common():
        share = 100 * seconds / total_s
        print(f"{kind}: {watch.calls[kind]:,} times, {seconds:.2f} s, {share:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
