"""How often check_selfie passes a covered face as clean, or turns a clean one away, with counts.

    python tests/benchmarks/selfie_errors.py four_class.csv
    python tests/benchmarks/selfie_errors.py mine.csv --yunet yunet.onnx

The table has the columns image (relative to its folder) and class (of the main face); images with
other classes than the four are left out. Tight face crops are cut by the border and small by
nature, so the cover is counted apart from the verdict: a face "passes" the cover where the check
found it, was sure enough, and named neither eyes nor mouth.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

COVER = {"no_face", "eyes_covered", "mouth_covered", "unclear"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    parser.add_argument("--limits", type=Path, default=ROOT / "data_configs" / "selfie.yaml")
    parser.add_argument("--yunet", type=Path)
    args = parser.parse_args()

    from dataclasses import replace

    from facesort import console
    from facesort.classes import CLASS_NAMES
    from facesort.labels import named_crops
    from facesort.models.detect import load_detector
    from facesort.models.face_finders import load_yunet
    from facesort.photos import open_photo
    from facesort.selfie.check import check_selfie
    from facesort.selfie.limits import read_limits

    limits = read_limits(args.limits)
    detector = load_detector(args.weights, imgsz=limits.network_px)
    find = load_yunet(args.yunet) if args.yunet else None
    rows = [r for r in named_crops.read(args.table, "image", "class") if r["class"] in CLASS_NAMES]
    # all that a crop fails by nature, left out: then "unclear" is said whenever it holds
    lenient = replace(
        limits, min_face_px=1, min_border_gap=0, max_other_face=1, max_blur=1, min_light=0
    )
    lenient = replace(lenient, max_burnt=1, max_nose_offset=1, max_tilt_deg=180)
    counts = {name: Counter[str]() for name in CLASS_NAMES}
    for row in console.progress(rows, len(rows), "photo"):
        photo = open_photo(args.table.parent / row["image"], 1280)
        found = detector.detect([photo.rgb])[0]
        points = find(photo.rgb, limits.network_px) if find else None
        count = counts[row["class"]]
        count["faces"] += 1
        count["cover passes"] += not COVER & set(check_selfie(photo, found, lenient).reasons)
        verdict = check_selfie(photo, found, limits, points)
        count["usable"] += verdict.usable
        count.update(verdict.reasons)
    print(f"{'true class':19}{'faces':>7}{'cover passes':>14}{'usable':>8}  reasons")
    for name, count in counts.items():
        reasons = {k: n for k, n in count.most_common() if k not in ("faces", "cover passes")}
        usable = reasons.pop("usable", 0)
        said = ", ".join(f"{reason} {n}" for reason, n in reasons.items() if n)
        print(f"{name:19}{count['faces']:>7}{count['cover passes']:>14}{usable:>8}  {said}")
    covered = sum((counts[name] for name in CLASS_NAMES[1:]), Counter[str]())
    clean = counts[CLASS_NAMES[0]]
    refused = clean["faces"] - clean["cover passes"]
    print(f"covered passed as clean: {covered['cover passes']} of {covered['faces']}")
    print(f"clean refused for its cover: {refused} of {clean['faces']}")


if __name__ == "__main__":
    main()
