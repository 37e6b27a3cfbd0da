"""Export a YOLO checkpoint to ONNX and prove on real images that both say the same.

    python tools/yolo_to_onnx.py
    python tools/yolo_to_onnx.py --int8                # four times smaller, twice as fast
    python tools/yolo_to_onnx.py --weights runs/detect/train/weights/best.pt --out best.onnx
    python tools/yolo_to_onnx.py --images my_photos/ --conf 0.25 --class-threshold 0.5
    python tools/yolo_to_onnx.py --int8 --preprocess   # for C++ or a phone: image in, faces out
    python tools/yolo_to_onnx.py --ncnn --imgsz 320    # for ncnn; it takes 320 x 320 only
    python tools/yolo_to_onnx.py --litert --coreml --imgsz 320 --make-mobile-env   # for phones

Without --images the images are those of the sample album (tools/make_sample_album.py). The file
is written only when raw outputs (scores, and boxes as a fraction of the input size) differ by at
most 1e-3, the same faces are found with the same classes, and boxes overlap by at least 0.999.

--int8 calibrates on real images of the train split of --data, takes the number format that is
fastest on this processor, and writes the file only when, on the val split, mAP50-95 falls by at
most 0.5 points (classes with fewer than 50 faces left out) and no class's recall by more than 1
point (or one face); else it says which layers hurt most.

--litert and --coreml are made in an environment of their own, which --make-mobile-env makes once;
without it the commands are printed. A .tflite is run by LiteRT's runtime and passes the same gates
(raw outputs within 1e-4); of a .mlpackage the specification and the network's operations are
checked, since only a Mac runs it. --preprocess: bytes in; --nms: faces out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from facesort import console
from facesort.old_spelling import accept_old
from facesort.paths import config

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add(
        "--weights",
        type=console.path,
        default=ROOT / "weights" / "occlusion.pt",
        help="checkpoint (.pt)",
    )
    add("--out", type=console.path, help="file to write (default: beside the checkpoint)")
    add(
        "--imgsz",
        type=console.network_px,
        default=640,
        help="longer side in pixels (default: %(default)s)",
    )
    add("--dynamic", action="store_true", help="take any batch, height and width (the default)")
    add("--fixed", action="store_true", help="take only --batch images of imgsz x imgsz")
    add("--batch", type=int, default=1, help="images at a time, with --fixed (%(default)s)")
    add("--opset", type=int, help="version of ONNX's operators (default: the newest that is safe)")
    add("--half", action="store_true", help="16-bit weights: half the size, looser parity bars")
    add("--int8", action="store_true", help="8-bit: see above")
    add(
        "--any-processor",
        action="store_true",
        help="with --int8: weights in 7 bits, which old processors (AVX2, no VNNI) add up right",
    )
    add(
        "--data",
        type=console.path,
        help="data set YAML for --int8 (default: data_configs/occlusion.yaml)",
    )
    add("--calib", type=console.path, help=argparse.SUPPRESS)  # what --data was called
    add("--nms", action="store_true", help="build suppression in: the output is a list of faces")
    add(
        "--preprocess",
        action="store_true",
        help="build in all: takes an image of any size, 8-bit BGR; gives faces in its pixels",
    )
    add("--openvino", action="store_true", help="also write .xml and .bin for OpenVINO")
    add("--ncnn", action="store_true", help="also write a folder for ncnn, imgsz x imgsz, 32 bits")
    add(
        "--litert",
        "--tflite",
        action="store_true",
        help="also write .tflite for LiteRT, imgsz x imgsz; with --int8 in 8 bits as well",
    )
    apple = "also write .mlpackage for Apple, imgsz x imgsz; running it needs a Mac"
    add("--coreml", action="store_true", help=apple)
    env = "environment that makes --litert and --coreml (default: .venv-mobile)"
    add("--mobile-env", type=console.path, metavar="DIR", help=env)
    add("--make-mobile-env", action="store_true", help="make it first: 3 GB of packages from PyPI")
    add("--sensitivity", action="store_true", help="with --int8: what each layer costs in 8 bits")
    add("--images", type=console.path, help="folder of images to compare on")
    add(
        "--conf",
        type=console.fraction,
        default=0.3,
        help="below it nothing is a face (%(default)s)",
    )
    add(
        "--class-threshold",
        type=console.fraction,
        default=0.4,
        help="from it on a class is trusted (%(default)s)",
    )
    accept_old(parser, "--sure")
    args = parser.parse_args(argv)
    if args.calib:
        print("--calib is called --data now", file=sys.stderr)
    args.data = args.data or args.calib or config("occlusion.yaml")
    if args.dynamic and args.fixed:
        parser.error("--dynamic and --fixed: pass one of the two")
    if args.batch < 1 or (args.batch > 1 and not args.fixed):
        parser.error(f"--batch {args.batch}: expected 1 or more, more than 1 only with --fixed")
    if args.any_processor and not args.int8:
        parser.error("--any-processor: goes with --int8")
    if args.half and (args.int8 or args.nms or args.preprocess):
        parser.error("--half: does not go with --int8, --nms or --preprocess")
    if args.ncnn and (args.int8 or args.half):
        parser.error(
            "--ncnn: does not go with --int8 or --half; ncnn computes in 16 bits where it can"
        )
    one_image = ("nms", "preprocess", "ncnn", "litert", "coreml")
    if args.batch > 1 and any(getattr(args, name) for name in one_image):
        said = ", ".join(f"--{name}" for name in one_image)
        parser.error(f"{said}: only for one image at a time, without --batch")
    if args.half and (args.litert or args.coreml):
        parser.error(
            "--half: does not go with --litert or --coreml; phones choose 16 bits as they run"
        )
    return args


def load_images(folder: Path | None) -> list[NDArray[np.uint8]]:
    """The photos of ``folder``, or those of the sample album."""
    from facesort.dataset.sample_data import make_sample_album
    from facesort.photos import list_photos, open_photo

    with TemporaryDirectory() as temporary:
        if folder is None:
            folder = Path(temporary) / "sample_album"
            make_sample_album(folder)
        return [open_photo(found.path, 1280).rgb for found in list_photos(folder).photos]


def notes(args) -> dict[str, str]:
    """What goes into the file besides the network: thresholds, and the data it was trained on."""
    from facesort.dataset.yolo_dataset import hash_of_train_split
    from facesort.models.detect import META_CONF, META_SURE
    from facesort.models.export import META_DATA, trained_on

    out = {META_CONF: str(args.conf), META_SURE: str(args.class_threshold)}
    data = trained_on(args.weights)
    found = [p for p in (Path(data), ROOT / data) if p.is_file()] if data else []
    if found:
        return out | {META_DATA: f"{found[0].name} {hash_of_train_split(found[0])}"}
    print(f"the training data ({data}) is not here; the file will not name it")
    return out


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    python = mobile_python(args) if args.litert or args.coreml else None
    from facesort.files import move
    from facesort.models.export import Form, export_onnx
    from facesort.models.parity import parity_table

    marks = ("int8", "half", "nms", "preprocess")
    suffix = "".join(f"-{mark}" for mark in marks if getattr(args, mark))
    out = args.out or args.weights.with_name(f"{args.weights.stem}{suffix}.onnx")
    form = Form(args.imgsz, not args.fixed, args.batch, args.opset, args.half)
    images = load_images(args.images)
    with TemporaryDirectory() as temporary:
        file = Path(temporary) / out.name
        rows = export_onnx(args.weights, file, images, form, notes(args))
        beside = Path(temporary) / "beside"
        mobile = to_mobile(args, python, file, beside / out.stem, images) if python else {}
        if args.int8:
            file, rows = to_int8(args, file, rows, images)
        rows |= to_others(args, file, beside / out.stem, images) | mobile
        if args.nms or args.preprocess:
            from facesort.models.end_to_end_export import write_end_to_end

            write_end_to_end(file, file, args.imgsz, args.preprocess)
        move(file, out)
        others = [path.relative_to(beside) for path in beside.rglob("*") if path.is_file()]
        for path in others:
            move(beside / path, out.parent / path)
    print(parity_table(rows))
    write_manifests(args, out, others)
    for path in [*sorted(others), Path(out.name)]:
        written = out.parent / path
        print(f"written to {written} ({written.stat().st_size / 1e6:.1f} MB)")


def write_manifests(args, out: Path, others: Sequence[Path]) -> None:
    """A manifest beside the ONNX file, and beside each of the ``others`` that hold a network."""
    from facesort.models.export_manifest import manifest, write_manifest

    content = manifest(out, args.imgsz)
    write_manifest(content, out)
    for name in others:
        if name.suffix in (".xml", ".param"):
            write_manifest(content, out.parent / name)
    if args.litert or args.coreml:
        from facesort.evaluate.mobile_export import write_mobile_manifests

        write_mobile_manifests(content, around(args), [out.parent / name for name in others])


def mobile_python(args) -> Path:
    """The interpreter that makes files for phones; before any work, so that it is not in vain."""
    from facesort.models.mobile import environment

    folder = args.mobile_env or environment.default_folder()
    if args.make_mobile_env:
        return environment.make(folder, print)
    return environment.find_python(folder)


def around(args):
    """What --preprocess and --nms build into a file for phones."""
    from facesort.models.mobile.litert import Around

    return Around(args.imgsz, args.preprocess, args.nms or args.preprocess, args.conf)


def to_mobile(args, python: Path, file: Path, stem: Path, images):
    """What was asked for of --litert and --coreml from the float ONNX ``file``, beside it."""
    from facesort.evaluate.mobile_export import MobileExport

    export = MobileExport(args.weights, file, python, around(args), print, console.progress)
    rows = {}
    if args.litert:
        data = args.data if args.int8 else None
        rows |= export.litert(stem.with_name(f"{stem.name}.tflite"), images, data)
    if args.coreml:
        rows |= export.coreml(stem.with_name(f"{stem.name}.mlpackage"), images)
    return rows


def to_int8(args, file: Path, rows, images):
    """The 8-bit file beside ``file``, and one row more of parity."""
    from facesort.evaluate.regression_gate import make_int8
    from facesort.models.detect import load_detector
    from facesort.models.parity import compare

    asked = {"sensitivity": args.sensitivity, "any_processor": args.any_processor}
    job = make_int8(file, args.data, file.parent, print, console.progress, **asked)
    original = load_detector(file)
    print(f"\n{job.table()}\n")
    return job.file, rows | {"ONNX → INT8": compare(original, load_detector(job.file), images)}


def to_others(args, file: Path, stem: Path, images):
    """What else was asked for, written as ``stem`` and an ending; a row of parity for each."""
    rows = {}
    if args.openvino:
        from facesort.models.openvino import write_openvino

        rows["ONNX → OpenVINO"] = write_openvino(file, stem.with_name(f"{stem.name}.xml"), images)
    if args.ncnn:
        from facesort.models.ncnn import write_ncnn

        folder = stem.with_name(f"{stem.name}_ncnn_model")
        rows["ONNX → ncnn"] = write_ncnn(file, folder, args.imgsz, images)
    return rows


if __name__ == "__main__":
    console.run(main)
