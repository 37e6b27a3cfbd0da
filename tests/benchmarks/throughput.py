"""Photos a second and peak memory: sort_photos against `yolo predict`, same weights, same size.

    python tests/benchmarks/throughput.py
    python tests/benchmarks/throughput.py --photos 100 --rounds 5

The photos are 12-megapixel JPEGs made from the pictures of the sample album. Each program runs as
its user would start it, on few and on many photos: the difference is the steady rate, without the
seconds that a start takes. `yolo predict` only detects (save=False); sort_photos also plans, cuts
crops, links and journals. Rounds alternate, so that a noisy machine is noisy to both; the figure
that counts is the ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

SIZE_WH = (4000, 3000)
FEW = 8
IMGSZ = 640  # what the shipped ONNX file says of itself


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_mb: float


def make_photos(folder: Path, count: int) -> None:
    """JPEGs of 12 megapixels with the noise of a camera, all different, about 4 MB each."""
    import numpy as np
    from PIL import Image

    from facesort.dataset.sample_album import make_sample_album
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


def timed(command: list[str], folder: Path) -> Run:
    """Run ``command`` to its end; raises when it fails, with what it said."""
    environment = os.environ | {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{command}: {log.read().decode()[-2000:]}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Run(seconds, usage.ru_maxrss / unit)


def sort_command(album: Path, dst: Path) -> list[str]:
    weights = ROOT / "weights" / "occlusion.onnx"
    script = ROOT / "tools" / "sort_photos.py"
    arguments = ["--src", album, "--dst", dst, "--weights", weights]
    return [sys.executable, *map(str, [script, *arguments])]


def predict_command(album: Path) -> list[str]:
    yolo = Path(sys.executable).with_name("yolo")
    weights = ROOT / "weights" / "occlusion.pt"
    arguments = f"source={album} model={weights} imgsz={IMGSZ} save=False device=cpu".split()
    return [str(yolo), "detect", "predict", *arguments]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_photos(folder / "many", FEW + args.photos)
        (folder / "few").mkdir()
        for photo in sorted((folder / "many").iterdir())[:FEW]:
            os.link(photo, folder / "few" / photo.name)
        rates: dict[str, list[float]] = {"sort_photos": [], "yolo predict": []}
        peaks: dict[str, float] = dict.fromkeys(rates, 0.0)
        for number in range(args.rounds):
            for name in rates:
                runs = []
                for album in ("few", "many"):
                    path = folder / album
                    dst = folder / f"sorted_{album}_{number}"
                    command = (
                        sort_command(path, dst) if name == "sort_photos" else predict_command(path)
                    )
                    runs.append(timed(command, folder))
                rates[name].append(args.photos / (runs[1].seconds - runs[0].seconds))
                peaks[name] = max(peaks[name], runs[1].peak_mb)
                print(
                    f"round {number + 1} {name:13}{rates[name][-1]:7.2f} photos/s"
                    f"{runs[1].seconds:8.1f} s in all{runs[1].peak_mb:8.0f} MB"
                )
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"\n{'':14}{'photos/s':>9}{'peak MB':>9}")
    for name, value in medians.items():
        print(f"{name:14}{value:>9.2f}{peaks[name]:>9.0f}")
    print(f"ratio {medians['sort_photos'] / medians['yolo predict']:.2f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
