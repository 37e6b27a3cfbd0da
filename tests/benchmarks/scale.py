"""Does sorting grow with the album as it should: time in line, memory flat, and a kill cheap?

    python tests/benchmarks/scale.py
    python tests/benchmarks/scale.py --photos 1000 18000 --quality balanced --plot growth.svg
    python tests/benchmarks/scale.py --engine ray --workers 1 2 --photos 1500
    python tests/benchmarks/scale.py --engine ray --workers 1 2 --photos 500 --look-s 0.1

Albums of hard-linked copies of a few hundred photos of 640 x 480, each looked at anew (--no-cache):
what grows with an album is the number of its photos, not their size; throughput.py has large ones.
For each size: a whole run, a run with nothing to do, and a run killed (SIGKILL) half way and
started again. What the kill costs is the processor time of both parts beyond that of the whole run,
so that a busy machine does not count.

With --engine ray: seconds by the number of workers, Ray's start of 10 to 20 seconds included. With
--look-s, a look waits so long in place of the network's work: then it is the engine that is
measured, on however busy a machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import draw_growth
from soak import ROOT, make_album, tree
from throughput import Run, apart, timed

ORIGINALS = 300


def make_large(folder: Path, originals: Path, count: int) -> None:
    sources = sorted(path for path in originals.rglob("*") if path.is_file())
    for i in range(count):
        path = folder / f"day_{i // 200:03d}" / f"IMG_{i:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(sources[i % len(sources)], path)


def command(album: Path, dst: Path, quality: str, *more: str, look_s: float = 0.0) -> list[str]:
    script = [ROOT / "tools" / "sort_photos.py"]
    if look_s:
        script = [ROOT / "tests" / "album" / "fake_sort.py", look_s]
    arguments = ["--src", album, "--dst", dst, "--no-cache", "--quality", quality, *more]
    return [sys.executable, *map(str, [*script, *arguments])]


def run(command: list[str], folder: Path) -> Run:
    return timed(command, folder, ok=(0, 1))  # 1: some of the photos are none


def killed(command: list[str], after_s: float) -> float:
    """Start, kill, and return the processor time that went into it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


def measure_workers(
    folder: Path, counts: list[int], workers: list[int], quality: str, look_s: float
) -> None:
    """With Ray; the tree must be that of the local engine."""
    print(f"{'photos':>7}{'workers':>9}{'seconds':>9}{'photos/s':>10}{'times':>7}")
    for count in counts:
        album, local = folder / f"album_{count}", folder / f"local_{count}"
        make_large(album, folder / "originals", count)
        run(command(album, local, quality, look_s=look_s), folder)
        first_s = 0.0
        for number in workers:
            dst = folder / f"ray_{count}_{number}"
            more = ("--engine", "ray", "--workers", str(number))
            seconds = run(command(album, dst, quality, *more, look_s=look_s), folder).seconds
            if tree(dst) != tree(local):
                raise RuntimeError(f"{count} photos, {number} workers: another tree")
            first_s = first_s or seconds
            print(
                f"{count:>7,}{number:>9}{seconds:>9.1f}{count / seconds:>10.1f}"
                f"{first_s / seconds:>7.2f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, nargs="+", default=[1125, 4500, 18000])
    parser.add_argument("--quality", default="fast")
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="with ray")
    parser.add_argument("--look-s", type=float, default=0.0, help="with ray")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="time and memory, not by ray")
    args = parser.parse_args()
    if args.engine == "ray":
        with tempfile.TemporaryDirectory() as temporary:
            apart(make_album, Path(temporary) / "originals", ORIGINALS)
            measure_workers(Path(temporary), args.photos, args.workers, args.quality, args.look_s)
        return
    print(
        f"{'photos':>7}{'seconds':>9}{'CPU ms':>8}{'peak MB':>9}{'nothing new':>13}"
        f"{'kill costs':>12}{'its peak':>10}"
    )
    print(f"{'':7}{'':9}{'a photo':>8}{'':9}{'seconds':>13}{'CPU seconds':>12}{'MB':>10}")
    whole_runs: list[Run] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        apart(make_album, folder / "originals", ORIGINALS)
        for count in args.photos:
            album, whole, torn = (folder / f"{name}_{count}" for name in ("album", "whole", "torn"))
            make_large(album, folder / "originals", count)
            undisturbed = run(command(album, whole, args.quality), folder)
            whole_runs.append(undisturbed)
            print(
                f"{count:>7,}{undisturbed.seconds:>9.1f}{1e3 * undisturbed.cpu_s / count:>8.1f}"
                f"{undisturbed.peak_mb:>9.0f}",
                end="",
                flush=True,
            )
            nothing = run(command(album, whole, args.quality), folder)
            first_s = killed(command(album, torn, args.quality), undisturbed.seconds / 2)
            second = run(command(album, torn, args.quality), folder)
            if tree(whole) != tree(torn):
                raise RuntimeError(f"{count} photos: the killed run ended otherwise")
            print(
                f"{nothing.seconds:>13.1f}"
                f"{first_s + second.cpu_s - undisturbed.cpu_s:>12.1f}{second.peak_mb:>10.0f}",
                flush=True,
            )
    if args.plot:
        draw_growth(args.photos, whole_runs, args.plot)


if __name__ == "__main__":
    main()
