"""Does sorting grow with the album as it should: time in line, memory flat, and a kill cheap?

    python tests/benchmarks/scale.py
    python tests/benchmarks/scale.py --photos 1000 18000 --quality balanced --plot growth.svg
    python tests/benchmarks/scale.py --engine ray --workers 1 2 --photos 1500
    python tests/benchmarks/scale.py --engine ray --workers 1 2 --photos 500 --look-s 0.1
    python tests/benchmarks/scale.py --faces 18000 54000          # only: naming them

Albums of hard-linked copies of a few hundred photos of 640 x 480, each looked at anew (--no-cache):
what grows with an album is the number of its photos, not their size; throughput.py has large ones.
For each size: a whole run, a run with nothing to do, and a run killed (SIGKILL) half way and
started again. What the kill costs is the processor time of both parts beyond that of the whole run,
so that a busy machine does not count.

With --engine ray: seconds by the number of workers, Ray's start of 10 to 20 seconds included. With
--look-s, a look waits so long in place of the network's work: then it is the engine that is
measured, on however busy a machine.

With --faces: processor time and memory of naming so many faces of 30 people with ten examples each,
three a photo, a thousand of them corrected, 30 % of them strangers; and of describing a thousand.
The faces are drawn at random, as vectors.
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
PEOPLE, STRANGERS, EXAMPLES, CORRECTED = 30, 3000, 10, 1000
DIMENSIONS, NOISE = 192, 0.09  # of a vector; two faces of a person have a cosine of about .4
DESCRIBED = 60


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


def measure_naming(faces: int) -> None:
    """In this process, so that ``faces`` should grow from call to call."""
    import resource

    from facesort.album.person.classify import classify_scans

    learned, names, labels, scans, truth = album_of(faces)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    words = classify_scans(learned, names, labels, scans)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    folders = [word.folder for scan in scans for word in words[scan.photo]]
    own = [(folder, who) for folder, who in zip(folders, truth, strict=True) if who < PEOPLE]
    right = sum(folder == names[who] for folder, who in own)
    print(
        f"{len(scans):,} photos, {faces:,} faces: {cpu:.1f} s of processor time ({wall:.1f} s), "
        f"{more / 1024:.0f} MB on top of {before / 1024:.0f}; {right / len(own):.3f} rightly named",
        flush=True,
    )


def album_of(faces: int):
    """What `classify_scans` takes, and whose each face is."""
    import numpy as np

    from facesort.album.person.identification import vector_to_text
    from facesort.album.records import Example, Face, Identity, Learned, Scan
    from facesort.album.user_labels import UserLabel, UserLabels
    from facesort.models.people import similarity_norm

    rng = np.random.default_rng(0)
    own = rng.normal(size=(PEOPLE + STRANGERS, DIMENSIONS))
    own /= np.linalg.norm(own, axis=1, keepdims=True)

    def seen(person: int) -> str:
        vector = own[person] + NOISE * rng.normal(size=DIMENSIONS)
        return vector_to_text(vector / np.linalg.norm(vector))

    names = [f"child {number:02d}" for number in range(PEOPLE)]
    classes = ("face", "masked")
    known = [
        Example(names[i], classes[n % 2], seen(i)) for i in range(PEOPLE) for n in range(EXAMPLES)
    ]
    truth = np.where(
        rng.random(faces) < 0.7,
        rng.integers(PEOPLE, size=faces),
        PEOPLE + rng.integers(STRANGERS, size=faces),
    ).tolist()
    scans, labels = [], UserLabels()
    for start in range(0, faces, 3):
        photo = f"{start // 300:04d}/IMG_{start:05d}.jpg"
        some = [
            Face(
                (200.0 * n, 0.0, 200.0 * n + 100, 100.0),
                classes[int(rng.integers(2))],
                0.9,
                Identity("drawn", seen(who), 100, 300, 0.1),
            )
            for n, who in enumerate(truth[start : start + 3])
        ]
        scans.append(Scan(photo, 1, start, content=photo, faces=tuple(some)))
        if len(labels) < CORRECTED and truth[start] < PEOPLE:
            labels.add(UserLabel(photo, some[0].xyxy_px, names[truth[start]]))
    learned = Learned("drawn", similarity_norm.DEFAULT.to_json(), 0.98, False, tuple(known))
    return learned, names, labels, scans, truth


def measure_describing() -> None:
    """A drawn photo with as many boxes: what a face shows makes no difference to the time."""
    import numpy as np

    from facesort.album.person.face_encoder import load_face_encoder

    weights = ROOT / "weights"
    encoder = load_face_encoder(weights / "face_points.onnx", weights / "face_embedding.onnx")
    rgb = np.random.default_rng(0).integers(0, 256, (1000, 1500, 3), dtype=np.uint8)
    boxes = np.tile([[400.0, 300.0, 560.0, 500.0]], (DESCRIBED, 1))
    encoder.encode(rgb, boxes[:5])
    cpu = time.process_time()
    encoder.encode(rgb, boxes)
    each_ms = 1000 * (time.process_time() - cpu) / DESCRIBED
    print(f"describing: {each_ms:.0f} s of processor time per 1,000 faces")


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
    parser.add_argument("--faces", type=int, nargs="+", metavar="N", help="only: time their naming")
    args = parser.parse_args()
    if args.faces:
        for faces in sorted(args.faces):
            measure_naming(faces)
        measure_describing()
        return
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
