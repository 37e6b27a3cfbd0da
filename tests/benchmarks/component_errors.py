"""EER of each quality component as a test for covered eyes, mouths or faces, and EDC curves.

    python tests/benchmarks/component_errors.py four_class.csv
    python tests/benchmarks/component_errors.py four_class.csv --qualities ofiq.csv
    python tests/benchmarks/component_errors.py --pairs pairs.csv --qualities ofiq.csv

four_class.csv has the columns image (relative to its folder) and class. Without --qualities, a CSV
that OFIQ wrote, ours are computed and written to --write in the same form. pairs.csv has the
columns first, second (file names of the qualities) and similarity, of pairs that show one person.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

DEFECTS = {
    "EyesVisible": ("sunglasses", "masked_sunglasses"),
    "MouthOcclusionPrevention": ("masked", "masked_sunglasses"),
    "FaceOcclusionPrevention": ("masked", "sunglasses", "masked_sunglasses"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("--qualities", type=Path, help="CSV of OFIQ; default: ours are computed")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--write", type=Path, help="write our components as an OFIQ-style CSV")
    parser.add_argument("--fnmr", type=float, default=0.05, help="at no discard (%(default)s)")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights" / "occlusion.onnx")
    args = parser.parse_args()
    if args.table:
        show_eer(args)
    if args.pairs:
        show_edc(args)


def show_eer(args: argparse.Namespace) -> None:
    import numpy as np
    from component_quality import equal_error_rate, read_qualities, read_table

    rows = read_table(args.table, "image", "class")
    classes = {row["image"]: row["class"] for row in rows}
    if args.qualities is None:
        args.qualities = args.write or Path("components.csv")
        write_ours(args, list(classes))
    found = read_qualities(args.qualities)
    is_known = [name in classes for name in found.files]
    print(f"{'component':28}{'EER':>8}{'from':>6}{'good':>7}{'defective':>11}")
    for component, defective in DEFECTS.items():
        is_bad = np.array([classes.get(name) in defective for name in found.files])
        quality = np.where(is_known, found.values[component], np.nan)
        if rates := equal_error_rate(quality, is_bad):
            print(
                f"{component:28}{rates.eer:>8.3f}{rates.threshold:>6.0f}{rates.good:>7}"
                f"{rates.defective:>11}"
            )


def show_edc(args: argparse.Namespace) -> None:
    import numpy as np
    from component_quality import (
        area_under_curve,
        error_versus_discard,
        read_qualities,
        read_table,
    )

    found = read_qualities(args.qualities)
    row_of = {name: i for i, name in enumerate(found.files)}
    rows = read_table(args.pairs, "first", "second", "similarity")
    rows = [row for row in rows if row["first"] in row_of and row["second"] in row_of]
    pairs = np.array([[row_of[row["first"]], row_of[row["second"]]] for row in rows])
    similarity = np.array([float(row["similarity"]) for row in rows])
    print(f"{'component':28}{'pairs':>7}{'AUC to 20 %':>13}  FNMR at 0, 5, 10, 20 % discarded")
    for component, quality in found.values.items():
        known = np.isfinite(quality[pairs]).all(axis=1)
        if not known.any():
            continue
        at, rate = error_versus_discard(quality, pairs[known], similarity[known], args.fnmr)
        shown = [rate[np.searchsorted(at, x, side="right") - 1] for x in (0, 0.05, 0.1, 0.2)]
        numbers = " ".join(f"{value:.3f}" for value in shown)
        print(f"{component:28}{known.sum():>7}{area_under_curve(at, rate):>13.4f}  {numbers}")


def write_ours(args: argparse.Namespace, images: list[str]) -> None:
    from facesort import console
    from facesort.media.selfie_check import SelfieChecker
    from facesort.models.detect import load_detector, with_second_looks
    from facesort.models.people.points import load_point_finder
    from facesort.photos import open_photo
    from facesort.selfie.components import NAMES
    from facesort.selfie.limits import read_limits

    limits = read_limits(ROOT / "data_configs" / "selfie.yaml")
    detector = with_second_looks(load_detector(args.weights, imgsz=limits.network_px))
    checker = SelfieChecker(
        detector, load_point_finder(ROOT / "weights" / "face_points.onnx"), limits
    )
    with args.qualities.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Filename", *(f"{name}.scalar" for name in NAMES)])
        for image in console.progress(images, len(images), "photo"):
            photo = open_photo(args.table.parent / image, 1280)
            found = checker.components(photo, checker.check(photo)[1]) or {}
            values = [found.get(name) for name in NAMES]
            writer.writerow([image, *("" if value is None else value for value in values)])


if __name__ == "__main__":
    main()
