"""Find faces in photos, videos, cameras and streams, and say what covers each.

    python tools/find_faces.py photo.jpg --out found --annotate
    python tools/find_faces.py album "more/*.png" --csv --jsonl      # folders, patterns
    python tools/find_faces.py album --crops --masks                 # faces/ heads/ masks/ ...
    python tools/find_faces.py selfies --advise                      # fit for recognition?
    python tools/find_faces.py clip.mp4 --annotate --csv --stride 2  # every second frame
    python tools/find_faces.py 0 --show                              # a camera; q quits
    python tools/find_faces.py rtsp://camera.local/live --interval 1 --jsonl
    find . -name "*.jpg" | python tools/find_faces.py - --csv        # a list, one source a line

Always writes faces_inference_results.txt: a line with the image's name, then x1 y1 x2 y2
confidence for each of its faces. Boxes are pixels of the upright image. In a video a face keeps
one number and has one class, the one it had most often. The folder of --out must be new or empty;
sources are only read, and nothing leaves this machine.
Exit code: 0 done, 1 a source could not be read to its end (listed), 2 usage, 130 Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.errors import UsageError

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "occlusion.onnx"
LIMITS = Path(__file__).resolve().parents[1] / "data_configs" / "selfie.yaml"
RUNS = Path("runs") / "faces"


def at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text}: expected 1 or more")
    return int(text)


def seconds(text: str) -> float:
    if not 0 <= float(text) <= 86_400:
        raise ArgumentTypeError(f"{text}: expected seconds, 0 to a day")
    return float(text)


def head_scale(text: str) -> float:
    if not 1 <= float(text) <= 20:
        raise ArgumentTypeError(f"{text}: expected 1 to 20 times the face")
    return float(text)


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("source", nargs="+", metavar="SOURCE", help="photo, folder, pattern, video, camera ...")
    add("--out", type=console.path, metavar="DIR", help=f"new folder (default: {RUNS}, numbered)")
    add("--csv", action="store_true", help="faces.csv: one row a face")
    add("--jsonl", action="store_true", help="faces.jsonl: one line an image")
    add("--annotate", action="store_true", help="annotated/: images and videos with boxes drawn")
    add("--crops", action="store_true", help="faces/ and heads/, cut out")
    add("--masks", action="store_true", help="masks/ of faces and head_masks/ of persons")
    add(
        "--head-scale",
        type=head_scale,
        default=4.0,
        metavar="N",
        help="a head is so many times as wide and high as its face (default: 4)",
    )
    add(
        "--segmenter",
        type=console.path,
        metavar="FILE",
        help="model of --masks: person segmentation (.onnx, .tflite) or YOLO-seg (.pt, .onnx); "
        "default: GrabCut, which needs none",
    )
    add("--advise", action="store_true", help="advice.jsonl: fit for recognition, or what to do")
    add("--lang", metavar="L", help="language of --advise: en, de, ko (default: en)")
    add("--limits", type=console.path, help="thresholds of --advise (default: selfie.yaml)")
    add("--show", action="store_true", help="a window; q quits")
    add(
        "--interval",
        type=seconds,
        metavar="S",
        help="look at a video or camera once in S seconds; --show a photo for S seconds",
    )
    add("--stride", type=at_least_1, default=1, metavar="N", help="every N-th frame (default: 1)")
    add("--no-track", action="store_true", help="no numbers and no votes in videos")
    add("--conf", type=console.fraction, metavar="0..1", help="below it there is no face")
    add("--imgsz", type=console.network_px, metavar="PX", help="the network's (default: model's)")
    add(
        "--weights",
        type=console.path,
        metavar="FILE",
        help="model, .onnx or .pt (default: weights/occlusion.onnx)",
    )
    add("--workers", type=at_least_1, metavar="N", help="images at a time (default: cores)")
    args = parser.parse_args(argv)
    if args.segmenter and not args.masks:
        raise UsageError("--segmenter: says how --masks works; pass --masks as well")
    if (args.lang or args.limits) and not args.advise:
        raise UsageError("--lang, --limits: say how --advise works; pass --advise as well")
    return args


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.files import numbered_folder
    from facesort.media import find_faces, sources
    from facesort.media.live_view import require_display
    from facesort.selfie.limits import read_limits
    from facesort.selfie.words import words_of

    language = args.lang or "en"
    words_of(language)  # an unknown language is reported before any work
    if isinstance(sys.stdin, io.TextIOWrapper):  # file names may hold bytes that are no text
        sys.stdin.reconfigure(errors="surrogateescape")
    found = sources.resolve(args.source, sys.stdin)
    if not found.found:
        for line in [*found.missing, *found.left_out]:
            print(f"left out: {console.one_line(line)}")
        raise UsageError("no photo and no video among the sources; see --help for what they can be")
    if args.show:
        require_display()  # before a model is loaded
    wanted = find_faces.Options(
        out=args.out or numbered_folder(RUNS),
        csv=args.csv,
        jsonl=args.jsonl,
        annotate=args.annotate,
        crops=args.crops,
        masks=args.masks,
        advise=read_limits(args.limits or LIMITS) if args.advise else None,
        language=language,
        segmenter=args.segmenter,
        head_scale=args.head_scale,
        show=args.show,
        interval_s=args.interval,
        stride=args.stride,
        track=not args.no_track,
        workers=args.workers or os.cpu_count() or 1,
    )
    model = find_faces.Model(args.weights or WEIGHTS, args.conf, args.imgsz)
    done = find_faces.run(found, wanted, model, console.progress)
    for line in done.lines:
        print(console.one_line(line))
    return done.exit_code


if __name__ == "__main__":
    console.run(main)
