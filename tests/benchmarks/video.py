"""Video against real time, and whether a face keeps its number: find_faces on 720p at 25 frames/s.

    python tests/benchmarks/video.py ../shared/data/scenes_voc/images
    python tests/benchmarks/video.py ../shared/data/scenes_voc/images --weights int8.onnx

The video pans and zooms over still images, four seconds each, with hard cuts. So it is known
where each face goes: boxes are taken back to the still, and what overlaps there is one face.
CPU seconds tell what the machine would do if it had nothing else to do.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

WIDTH, HEIGHT, FPS, FRAMES_A_STILL, STILLS = 1280, 720, 25, 100, 8
SAME_FACE_IOU = 0.4
FEWEST_SIGHTS = 5


def window(size_wh: tuple[int, int], number: int, frame: int) -> tuple[float, float, float, float]:
    """x, y, width, height of the part of still ``number`` that a frame of it shows."""
    width, height = size_wh
    part = frame / (FRAMES_A_STILL - 1)
    zoom = 1.0 + 0.5 * part if number % 2 else 1.5 - 0.5 * part
    w = min(width / zoom, height / zoom * WIDTH / HEIGHT)
    h = w * HEIGHT / WIDTH
    return (width - w) * (0.2 + 0.6 * part), (height - h) * (0.3 + 0.3 * part), w, h


def stills(folder: Path) -> list[NDArray[np.uint8]]:
    from facesort.photos import list_photos, open_photo

    found = []
    for listed in list_photos(folder).photos[::7]:
        rgb = open_photo(listed.path).rgb
        if rgb.shape[1] >= 600 and 1.3 < rgb.shape[1] / rgb.shape[0] < 1.9:
            found.append(rgb)
        if len(found) == STILLS:
            break
    return found


def make_video(path: Path, images: list[NDArray[np.uint8]]) -> None:
    import cv2

    from facesort.media.video_writer import VideoWriter

    film = VideoWriter(path, (WIDTH, HEIGHT), FPS, None)
    for number, rgb in enumerate(images):
        for frame in range(FRAMES_A_STILL):
            x, y, w, h = window((rgb.shape[1], rgb.shape[0]), number, frame)
            to_frame = np.array([[WIDTH / w, 0, -x * WIDTH / w], [0, HEIGHT / h, -y * HEIGHT / h]])
            shown = cv2.warpAffine(rgb, to_frame, (WIDTH, HEIGHT))
            film.write(np.asarray(shown, np.uint8), (number * FRAMES_A_STILL + frame) / FPS)
    film.close()


def judge(rows: list[dict[str, str]], images: list[NDArray[np.uint8]]) -> None:
    """Print how many faces have one number, and how many sights have none."""
    from facesort.boxes import iou_matrix

    faces: list[tuple[int, NDArray[np.float64], list[str]]] = []  # still, box there, numbers
    for row in rows:
        number, frame = divmod(int(row["frame"]), FRAMES_A_STILL)
        rgb = images[number]
        x, y, w, h = window((rgb.shape[1], rgb.shape[0]), number, frame)
        box = np.array([float(row[key]) for key in ("x1", "y1", "x2", "y2")])
        box = box * np.tile([w / WIDTH, h / HEIGHT], 2) + np.tile([x, y], 2)
        near = [
            face
            for face in faces
            if face[0] == number and iou_matrix([box], [face[1]])[0, 0] > SAME_FACE_IOU
        ]
        if near:
            near[0][2].append(row["track"])
        else:
            faces.append((number, box, [row["track"]]))
    numbers = [[track for track in face[2] if track] for face in faces]
    seen = [tracks for tracks in numbers if len(tracks) >= FEWEST_SIGHTS]
    shared: defaultdict[str, int] = defaultdict(int)
    for tracks in seen:
        for track in set(tracks):
            shared[track] += 1
    print(f"sights: {len(rows):,}, without a number: {sum(not row['track'] for row in rows):,}")
    print(f"faces with {FEWEST_SIGHTS} sights or more: {len(seen)}", end="")
    print(f", one number throughout: {sum(len(set(tracks)) == 1 for tracks in seen)}", end="")
    print(f"; numbers that two faces share: {sum(n > 1 for n in shared.values())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    parser.add_argument("--stride", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = stills(args.pictures)
        make_video(folder / "clip.mp4", images)
        video_s = len(images) * FRAMES_A_STILL / FPS
        script, out = ROOT / "tools" / "find_faces.py", folder / "out"
        options = ["--csv", "--stride", args.stride, "--weights", args.weights, "--out", out]
        command = [sys.executable, script, folder / "clip.mp4", *options]
        before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([str(part) for part in command], check=True)
        wall_s = time.perf_counter() - began_s
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with (out / "faces.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["x1"]]
    print(
        f"video {video_s:.0f} s, wall {wall_s:.1f} s = {video_s / wall_s:.2f} x real time", end=""
    )
    cores = os.cpu_count() or 1
    print(f"; CPU {cpu_s:.1f} s, load {os.getloadavg()[0]:.1f} on {cores} cores", end="")
    print(f"; with nothing else to do {video_s * cores / cpu_s:.1f} x at most")
    judge(rows, images)


if __name__ == "__main__":
    main()
