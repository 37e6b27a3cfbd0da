"""Make a detector's confidence mean what it says: 0.8 is to be right in 80 of 100 cases.

    python tools/calibrate_yolo.py --weights runs/detect/train/weights/best.pt --out calibrated.pt
    python tools/evaluate_yolo.py --weights calibrated.pt --split test

Fitted on val (Platt scaling), and written into the weights: every program that runs the checkpoint
or an export of it has the right confidences. Their order stays, so average precision does too; the
thresholds move, and what they were is printed.
"""

from __future__ import annotations

from collections.abc import Sequence

from facesort import console
from facesort.paths import config

LOWEST_CONF = 0.05  # what is weaker never matters, and is so much that it would decide the fit


def arguments(argv: Sequence[str]):
    parser = console.parser(__doc__)
    add = parser.add_argument
    add("--weights", type=console.path, required=True, help="checkpoint (.pt)")
    add("--out", type=console.path, required=True, help="checkpoint to write (.pt)")
    add("--data", type=console.path, default=config("occlusion.yaml"))
    add("--split", default="val", help="to fit on; not the one to judge on (default: %(default)s)")
    add("--imgsz", type=console.network_px, help="longer side (default: the model's)")
    add("--min-size", type=console.length_px, default=32, help="pixels (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> None:
    args = arguments(argv)
    from scipy.special import expit, logit

    from facesort.evaluate.predict import predict
    from facesort.evaluate.reliability import fit_platt, outcomes, reliability
    from facesort.models.detect import load_detector
    from facesort.models.platt_scaling import apply_platt_scaling

    detector = load_detector(args.weights, imgsz=args.imgsz, threads=0)
    seen = predict(detector, args.data, args.split, console.progress)
    rows = outcomes(seen.truth, seen.found, LOWEST_CONF, args.min_size)
    slope, shift = fit_platt(rows[:, 0], rows[:, 1])
    apply_platt_scaling(args.weights, args.out, slope, shift)
    ece = reliability(seen.truth, seen.found, detector.conf, args.min_size).ece
    print(f"{args.split}: {len(rows):,} detections; calibration error was {ece:.3f}")
    print(f"confidence becomes sigmoid({slope:.3f} x {shift:+.3f}), x its logit")
    for conf in (0.1, 0.25, 0.4, 0.5, 0.8):
        print(f"{conf:.2f} -> {expit(slope * logit(conf) + shift):.3f}")
    print(f"written to {args.out}; next: python tools/evaluate_yolo.py --weights {args.out}")


if __name__ == "__main__":
    console.run(main)
