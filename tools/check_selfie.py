"""Is this photo fit for face recognition, and if not, what should the person do?

    python tools/check_selfie.py photo.jpg
    python tools/check_selfie.py photo.jpg --lang ko
    python tools/check_selfie.py photo.jpg --measures --limits my_limits.yaml
    python tools/check_selfie.py photo.jpg --components
    python tools/check_selfie.py --web

Standard output: one line of JSON, {"usable", "reasons", "covered", "advice"}. Standard error: the
advice alone, one sentence for the person. What is looked for: one main face, nothing over eyes or
mouth, not cut by the border, large, sharp, neither too dark nor too bright, the head neither turned
nor tilted. --components adds 0 to 100 for each quality component that ISO/IEC 29794-5 names.
Exit code: 0 usable, 1 not (or the photo does not open), 2 usage.

--web does the same in the browser with the camera, on this computer alone; --web-out writes the
folder for any web server. Both need ONNX Runtime Web once, from npm; nothing is loaded from
elsewhere when the page runs, and no image leaves it.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from facesort import console
from facesort.errors import ModelError, PhotoError, UsageError
from facesort.reporter import write_line

ROOT = Path(__file__).resolve().parents[1]
MIN_LONG_SIDE_PX = 1280  # larger photos are decoded smaller, which is faster


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("photo", type=console.path, metavar="PHOTO", nargs="?")
    add("--lang", default="en", help="language of the advice: en, de, ko (default: %(default)s)")
    add("--limits", type=console.path, help="thresholds (default: data_configs/selfie.yaml)")
    add("--weights", type=console.path, help="model (default: weights/occlusion.onnx)")
    add("--points", type=console.path, help="five points (default: weights/face_points.onnx)")
    add("--yunet", type=console.path, help="YuNet's ONNX file: points by it instead of by ours")
    add("--components", action="store_true", help="add quality components, 0 to 100, not certified")
    add("--measures", action="store_true", help="add what was measured, to set thresholds by")
    add(
        "--web", action="store_true", help="serve the check as a page on this computer; Ctrl-C ends"
    )
    add(
        "--web-out", type=console.path, metavar="DIR", help="write the page's folder, serve nothing"
    )
    add("--port", type=int, default=0, help="of --web (default: a free one)")
    add("--no-browser", action="store_true", help="with --web: only print the address")
    add(
        "--onnxruntime-web",
        type=console.path,
        metavar="DIR",
        help="folder with node_modules/onnxruntime-web (default: here)",
    )
    args = parser.parse_args(argv)
    is_web = args.web or args.web_out is not None
    if (args.photo is None) != is_web:
        parser.error("expected a PHOTO, or --web or --web-out alone")
    if not 0 <= args.port <= 65535:
        parser.error(f"--port {args.port}: expected 0 to 65535")
    if not is_web and not args.photo.is_file():
        raise UsageError(f"{args.photo}: no such file; expected a photo")
    args.weights = args.weights or ROOT / "weights" / "occlusion.onnx"
    args.points = args.points or ROOT / "weights" / "face_points.onnx"
    args.limits = args.limits or ROOT / "data_configs" / "selfie.yaml"
    return args


def judge(args: Namespace):
    """The verdict on the photo and its components, once everything that it needs is loaded."""
    from facesort.classes import CLASS_NAMES
    from facesort.media.selfie_check import SelfieChecker
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.face_finders import load_yunet
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo
    from facesort.selfie.check import Verdict
    from facesort.selfie.limits import read_limits

    limits = read_limits(args.limits)
    detector = with_second_looks(load_detector(args.weights, imgsz=limits.network_px))
    if detector.names != CLASS_NAMES:
        found = ", ".join(detector.names)[:60]
        raise ModelError(f"{args.weights}: finds {found}; expected our classes")
    yunet = load_yunet(args.yunet) if args.yunet else None
    checker = SelfieChecker(detector, load_point_finder(args.points), limits, yunet)
    try:
        photo = open_photo(args.photo, MIN_LONG_SIDE_PX)
    except PhotoError as error:
        write_line(str(error), sys.stderr)
        return Verdict(("unreadable",)), None
    verdict, face = checker.check(photo)
    return verdict, checker.components(photo, face) if args.components else None


def serve(args: Namespace) -> None:
    """Write the page's folder, and serve it with --web until Ctrl-C."""
    from facesort.media.selfie_web import find_runtime, write_web_folder
    from facesort.selfie.limits import read_limits

    limits = read_limits(args.limits)
    runtime = find_runtime(args.onnxruntime_web, (Path.cwd(), ROOT))
    with TemporaryDirectory() as temporary:
        folder = args.web_out or Path(temporary) / "selfie"
        write_web_folder(folder, runtime, args.weights, args.points, limits)
        if args.web_out:
            print(f"written to {folder}; serve it over https with the headers of docs/mobile.md")
        if args.web:
            _serve_until_stopped(folder, args.port, not args.no_browser)


def _serve_until_stopped(folder: Path, port: int, with_browser: bool) -> None:
    import webbrowser

    from facesort.media.selfie_server import make_server

    with make_server(folder, port) as server:
        address = f"http://{server.server_address[0]}:{server.server_address[1]}/"
        print(f"{address} (Ctrl-C ends)", flush=True)
        if with_browser:
            webbrowser.open(address)
        server.serve_forever()


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    from facesort.selfie.words import words_of

    words_of(args.lang)  # an unknown language is reported before any work
    if args.photo is None:
        serve(args)
        return 0
    verdict, components = judge(args)
    said = verdict.as_json(args.lang, args.measures)
    if args.components:
        said["components"] = components
    write_line(json.dumps(said, ensure_ascii=False), sys.stdout)
    write_line(said["advice"], sys.stderr)
    return 0 if verdict.usable else 1


if __name__ == "__main__":
    console.run(main)
