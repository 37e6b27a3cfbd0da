"""Does the selfie page say what Python says of a photo, and how many frames a second does it see?

    npm install onnxruntime-web@1.30.0
    python tests/benchmarks/selfie_browser.py --table photos.csv --most 200
    python tests/benchmarks/selfie_browser.py --table photos.csv --most 0 --frames 100

The table has the columns image (relative to its folder) and class, as for selfie_errors.py. Both
get the same pixels. A face agrees where the other side has one of the same class whose box overlaps
it by .9. Speed: the whole check of a 640 x 480 frame, the network at 320 px, in Chromium without a
window; also the fastest ten frames in a row, since a busy machine is slower than its processor.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests"), str(ROOT / "tests" / "selfie")]

LOAD = """async () => {
  const { loadSelfieCheck } = await import("/lib/index.js");
  globalThis.selfie = await loadSelfieCheck(new URL("/", location.href));
}"""
CHECK = """async ([{ base64, width, height }, scale]) => {
  const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const { reasons, faces } = await selfie.check({ data, width, height }, { scale });
  return { reasons, faces };
}"""
SPEED = """async ([{ base64, width, height }, frames, whole]) => {
  const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const took = [];
  let last = null;
  for (let i = 0; i < frames + 3; i++) {
    const start = performance.now();
    const options = { imgsz: 320, last: i % whole ? last : null };
    last = await selfie.check({ data, width, height }, options);
    if (i >= 3) took.push(performance.now() - start);
  }
  return took;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    parser.add_argument("--onnxruntime-web", type=Path, default=Path.cwd())
    args = parser.parse_args()

    from browser import open_page, served

    from facesort.media.selfie_web import find_runtime, write_web_folder
    from facesort.selfie.limits import read_limits

    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    points = ROOT / "weights" / "face_points.onnx"
    with TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        runtime = find_runtime(args.onnxruntime_web, ())
        write_web_folder(site, runtime, args.weights, points, limits)
        with served(site) as address, open_page(f"{address}lib/index.d.ts") as page:
            page.evaluate(LOAD)
            agreement(page, args, limits, points)
            speed(page, args)


def agreement(page: Any, args: argparse.Namespace, limits: Any, points: Path) -> None:
    import numpy as np
    from browser import as_js

    from facesort.labels import named_crops
    from facesort.media.selfie_check import SelfieChecker
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo

    detector = with_second_looks(load_detector(args.weights, imgsz=limits.network_px))
    checker = SelfieChecker(detector, load_point_finder(points), limits)
    rows = named_crops.read(args.table, "image", "class")
    order = np.random.default_rng(0).permutation(len(rows))[: args.most]
    faces = agree = verdicts = 0
    for i in order.tolist():
        photo = open_photo(args.table.parent / rows[i]["image"], 1280)
        verdict, face = checker.check(photo)
        found = face.found if face else detector.detect([photo.rgb])[0]
        ours = found.class_id.tolist()
        if face:
            main = int(np.abs(found.xyxy_px - face.xyxy_px).sum(axis=1).argmin())
            ours[main] = 2 * ("eyes" in verdict.covered) + ("mouth" in verdict.covered)
        theirs = page.evaluate(CHECK, [as_js(photo.rgb), photo.scale])
        same = agreeing(found.xyxy_px, ours, theirs["faces"])
        count = max(len(ours), len(theirs["faces"]))
        faces, agree = faces + count, agree + same
        verdicts += list(verdict.reasons) == theirs["reasons"]
        if same < count or list(verdict.reasons) != theirs["reasons"]:
            print(f"{rows[i]['image']}: {verdict.reasons} here, {theirs['reasons']} there")
    if faces:
        print(f"faces that agree: {agree} of {faces} ({100 * agree / faces:.2f} %)")
        print(f"verdicts that agree: {verdicts} of {len(order)}")


def agreeing(xyxy_px: Any, classes: list[int], theirs: list[dict[str, Any]]) -> int:
    from facesort.boxes import as_boxes, iou_matrix

    if not classes or not theirs:
        return 0
    overlap = iou_matrix(xyxy_px, as_boxes([face["box"] for face in theirs]))
    best = overlap.argmax(axis=1).tolist()
    return sum(
        overlap[i, j] >= 0.9 and classes[i] == theirs[j]["classId"] for i, j in enumerate(best)
    )


def speed(page: Any, args: argparse.Namespace) -> None:
    import numpy as np
    from browser import as_js
    from PIL import Image
    from skimage.data import astronaut

    frame = np.asarray(Image.fromarray(astronaut()[:384]).resize((640, 480)))
    threads = page.evaluate("Math.min(4, navigator.hardwareConcurrency)")
    print(f"{args.frames} frames at 320 px, {threads} threads, load {os.getloadavg()[0]:.1f}")
    for name, whole in (("all of each frame", 1), ("film, as the page", 4)):
        took = np.array(page.evaluate(SPEED, [as_js(frame), args.frames, whole]))
        count = 10 if whole == 1 else 3 * whole
        runs = np.convolve(took, np.ones(count) / count, "valid")
        print(
            f"{name}: mean {took.mean():.0f} ms, {1000 / took.mean():.1f} frames a second; "
            f"best {count} in a row {1000 / runs.min():.1f}"
        )


if __name__ == "__main__":
    main()
