"""Occlusion on images held back, source by source: any detector, four classes and two bits.

    python tests/benchmarks/occlusion_wild.py weights/occlusion.onnx --yolo wild=photos/wild
    python tests/benchmarks/occlusion_wild.py best.pt --plain --imgsz 640 --yolo wild=photos/wild
    python tests/benchmarks/occlusion_wild.py --list held_back.txt --yolo wild=photos/wild
    python tests/benchmarks/occlusion_wild.py mine.csv --yolo wild=photos/wild --scenes \\
        photos/scenes_voc --selfies photos/selfies_sunglasses --crops photos/crops
    python tests/benchmarks/occlusion_wild.py weights/occlusion.onnx --view crops --yolo ...

DETECTOR is an ONNX file of ours, an Ultralytics checkpoint with four classes, or a CSV of boxes:
image,x1,y1,x2,y2,class,confidence with image as --list writes it, pixels of the upright image.
--view crops and portraits judge each large face on an image cut to it: 55 to 220 px, or 480 to
1600 px with the face filling the frame. --plain looks once at one size; without it, images are
looked at as sort_photos.py does. Protocol: weights/README.md.
Exit code: 0 done, 1 an image could not be read (listed), 2 usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import held_back
import numpy as np

sys.path.insert(0, str(held_back.ROOT / "tools"))

from any_detector import Detect, key_of, load_any
from cut_faces import cut_faces
from occlusion_score import (
    FIGURES,
    Face,
    Scored,
    Table,
    score_crop,
    score_image,
    tables,
)

from facesort import console
from facesort.classes import CLASS_NAMES
from facesort.photos import open_photo

VIEWS = ("photos", "crops", "portraits")
LEAST_FACE_PX = 20.0  # smaller ones were not looked at when the labels were made


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detector", type=Path, nargs="?")
    held_back.add_options(parser)
    parser.add_argument("--view", choices=VIEWS, default="photos")
    parser.add_argument("--conf", type=float, default=None, help="default: the model's own")
    parser.add_argument("--imgsz", type=int, default=None, help="default: the model's own")
    parser.add_argument("--plain", action="store_true", help="one look at one size")
    parser.add_argument("--least-px", type=float, default=LEAST_FACE_PX)
    parser.add_argument("--list", type=Path, help="write the held-back images and stop")
    parser.add_argument("--json", type=Path, help="write all figures")
    parser.add_argument("--errors", type=Path, help="write each wrongly named face as CSV")
    args = parser.parse_args()
    if not (args.detector or args.list):
        parser.error("DETECTOR: missing; pass a model, a CSV, or --list FILE")
    if args.detector and args.detector.suffix == ".csv" and args.view != "photos":
        parser.error("--view: a CSV holds boxes of whole images; leave it out")
    return args


def score(
    args: argparse.Namespace, images: list[held_back.HeldBack]
) -> Iterator[tuple[str, Scored]]:
    detect = load_any(args.detector, args.conf, args.imgsz, args.plain)
    for image in console.progress(images, len(images), "image"):
        yield from score_one(image, detect, args.view, args.least_px)


def score_one(
    image: held_back.HeldBack, detect: Detect, view: str, least_px: float
) -> Iterator[tuple[str, Scored]]:
    rgb, key = open_photo(image.path).rgb, key_of(image.path)
    source, group = image.source, image.group
    if image.labels is None:
        if view != "portraits":
            yield key, score_crop(source, group, image.face_class, detect(key, rgb))
    elif view == "photos":
        found = detect(key, rgb)
        yield key, score_image(source, group, image.labels, found, least_px)
    else:
        for cut in cut_faces(rgb, image.labels, view):
            found = detect(key, cut.rgb)
            yield f"{key}#{cut.index}", score_crop(source, group, cut.class_id, found)


def show(table: Table) -> None:
    counts = ", ".join(f"{n:,} {name}" for n, name in zip(table.counts, CLASS_NAMES, strict=True))
    print(f"\n{table.source}: {sum(table.counts):,} faces ({counts})")
    for name in FIGURES:
        print(f"  {name:28}{table.figures[name]}")


def write_errors(file: Path, faces: list[tuple[str, Face]]) -> None:
    names = (*CLASS_NAMES, "not found")
    lines = [
        f"{key},{face.source},{names[face.true_id]},{names[face.named_id]}"
        for key, face in faces
        if face.true_id != face.named_id
    ]
    file.write_text("\n".join(["image,source,true,named", *lines]) + "\n", encoding="utf-8")


def main() -> int:
    args = arguments()
    images = held_back.read(args)
    if args.list:
        text = "".join(f"{key_of(image.path)}\n" for image in images)
        args.list.write_text(text, encoding="utf-8")
        print(f"{len(images):,} images of {args.part} listed in {args.list}")
        return 0
    scored = list(score(args, images))
    faces = [(key, face) for key, one in scored for face in one.faces]
    found = tables([face for _, face in faces])
    for table in found:
        show(table)
    alarms = sum(one.false_alarms for _, one in scored)
    if args.view == "photos":
        per_100 = 100 * alarms / max(1, len(images))
        print(f"\ndetections on no labelled face: {alarms:,}, {per_100:.1f} per 100 images")
    if args.errors:
        write_errors(args.errors, faces)
    if args.json:
        figures = {t.source: {"faces": t.counts, **t.figures} for t in found}
        args.json.write_text(json.dumps(figures, indent=1, default=float), encoding="utf-8")
    return 0


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    sys.exit(main())
