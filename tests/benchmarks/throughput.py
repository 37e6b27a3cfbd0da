"""Photos a second and peak memory: sort_photos against its peers and against its own floor.

    python tests/benchmarks/throughput.py
    python tests/benchmarks/throughput.py --photos 100 --rounds 5
    python tests/benchmarks/throughput.py --programs balanced best predict --plot speed.svg
    python tests/benchmarks/throughput.py --photos 6 --few 2 --programs balanced mtcnn scrfd \\
        retinaface retinaface-1024 deepface-fastmtcnn --scrfd scrfd_2.5g_bnkps.onnx \\
        --retinaface retinaface_mobilenet0.25.pth

The photos are 12-megapixel JPEGs made from the images of the sample album. Each program runs as
its user would start it, on few and on many photos: the difference is the steady rate, without the
seconds that a start takes. sort_photos detects, plans, cuts crops, links and journals, and
remembers nothing (--no-cache); `yolo predict` detects and saves crops, and so do the programs of
peers.py, which says how. What is not installed, or lacks its weights, is left out, and said to be.
Rounds alternate, so that a noisy machine is noisy to all: what counts are ratios, and processor
time, which other programs change less. The floor is what cannot be saved: decoding alone, and the
network alone, on all cores.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from figures import draw_programs

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

SIZE_WH = (4000, 3000)
FEW = 8
IMGSZ = 640  # what the shipped ONNX file says of itself
LEVELS = ("fast", "balanced", "best")
PREDICT = "predict"
PEERS = Path(__file__).with_name("peers.py")


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu_s: float
    peak_mb: float


def make_photos(folder: Path, count: int) -> None:
    """JPEGs of 12 megapixels with the noise of a camera, all different, about 4 MB each."""
    import numpy as np
    from PIL import Image

    from facesort.dataset.sample_data import make_sample_album
    from facesort.photos import list_photos, open_photo

    with tempfile.TemporaryDirectory() as temporary:
        make_sample_album(Path(temporary) / "album")
        found = list_photos(Path(temporary) / "album").photos
        sources = [Image.fromarray(open_photo(photo.path).rgb) for photo in found]
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (*SIZE_WH[::-1], 1)).astype(np.int16)
    folder.mkdir()
    for i in range(count):
        large = np.asarray(sources[i % len(sources)].resize(SIZE_WH), dtype=np.int16)
        pixels = np.clip(large + np.roll(noise, 37 * i, axis=0), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"IMG_{i:04d}.jpg", quality=90)


def apart(work: Callable[..., None], *arguments: object) -> None:
    """Do ``work`` in a process of its own: the peak memory that a system counts for a program
    begins with what its starter held, so whoever measures must stay small."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} failed")


def timed(command: list[str], folder: Path, ok: tuple[int, ...] = (0,)) -> Run:
    """Run ``command`` to its end; raises where it fails (another exit code than ``ok``), with what
    it said."""
    environment = os.environ | {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ok:
            log.seek(0)
            raise RuntimeError(f"{command}: {log.read().decode()[-2000:]}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def command(program: str, album: Path, dst: Path, weights: dict[str, Path]) -> list[str]:
    """How to start ``program``; ``weights`` are those of peers, by the first word of their name."""
    if program == PREDICT:
        yolo = Path(sys.executable).with_name("yolo")
        weights = ROOT / "weights" / "occlusion.pt"
        arguments = f"source={album} model={weights} imgsz={IMGSZ} project={dst} device=cpu"
        return [str(yolo), "detect", "predict", *arguments.split(), "save=False", "save_crop=True"]
    if program not in LEVELS:
        given = weights.get(program.split("-")[0])
        option = ["--weights", given] if given else []
        return [sys.executable, *map(str, [PEERS, program, album, dst, *option])]
    script = ROOT / "tools" / "sort_photos.py"
    arguments = ["--src", album, "--dst", dst, "--quality", program, "--no-cache"]
    return [sys.executable, *map(str, [script, *arguments])]


def rate(work: Callable[[bytes], object], photos: Iterable[bytes]) -> float:
    """Photos a second of ``work`` alone, on all cores."""
    photos = list(photos)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, photos[:FEW]))
        start = time.perf_counter()
        list(pool.map(work, photos))
        return len(photos) / (time.perf_counter() - start)


