"""What a faster setting costs in faces: recall by model, network size and decoding size.

    python tests/benchmarks/quality.py
    python tests/benchmarks/quality.py --split train --limit 400

Labelled scenes (of val) are blown up to 12-megapixel JPEGs with the noise of a camera, as
an album would hold them, then decoded whole or at 1/2, 1/4 or 1/8 and looked at by each model at
its own thresholds. Found: a box that overlaps the true one by half. Right: found, with its class.
Only faces of at least 32 px in the image as it was labelled count. --split train has more faces,
for what decoding alone changes: its scenes are known to the model, at every decoding alike.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from facesort.console import progress  # noqa: E402
from facesort.dataset.yolo_dataset import read_config  # noqa: E402
from facesort.detections import Detections  # noqa: E402
from facesort.evaluate.average_precision import confusion  # noqa: E402
from facesort.models.detect import YoloDetector, load_detector  # noqa: E402
from facesort.models.presets import FLOAT, INT8  # noqa: E402
from facesort.photos import open_photo  # noqa: E402

JPEG_QUALITY = 90
NOISE = 6.0


@dataclass(frozen=True)
class Setting:
    model: str
    imgsz: int
    divisor: int

    def __str__(self) -> str:
        return f"{self.model:<20}{self.imgsz:>6}{f'1/{self.divisor}':>7}"


SETTINGS = [
    *(Setting(FLOAT, 640, divisor) for divisor in (1, 2, 4)),
    *(Setting(INT8, 640, divisor) for divisor in (1, 2, 4)),
    *(Setting(INT8, 320, divisor) for divisor in (1, 4, 8)),
]


def blown_up(rgb: np.ndarray, megapixels: float, rng: np.random.Generator) -> bytes:
    """The image as a JPEG of so many megapixels, with noise of its own."""
    import cv2

    factor = (megapixels * 1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    large = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, NOISE, (large.shape[0], 64)).astype(np.int16)
    noise = np.tile(noise, (1, large.shape[1] // 64 + 1))[:, : large.shape[1], None]
    noisy = np.clip(large.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return bytes(jpeg)


def look(detector: YoloDetector, data: bytes, divisor: int, width: int) -> Detections:
    """Faces in the pixels of the labelled image, which is ``width`` wide."""
    long_side_px = max(open_photo(data, 1).size_wh)
    photo = open_photo(data, long_side_px // divisor)
    found = detector.detect([photo.rgb])[0]
    scale = width / photo.rgb.shape[1]
    return Detections(found.xyxy_px * scale, found.class_id, found.confidence)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT / "data_configs" / "occlusion.yaml")
    parser.add_argument("--split", default="val")
    parser.add_argument("--prefix", default="scene", help="images so named (default: scene)")
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--min-side", type=float, default=32, help="of a face, in pixels")
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    detectors = {
        (s.model, s.imgsz): load_detector(ROOT / "weights" / s.model, imgsz=s.imgsz, threads=0)
        for s in SETTINGS
    }
    truth = read_config(args.data).read(args.split)
    truth = [labels for labels in truth if labels.path.name.startswith(args.prefix)]
    truth = truth[: args.limit]
    classes, rng = 4, np.random.default_rng(0)
    counts = {setting: np.zeros((classes + 1, classes + 1), int) for setting in SETTINGS}
    for labels in progress(truth, len(truth), "photo"):
        data = blown_up(open_photo(labels.path).rgb, args.megapixels, rng)
        for setting in SETTINGS:
            detector = detectors[setting.model, setting.imgsz]
            found = look(detector, data, setting.divisor, labels.size_wh[0])
            counts[setting] += confusion(labels, found, classes, args.min_side)
    print(f"{len(truth)} images, {counts[SETTINGS[0]][:classes].sum()} faces")
    print(f"{'model':<20}{'imgsz':>6}{'decode':>7}{'found':>8}{'right':>8}{'false alarms':>14}")
    for setting, table in counts.items():
        faces = table[:classes].sum()
        found, right = table[:classes, :classes].sum() / faces, np.trace(table[:classes]) / faces
        print(f"{setting}{found:>8.3f}{right:>8.3f}{table[classes].sum():>14}")


if __name__ == "__main__":
    main()
