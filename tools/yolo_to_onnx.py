"""Export a YOLO checkpoint to ONNX and prove on real pictures that both say the same.

    python tools/yolo_to_onnx.py
    python tools/yolo_to_onnx.py --weights runs/detect/train/weights/best.pt --out best.onnx
    python tools/yolo_to_onnx.py --images my_photos/ --conf 0.25 --sure 0.5

Without --images the pictures are those of the sample album (tools/make_sample_album.py). The file
is written only when raw outputs (scores, and boxes as a fraction of the input size) differ by at
most 1e-3, the same faces are found with the same classes, and boxes overlap by at least 0.999.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from facesort import console

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
    add(
        "--out", type=console.path, help="file to write (default: the checkpoint's name with .onnx)"
    )
    add(
        "--imgsz",
        type=console.network_px,
        default=640,
        help="longer side in pixels (default: %(default)s)",
    )
    add("--fixed", action="store_true", help="take only imgsz x imgsz, not any height and width")
    add("--images", type=console.path, help="folder of pictures to compare on")
    add(
        "--conf",
        type=console.fraction,
        default=0.25,
        help="below it nothing is a face (%(default)s)",
    )
    add(
        "--sure",
        type=console.fraction,
        default=0.5,
        help="from it on a class is trusted (%(default)s)",
    )
    return parser.parse_args(argv)


def load_pictures(folder: Path | None) -> list[NDArray[np.uint8]]:
    """The photos of ``folder``, or those of the sample album."""
    from facesort.dataset.sample_album import make_sample_album
    from facesort.photos import list_photos, open_photo

    with TemporaryDirectory() as temporary:
        if folder is None:
            folder = Path(temporary) / "sample_album"
            make_sample_album(folder)
        return [open_photo(found.path, 1280).rgb for found in list_photos(folder).photos]


def show(parity, out: Path) -> None:
    print(
        f"{'pictures':>10}{'faces':>7}{'raw max|d|':>12}{'in pixels':>11}"
        f"{'box min IoU':>13}{'score max|d|':>14}"
    )
    print(
        f"{parity.pictures:>10}{parity.faces:>7}{parity.max_abs:>12.1e}{parity.max_abs_px:>11.1e}"
        f"{parity.min_iou:>13.5f}{parity.max_score_gap:>14.1e}"
    )
    print(f"written to {out} ({out.stat().st_size / 1e6:.1f} MB); equal to the checkpoint")


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from facesort.models.export import export_onnx

    out = args.out or args.weights.with_suffix(".onnx")
    thresholds = {"conf": args.conf, "sure": args.sure}
    pictures = load_pictures(args.images)
    show(export_onnx(args.weights, out, pictures, args.imgsz, not args.fixed, thresholds), out)


if __name__ == "__main__":
    console.run(main)