def floors(level: str, photos: list[bytes]) -> dict[str, float]:
    """Photos a second of decoding alone, and of the network alone."""
    from facesort.album.scanning.scanner import decode_px
    from facesort.models.detect import load_detector
    from facesort.models.letterbox import letterbox
    from facesort.models.presets import preset as level_of
    from facesort.photos import open_photo

    chosen = level_of(level)
    detector = load_detector(ROOT / "weights" / chosen.file, imgsz=chosen.imgsz)
    pixels, _ = letterbox(open_photo(photos[0], decode_px(detector)).rgb, chosen.imgsz)
    return {
        "decode": rate(lambda data: open_photo(data, decode_px(detector)), photos),
        "network": rate(lambda data: detector.forward(pixels), photos),
    }


def measure(
    programs: list[str], count: int, rounds: int, folder: Path, weights: dict[str, Path]
) -> dict[str, list[Run]]:
    """For each program and round the steady ``seconds`` and ``cpu_s`` a photo; a peer that fails
    is left out."""
    steady: dict[str, list[Run]] = {program: [] for program in programs}
    for number in range(rounds):
        for program in list(steady):
            try:
                few, many = (
                    timed(
                        command(
                            program, folder / album, folder / f"{program}_{album}_{number}", weights
                        ),
                        folder,
                    )
                    for album in ("few", "many")
                )
            except RuntimeError as error:
                if program in (*LEVELS, PREDICT):
                    raise
                print(f"{program}: left out: {str(error).strip().splitlines()[-1]}", flush=True)
                del steady[program]
                continue
            run = Run(
                (many.seconds - few.seconds) / count, (many.cpu_s - few.cpu_s) / count, many.peak_mb
            )
            steady[program].append(run)
            print(
                f"round {number + 1} {program:18}{1 / run.seconds:8.2f} photos/s"
                f"{1e3 * run.cpu_s:8.1f} ms of processor a photo{run.peak_mb:8.0f} MB",
                flush=True,
            )
    return steady


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--few", type=int, default=FEW, help="photos of the run to subtract")
    parser.add_argument("--programs", nargs="+", default=[*LEVELS, PREDICT])
    parser.add_argument("--retinaface", type=Path, metavar="FILE", help="its weights (.pth)")
    parser.add_argument("--scrfd", type=Path, metavar="FILE", help="its weights (.onnx)")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw speed and memory")
    args = parser.parse_args()
    given = {"retinaface": args.retinaface, "scrfd": args.scrfd}
    weights = {name: file.absolute() for name, file in given.items() if file}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        apart(make_photos, folder / "many", args.few + args.photos)
        (folder / "few").mkdir()
        for photo in sorted((folder / "many").iterdir())[: args.few]:
            os.link(photo, folder / "few" / photo.name)
        steady = measure(args.programs, args.photos, args.rounds, folder, weights)
        photos = [path.read_bytes() for path in sorted((folder / "many").iterdir())]
        floor = {level: floors(level, photos) for level in LEVELS if level in args.programs}
    show({program: median_of(runs) for program, runs in steady.items()}, floor)
    if args.plot:
        draw_programs({program: median_of(runs) for program, runs in steady.items()}, args.plot)


def median_of(runs: list[Run]) -> Run:
    """The medians of time, and the highest peak."""
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_s for run in runs),
        max(run.peak_mb for run in runs),
    )


def show(runs: dict[str, Run], floor: dict[str, dict[str, float]]) -> None:
    """A table; "times" are those of `yolo predict`, or of the slowest where it did not run."""
    base = PREDICT if PREDICT in runs else max(runs, key=lambda program: runs[program].seconds)
    print(f"\n{'':18}{'photos/s':>9}{'CPU ms':>8}{'peak MB':>9}   times {base}")
    for program, run in runs.items():
        print(
            f"{program:18}{1 / run.seconds:>9.2f}{1e3 * run.cpu_s:>8.1f}{run.peak_mb:>9.0f}"
            f"{runs[base].seconds / run.seconds:>8.2f}"
        )
        if program in floor:
            decode, network = floor[program]["decode"], floor[program]["network"]
            both = 1 / (1 / decode + 1 / network)
            print(
                f"  alone: decoding {decode:.1f}, network {network:.1f}, one after the other "
                f"{both:.1f} photos/s; {both * run.seconds:.2f} times that, "
                f"{min(decode, network) * run.seconds:.2f} times the slower of the two"
            )
    print(f"{os.cpu_count()} cores")


if __name__ == "__main__":
    main()
