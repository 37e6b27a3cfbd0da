"""Is this photo fit for face recognition, and if not, what should the person do?

    python tools/check_selfie.py photo.jpg
    python tools/check_selfie.py photo.jpg --lang ko
    python tools/check_selfie.py photo.jpg --measures --limits my_limits.yaml
    python tools/check_selfie.py photo.jpg --yunet face_detection_yunet_2023mar.onnx

Standard output: one line of JSON, {"usable", "reasons", "covered", "advice"}. Standard error: the
advice alone, one sentence for the person. What is looked for: one main face, nothing over eyes or
mouth, not cut by the border, large, sharp, neither too dark nor too bright; with --yunet (a YuNet
file of OpenCV's model zoo) also that the head is neither turned nor tilted.
Exit code: 0 usable, 1 not (or the photo does not open), 2 usage.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import ModelError, PhotoError, UsageError
from facesort.reporter import write_line

ROOT = Path(__file__).resolve().parents[1]
MIN_LONG_SIDE_PX = 1280  # larger photos are decoded smaller, which is faster


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("photo", type=console.path, metavar="PHOTO")
    add("--lang", default="en", help="language of the advice: en, ko (default: %(default)s)")
    add("--limits", type=console.path, help="thresholds (default: data_configs/selfie.yaml)")
    add("--weights", type=console.path, help="model (default: weights/occlusion.onnx)")
    add("--yunet", type=console.path, help="YuNet's ONNX file: notice turned and tilted heads")
    add("--measures", action="store_true", help="add what was measured, to set thresholds by")
    args = parser.parse_args(argv)
    if not args.photo.is_file():
        raise UsageError(f"{args.photo}: no such file; expected a photo")
    return args


def judge(args: Namespace):
    """The verdict on the photo, once everything that it needs is loaded."""
    from facesort.classes import CLASS_NAMES
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.face_finders import load_yunet
    from facesort.photos import open_photo
    from facesort.selfie.check import Verdict, check_selfie
    from facesort.selfie.limits import read_limits

    limits = read_limits(args.limits or ROOT / "data_configs" / "selfie.yaml")
    weights = args.weights or ROOT / "weights" / "occlusion.onnx"
    detector = with_second_looks(load_detector(weights, imgsz=limits.network_px))
    if detector.names != CLASS_NAMES:
        raise ModelError(f"{weights}: finds {', '.join(detector.names)[:60]}; expected our classes")
    find = load_yunet(args.yunet) if args.yunet else None
    try:
        photo = open_photo(args.photo, MIN_LONG_SIDE_PX)
    except PhotoError as error:
        write_line(str(error), sys.stderr)
        return Verdict(("unreadable",))
    points = find(photo.rgb, limits.network_px) if find else None
    return check_selfie(photo, detector.detect([photo.rgb])[0], limits, points)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.selfie.words import words_of

    words_of(args.lang)  # an unknown language is told before any work
    verdict = judge(args)
    said = verdict.as_json(args.lang, args.measures)
    write_line(json.dumps(said, ensure_ascii=False), sys.stdout)
    write_line(said["advice"], sys.stderr)
    return 0 if verdict.usable else 1


if __name__ == "__main__":
    console.run(main)
